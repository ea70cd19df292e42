import { attemptEach } from '../core/search/algorithm.ts';
import { ALGORITHMS } from '../core/search/algorithms.ts';
import { hasPage } from '../core/memory/occupancy.ts';
import { asOrder } from '../core/memory/order.ts';
import { type ScanReport, scanRange } from '../core/rules/scan.ts';
import type { ScanResult } from '../core/rules/scan-result.ts';
import { NO_FRAME } from '../machine/frames/frame-table.ts';
import type { Mm } from '../machine/page-tables/mm.ts';
import { PMD_TABLE, type Pmd } from '../machine/page-tables/pmd.ts';
import { PTE_WRITABLE } from '../machine/page-tables/pte.ts';
import { type RangeView, viewRange } from '../machine/page-tables/range-view.ts';
import type { VmArea } from '../machine/page-tables/vm-area.ts';
import type { CollapseControl } from './collapse-control.ts';
import { collapseHugePage } from './collapse-huge-page.ts';
import { countExceeded } from './exceed-counters.ts';
import { isTooFar, type NodeDistances, nodesByLoad } from './node-load.ts';
import type { Hold } from './locks.ts';
import { checkPmdState } from './pmd-state.ts';
import { NO_PFN } from './trace-event.ts';

/** What became of one PMD range. */
export interface RangeVisit {
  readonly result: ScanResult;
  /** Progress that the range makes (collapse_scan_pmd, docs/khugepaged.md#progress). */
  readonly progress: number;
  /** Whether a collapse was considered, for which the mmap lock was dropped. */
  readonly lockDropped: boolean;
}

/**
 * Scans one PMD range and, if the scan finds nothing against it, walks it and tries to collapse its windows.
 * Enters with the mmap lock for read, which it drops before the walk.
 * Source: collapse_scan_pmd, docs/khugepaged.md#the-scan.
 */
export function scanPmdRange(
  control: CollapseControl,
  mm: Mm,
  area: VmArea,
  address: number,
  mmap: Hold,
): RangeVisit {
  const { system, activity } = control;
  const { machine, daemonModel } = system;
  const pmd = mm.pmds.get(address / machine.rangeBytes);
  control.spend('scan', system.costs.pmdCheck);
  const state = checkPmdState(pmd);
  if (state !== undefined) return withoutTable(state);

  control.nodeLoad.fill(0);
  const policy = control.policy(control.possibleOrders(mm, area));
  control.spend('scan', system.costs.rangeSetup);
  const table = pmd as Pmd;
  if (table.kind !== PMD_TABLE || system.fails('scan-table', address, pmdOrder())) {
    return withoutTable('SCAN_NO_PTE_TABLE');
  }
  const end = address + machine.rangeBytes;
  const pte = system.locks.lock(control.owner, { kind: 'pte', object: mm, start: address, end, write: true });
  const view = viewRange(machine, area, table);
  const report = scanRange(view.state, policy, {
    offLru: view.offLru,
    // With one node there is nothing to count: the only one is the one to allocate from.
    countNode:
      machine.nodes.length > 1
        ? (page) => countNode(control, view.frames[page], system.nodeDistances)
        : undefined,
  });
  const pfn = scanPfn(control, view, report);
  const writable = !daemonModel.knowsOrders && isAnyWritable(table, report.looked);
  activity.scannedPtes += report.looked;
  countExceeded(machine, report.result, pmdOrder());
  control.spend('scan', report.looked * system.costs.scanPte);
  system.locks.unlock(pte);

  const lockDropped = report.result === 'SCAN_SUCCEED';
  let result = report.result;
  if (lockDropped) {
    control.targetNodes = nodesByLoad(control.nodeLoad);
    system.locks.unlock(mmap);
    result = walkRange();
  }
  emit(result);
  activity.countRange(result);
  return { result, progress: daemonModel.countsPtes ? report.looked : machine.rangePages, lockDropped };

  function pmdOrder() {
    return asOrder(machine.geometry.pmdOrder);
  }

  function withoutTable(result: ScanResult): RangeVisit {
    activity.countRange(result);
    system.trace?.(
      {
        event: 'mm_khugepaged_scan_pmd',
        mm: mm.id,
        address,
        pfn: NO_PFN,
        writable: false,
        referenced: 0,
        noneOrZero: 0,
        result,
        unmapped: 0,
      },
      system.timeline.now,
    );
    return { result, progress: daemonModel.countsPtes ? 1 : machine.rangePages, lockDropped: false };
  }

  function walkRange(): ScanResult {
    const { unmapped, referenced, occupied } = report;
    const scanned = { geometry: machine.geometry, occupied, unmapped, uffdArmed: view.state.uffdArmed };
    const attempt = { policy, unmapped, referenced };
    const collapse = attemptEach((offset, order) => {
      const window = { mm, address: address + offset * machine.pageBytes, offset, order };
      return collapseHugePage(control, window, attempt);
    });
    return ALGORITHMS[system.model.algorithm].collapse(scanned, policy, collapse);
  }

  function emit(result: ScanResult): void {
    system.trace?.(
      {
        event: 'mm_khugepaged_scan_pmd',
        mm: mm.id,
        address,
        pfn,
        writable,
        referenced: report.referenced,
        noneOrZero: report.noneOrZero,
        result,
        unmapped: report.unmapped,
      },
      system.timeline.now,
    );
  }
}

function countNode(control: CollapseControl, frame: number, distances: NodeDistances | undefined): boolean {
  const { node } = control.system.machine.nodeOf(frame);
  if (isTooFar(control.nodeLoad, node, distances)) return false;
  control.nodeLoad[node]++;
  return true;
}

/** Failures whose folio 7.3 names (docs/khugepaged.md#trace-events). */
const NAMED: ReadonlySet<ScanResult> = new Set([
  'SCAN_PAGE_LAZYFREE',
  'SCAN_PAGE_ANON',
  'SCAN_EXCEED_SHARED_PTE',
  'SCAN_SCAN_ABORT',
  'SCAN_PAGE_LRU',
  'SCAN_PAGE_LOCK',
  'SCAN_PAGE_COUNT',
]);

/** The PFN for the trace: by version of the folio that failed, or of the last one that was looked at. */
function scanPfn(
  control: CollapseControl,
  view: RangeView,
  { result, failedAt, looked }: ScanReport,
): number {
  const { machine, daemonModel } = control.system;
  const headAt = (page: number) => machine.frames.headOf(view.frames[page]);
  if (daemonModel.scanPfn === 'failed') {
    return failedAt !== undefined && NAMED.has(result) ? headAt(failedAt) : NO_PFN;
  }
  // A PTE that userfaultfd tracks fails before its page is looked up.
  const last = failedAt !== undefined && result === 'SCAN_PTE_UFFD' ? failedAt - 1 : looked - 1;
  for (let page = last; page >= 0; page--) {
    if (hasPage(view.state.present, page) && view.frames[page] !== NO_FRAME) return headAt(page);
  }
  return NO_PFN;
}

function isAnyWritable({ ptes }: Pmd, looked: number): boolean {
  for (let page = 0; page < looked; page++) if (ptes[page] & PTE_WRITABLE) return true;
  return false;
}
