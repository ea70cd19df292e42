import { hasPage } from '../core/memory/occupancy.ts';
import { asOrder, type Order } from '../core/memory/order.ts';
import type { CollapsePolicy } from '../core/rules/policy.ts';
import { type ScanReport, scanRange } from '../core/rules/scan.ts';
import type { ScanResult } from '../core/rules/scan-result.ts';
import { attemptEach } from '../core/search/algorithm.ts';
import { NO_FRAME } from '../machine/frames/frame-table.ts';
import type { Mm } from '../machine/page-tables/mm.ts';
import { PMD_TABLE, type Pmd } from '../machine/page-tables/pmd.ts';
import { PTE_WRITABLE } from '../machine/page-tables/pte.ts';
import { type RangeView, viewRange } from '../machine/page-tables/range-view.ts';
import type { VmArea } from '../machine/page-tables/vm-area.ts';
import type { CollapseControl } from './collapse-control.ts';
import { collapseHugePage } from './collapse-huge-page.ts';
import { countExceeded } from './exceed-counters.ts';
import type { Hold } from './locks.ts';
import { isTooFar, type NodeDistances, nodesByLoad } from './node-load.ts';
import { checkPmdState } from './pmd-state.ts';
import { NO_PFN, type TraceEvent } from './trace-event.ts';

/** How the visit to one PMD range ended. */
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
  return new PmdRangeScan(control, mm, area, address).run(mmap);
}

/** What mm_khugepaged_scan_pmd says of a range. */
type ScanTrace = Omit<Extract<TraceEvent, { event: 'mm_khugepaged_scan_pmd' }>, 'event' | 'mm' | 'address'>;

/** A page table after its scan. */
interface ScannedTable {
  readonly report: ScanReport;
  readonly uffdArmed: boolean;
  readonly trace: ScanTrace;
}

class PmdRangeScan {
  readonly #control: CollapseControl;
  readonly #mm: Mm;
  readonly #area: VmArea;
  readonly #address: number;
  readonly #pmdOrder: Order;

  constructor(control: CollapseControl, mm: Mm, area: VmArea, address: number) {
    this.#control = control;
    this.#mm = mm;
    this.#area = area;
    this.#address = address;
    this.#pmdOrder = asOrder(control.system.machine.geometry.pmdOrder);
  }

  run(mmap: Hold): RangeVisit {
    const control = this.#control;
    const { system } = control;
    const pmd = this.#mm.pmds.get(this.#address / system.machine.rangeBytes);
    control.spend('scan', system.costs.pmdCheck);
    const state = checkPmdState(pmd);
    if (state !== undefined) return this.#withoutTable(state);

    control.nodeLoad.fill(0);
    const policy = control.policy(control.possibleOrders(this.#mm, this.#area));
    control.spend('scan', system.costs.rangeSetup);
    const table = pmd as Pmd;
    if (table.kind !== PMD_TABLE || system.fails('scan-table', this.#address, this.#pmdOrder)) {
      return this.#withoutTable('SCAN_NO_PTE_TABLE');
    }
    const scanned = this.#scanTable(table, policy);
    const { report, trace } = scanned;
    if (report.result !== 'SCAN_SUCCEED') return this.#end(trace, report.looked, false);
    control.targetNodes = nodesByLoad(control.nodeLoad);
    system.locks.unlock(mmap);
    const result = this.#walk(scanned, policy);
    return this.#end({ ...trace, result }, report.looked, true);
  }

  #scanTable(table: Pmd, policy: CollapsePolicy): ScannedTable {
    const control = this.#control;
    const { system, activity } = control;
    const { machine, costs, locks, nodeDistances } = system;
    const [start, end] = [this.#address, this.#address + machine.rangeBytes];
    const pte = locks.lock(control.owner, { kind: 'pte', object: this.#mm, start, end, write: true });
    const view = viewRange(machine, this.#area, table);
    const report = scanRange(view.state, policy, {
      offLru: view.offLru,
      isWritable: !policy.model.refusesReadOnly || isAnyWritable(table, machine.rangePages),
      // With one node there is nothing to count: the only one is the one to allocate from.
      countNode:
        machine.nodes.length > 1 ? (page) => countNode(control, view.frames[page], nodeDistances) : undefined,
    });
    const { result, looked, referenced, noneOrZero, unmapped } = report;
    const pfn = scanPfn(control, view, report);
    const writable = system.daemonModel.tracesWritable && isAnyWritable(table, looked);
    activity.scannedPtes += looked;
    countExceeded(machine, result, this.#pmdOrder);
    control.spend('scan', looked * costs.scanPte);
    locks.unlock(pte);
    const trace = { pfn, writable, referenced, noneOrZero, result, unmapped };
    return { report, uffdArmed: view.state.uffdArmed, trace };
  }

  #walk({ report, uffdArmed }: ScannedTable, policy: CollapsePolicy): ScanResult {
    const control = this.#control;
    const { machine, model, algorithm } = control.system;
    const { unmapped, referenced, occupied } = report;
    const { geometry } = machine;
    const attempt = { policy, unmapped, referenced };
    const checkNoneLimit = (order: Order) => {
      if (!(model.searchSeesUffd && uffdArmed)) control.checkNoneLimit(policy, order);
    };
    return algorithm.collapse(
      { geometry, occupied, unmapped, uffdArmed },
      policy,
      attemptEach((offset, order) => {
        checkNoneLimit(order);
        const address = this.#address + offset * machine.pageBytes;
        return collapseHugePage(control, { mm: this.#mm, address, offset, order }, attempt);
      }),
      ({ order, enabled, qualifies }) => {
        if (enabled && !qualifies) checkNoneLimit(order);
      },
    );
  }

  #withoutTable(result: ScanResult): RangeVisit {
    const nothing = { pfn: NO_PFN, writable: false, referenced: 0, noneOrZero: 0, unmapped: 0 };
    return this.#end({ ...nothing, result }, 1, false);
  }

  /** Traces and counts the range. */
  #end(trace: ScanTrace, looked: number, lockDropped: boolean): RangeVisit {
    const { system, activity } = this.#control;
    const { machine, daemonModel, timeline } = system;
    const { result } = trace;
    const place = { mm: this.#mm.id, address: this.#address };
    system.trace?.({ event: 'mm_khugepaged_scan_pmd', ...place, ...trace }, timeline.now);
    activity.countRange(result);
    return { result, progress: daemonModel.countsPtes ? looked : machine.rangePages, lockDropped };
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
  const { machine, model } = control.system;
  const headAt = (page: number) => machine.frames.headOf(view.frames[page]);
  if (model.scanPfn === 'failed') {
    return failedAt !== undefined && NAMED.has(result) ? headAt(failedAt) : NO_PFN;
  }
  // A PTE that userfaultfd tracks fails before its page is looked up.
  const last = failedAt !== undefined && result === 'SCAN_PTE_UFFD' ? failedAt - 1 : looked - 1;
  for (let page = last; page >= 0; page--) {
    if (hasPage(view.state.facts.present, page) && view.frames[page] !== NO_FRAME) return headAt(page);
  }
  return NO_PFN;
}

function isAnyWritable({ ptes }: Pmd, looked: number): boolean {
  for (let page = 0; page < looked; page++) if (ptes[page] & PTE_WRITABLE) return true;
  return false;
}
