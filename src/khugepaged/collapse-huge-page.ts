import { asOffset } from '../core/memory/order.ts';
import { isolateWindow } from '../core/rules/isolation.ts';
import type { CollapsePolicy } from '../core/rules/policy.ts';
import type { ScanResult } from '../core/rules/scan-result.ts';
import { NO_FRAME } from '../machine/frames/frame-table.ts';
import { copyWindow, detachPmd, installWindow, reattachPmd } from '../machine/page-tables/collapse-steps.ts';
import type { Pmd } from '../machine/page-tables/pmd.ts';
import type { VmArea } from '../machine/page-tables/vm-area.ts';
import { VM_UFFD_ANY } from '../machine/page-tables/vma-flags.ts';
import { allocCharge, freeUnused } from './allocate.ts';
import type { CollapseControl } from './collapse-control.ts';
import { countExceeded } from './exceed-counters.ts';
import { IsolatedFolios } from './isolated-folios.ts';
import type { Hold } from './locks.ts';
import { checkPmdState } from './pmd-state.ts';
import { revalidate } from './revalidate.ts';
import { swapInWindow, type WindowAt } from './swap-in.ts';
import { NO_PFN } from './trace-event.ts';

/** What the scan of the range tells its attempts. */
export interface ScannedCounts {
  readonly policy: CollapsePolicy;
  /** Non-present PTEs of the whole range: without any, nothing is swapped in. */
  readonly unmapped: number;
  /** For trace events alone. */
  readonly referenced: number;
}

/**
 * Tries to collapse a window to one folio: allocates, revalidates, swaps in, revalidates again under the mmap
 * lock for write, detaches the page table, isolates, copies, installs. Enters and leaves without locks; a
 * failure leaves everything as it was but for event counters and pages that were swapped in.
 * Source: collapse_huge_page, docs/khugepaged.md#attempt-steps.
 */
export function collapseHugePage(
  control: CollapseControl,
  window: WindowAt,
  scan: ScannedCounts,
): ScanResult {
  const { mm, address, order } = window;
  const { system, activity } = control;
  const allocated = allocCharge(control, mm, address, order);
  let result = allocated.failure;
  if (allocated.failure === undefined) {
    const { head } = allocated;
    result = new Attempt(control, window, scan, head).run();
    if (result === 'SCAN_SUCCEED') system.held.delete(head);
    else freeUnused(control, head);
  }
  const outcome = result as ScanResult;
  activity.countAttempt(order, outcome);
  system.trace?.(
    { event: 'mm_collapse_huge_page', mm: mm.id, address, result: outcome, order },
    system.timeline.now,
  );
  return outcome;
}

/** The steps of one attempt from the first mmap lock on; each returns why the attempt ends there. */
class Attempt {
  readonly #control: CollapseControl;
  readonly #window: WindowAt;
  readonly #scan: ScannedCounts;
  readonly #head: number;
  /** First byte of the PMD range. */
  readonly #rangeAddress: number;
  readonly #rangeEnd: number;
  /** Locks that are dropped at the end, the last taken first. */
  readonly #locks: Hold[] = [];

  constructor(control: CollapseControl, window: WindowAt, scan: ScannedCounts, head: number) {
    const { machine } = control.system;
    this.#control = control;
    this.#window = window;
    this.#scan = scan;
    this.#head = head;
    this.#rangeAddress = window.address - window.offset * machine.pageBytes;
    this.#rangeEnd = this.#rangeAddress + machine.rangeBytes;
  }

  run(): ScanResult {
    const prepared = this.#prepare();
    if (typeof prepared === 'string') return prepared;
    const { mm, order } = this.#window;
    this.#locks.push(this.#lock('mmap', 'write'));
    const checked = revalidate(this.#control, mm, this.#rangeAddress, order);
    const result = checked.failure ?? this.#replace(checked.area as VmArea, prepared);
    for (let hold = this.#locks.pop(); hold; hold = this.#locks.pop()) this.#unlock(hold);
    return result;
  }

  /**
   * Under the mmap lock for read: revalidates and swaps in. Returns the PTE table that the attempt is about.
   */
  #prepare(): { pmd: Pmd; ptes: Uint32Array } | ScanResult {
    const control = this.#control;

    const { mm, order } = this.#window;
    const mmap = this.#lock('mmap', 'read');
    try {
      const checked = revalidate(control, mm, this.#rangeAddress, order);
      if (checked.failure) return checked.failure;
      const pmd = this.#pmd();
      const state = checkPmdState(pmd);
      if (state) return state;
      const table = { pmd: pmd as Pmd, ptes: (pmd as Pmd).ptes };
      if (this.#scan.unmapped === 0) return table;
      const { referenced } = this.#scan;
      const swapped = swapInWindow(control, this.#window, checked.area as VmArea, table.pmd, referenced);
      return swapped === 'SCAN_SUCCEED' ? table : swapped;
    } finally {
      this.#unlock(mmap);
    }
  }

  /**
   * Under the mmap lock for write: takes the page table out, moves the window into the new folio, puts it
   * back.
   */
  #replace(area: VmArea, { pmd, ptes }: { pmd: Pmd; ptes: Uint32Array }): ScanResult {
    const { system } = this.#control;
    const { costs } = system;
    this.#locks.push(this.#lock('vma', 'write', area.start, area.end));
    const state = checkPmdState(this.#pmd());
    if (state) return state;
    if (this.#pmd() !== pmd || pmd.ptes !== ptes) return 'SCAN_FAIL';

    this.#locks.push(this.#lock('anon_vma', 'write'));
    const pmdLock = this.#lock('pmd', 'write', this.#rangeAddress, this.#rangeEnd);
    detachPmd(pmd);
    this.#control.activity.detaches++;
    this.#control.spend('detach', costs.tlbFlush);
    this.#unlock(pmdLock);

    const result = this.#moveWindow(area, pmd);
    if (result !== 'SCAN_SUCCEED') {
      const again = this.#lock('pmd', 'write', this.#rangeAddress, this.#rangeEnd);
      reattachPmd(pmd);
      this.#unlock(again);
    }
    return result;
  }

  #moveWindow(area: VmArea, pmd: Pmd): ScanResult {
    const { system } = this.#control;
    const { machine } = system;
    const { address, order } = this.#window;
    if (system.fails('map-table', address, order)) return 'SCAN_NO_PTE_TABLE';
    const folios = new IsolatedFolios(machine, area, pmd, (row) =>
      system.fails(row === 'page' ? 'isolate-page' : 'isolate-lru', address, order),
    );
    const isolated = this.#isolate(area, folios);
    if (isolated !== 'SCAN_SUCCEED') {
      this.#release(folios);
      return isolated;
    }
    // A PMD-order collapse has isolated all that the anon_vma leads to.
    if (order === machine.geometry.pmdOrder) this.#unlock(this.#locks.pop() as Hold);
    const copied = this.#copy(pmd);
    if (copied !== 'SCAN_SUCCEED') {
      this.#release(folios);
      return copied;
    }
    this.#install(area, pmd, folios.count);
    return 'SCAN_SUCCEED';
  }

  #isolate(area: VmArea, folios: IsolatedFolios): ScanResult {
    const control = this.#control;
    const { system } = control;
    const { machine, costs } = system;
    const { address, order, offset } = this.#window;
    const lock = this.#lock('pte', 'write', this.#rangeAddress, this.#rangeEnd);
    const isArmed = (area.flags & VM_UFFD_ANY) !== 0;
    if (!isArmed) control.checkNoneLimit(this.#scan.policy, order);
    const report = isolateWindow(
      folios,
      { offset: asOffset(offset), order },
      this.#scan.policy,
      machine.geometry,
      isArmed,
    );
    const looked = Math.min(report.stoppedAt + 1, offset + (1 << order)) - offset;
    control.spend('isolate', looked * costs.scanPte + folios.count * costs.isolatePage);
    countExceeded(machine, report.result, order);
    this.#unlock(lock);
    system.trace?.(
      {
        event: 'mm_collapse_huge_page_isolate',
        mm: this.#window.mm.id,
        address,
        pfn: folios.last === NO_FRAME ? NO_PFN : folios.last,
        noneOrZero: report.noneOrZero,
        referenced: report.referenced,
        writable: folios.writable,
        result: report.result,
        order,
      },
      system.timeline.now,
    );
    return report.result;
  }

  #release(folios: IsolatedFolios): void {
    const { count } = folios;
    folios.release();
    this.#control.spend('isolate', count * this.#control.system.costs.releasePage);
  }

  /**
   * Copies page by page and stops at the first memory error (__collapse_huge_page_copy,
   * docs/khugepaged.md#copy).
   */
  #copy(pmd: Pmd): ScanResult {
    const control = this.#control;
    const { system } = control;
    const { machine, costs } = system;
    const { address, offset, order } = this.#window;
    const { copiedPages, zeroedPages } = machine.work;
    const failed = copyWindow(machine, pmd, offset, this.#head);
    const copied = machine.work.copiedPages - copiedPages;
    const filled = machine.work.zeroedPages - zeroedPages;
    control.spend('copy', copied * costs.copyPage + filled * costs.clearPage);
    if (failed !== undefined || system.fails('copy', address, order)) return 'SCAN_COPY_MC';
    control.activity.copiedPages += copied;
    control.activity.filledPages += filled;
    return 'SCAN_SUCCEED';
  }

  #install(area: VmArea, pmd: Pmd, folios: number): void {
    const control = this.#control;
    const { system } = control;
    const { machine, costs } = system;
    const { mm, offset, order } = this.#window;
    const lock = this.#lock('pmd', 'write', this.#rangeAddress, this.#rangeEnd);
    installWindow(machine, { mm, area, pmd, offset }, this.#head);
    system.held.delete(this.#head);
    const mapping = order === machine.geometry.pmdOrder ? costs.installPmd : costs.installPte * 2 ** order;
    control.spend('install', folios * costs.removePage + mapping);
    this.#unlock(lock);
  }

  #pmd(): Pmd | undefined {
    const { mm } = this.#window;
    return mm.pmds.get(this.#rangeAddress / this.#control.system.machine.rangeBytes);
  }

  #unlock(hold: Hold): void {
    this.#control.system.locks.unlock(hold);
  }

  #lock(kind: Hold['kind'], mode: 'read' | 'write', start?: number, end?: number): Hold {
    const { system, owner } = this.#control;
    const { mm } = this.#window;
    this.#control.spend('revalidate', system.costs.lock);
    const object = kind === 'anon_vma' ? mm.root : mm;
    return system.locks.lock(owner, { kind, object, start, end, write: mode === 'write' });
  }
}
