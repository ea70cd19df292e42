import type { CacheRange } from '../core/memory/cache-range.ts';
import { countPages } from '../core/memory/occupancy.ts';
import { asOrder } from '../core/memory/order.ts';
import { planCacheRange } from '../core/plan/cache-plan.ts';
import { isShmem } from '../core/rules/page-cache.ts';
import type { ScanResult } from '../core/rules/scan-result.ts';
import { installCacheFolio, viewCacheRange } from '../machine/cache/collapse-file.ts';
import { type FileArea, filePageAt, unmapFileAddresses } from '../machine/cache/file-tables.ts';
import { cachedFrame } from '../machine/cache/page-cache.ts';
import { NO_FRAME } from '../machine/frames/frame-table.ts';
import type { Mm } from '../machine/page-tables/mm.ts';
import { allocCharge, freeUnused } from './allocate.ts';
import type { CollapseControl } from './collapse-control.ts';
import type { Hold } from './locks.ts';
import { nodesByLoad } from './node-load.ts';
import type { RangeVisit } from './scan-range.ts';
import { NO_PFN } from './trace-event.ts';

/**
 * Scans the PMD range of a file that an area maps at an address, by what the page cache holds of it, and
 * collapses it if nothing is against it. Enters with the mmap lock for read, which it drops at once.
 * Source: collapse_scan_file, docs/khugepaged.md#files-and-shared-memory.
 */
export function scanFileRange(
  control: CollapseControl,
  mm: Mm,
  area: FileArea,
  address: number,
  mmap: Hold,
): RangeVisit {
  control.system.locks.unlock(mmap);
  return new FileRangeScan(control, mm, area, address).run();
}

class FileRangeScan {
  readonly #control: CollapseControl;
  readonly #mm: Mm;
  readonly #area: FileArea;
  readonly #address: number;
  /** Number of the range in the file. */
  readonly #number: number;

  constructor(control: CollapseControl, mm: Mm, area: FileArea, address: number) {
    const { machine } = control.system;
    this.#control = control;
    this.#mm = mm;
    this.#area = area;
    this.#address = address;
    this.#number = filePageAt(machine, area, address) / machine.rangePages;
  }

  run(): RangeVisit {
    const control = this.#control;
    const { machine, costs, daemonModel } = control.system;
    const range = this.#view();
    const present = countPages(range.present);
    control.spend('scan', costs.rangeSetup + present * costs.scanPte);
    const found = this.#judge(range);
    const isMapped = found === 'SCAN_PTE_MAPPED_HUGEPAGE';
    this.#countExceeded(found);
    const result = found === 'SCAN_SUCCEED' ? this.#collapse() : found;
    this.#traceScan(result, isMapped ? 0 : present, range.swapPages ?? 0);
    control.activity.countRange(result);
    return {
      result: isMapped ? this.#retract() : result,
      progress: isMapped && daemonModel.countsPtes ? 1 : machine.rangePages,
      lockDropped: true,
    };
  }

  #view(): CacheRange {
    return viewCacheRange(this.#control.system.machine, this.#area.mapped.pages, this.#number);
  }

  #judge(range: CacheRange): ScanResult {
    return planCacheRange(range, this.#area.mapped.pages.file, this.#control.system.machine.settings).result;
  }

  /** Source: collapse_file. It holds no mmap lock. */
  #collapse(): ScanResult {
    const control = this.#control;
    const { system, activity } = control;
    const { machine, costs } = system;
    const { pages } = this.#area.mapped;
    const order = asOrder(machine.geometry.pmdOrder);
    this.#chooseNode();
    const allocated = allocCharge(control, this.#mm, this.#address, order);
    // Others have been at it while memory was sought.
    const result = allocated.failure ?? this.#judge(this.#view());
    if (allocated.failure === undefined) {
      const { head } = allocated;
      if (result === 'SCAN_SUCCEED') {
        const { copied, filled, unmapped } = installCacheFolio(machine, pages, this.#number, head);
        system.held.delete(head);
        control.spend('copy', copied * costs.copyPage + filled * costs.clearPage);
        control.spend('install', costs.tlbFlush + (unmapped + copied) * costs.removePage);
        activity.copiedPages += copied;
        activity.cacheFilledPages += filled;
      } else freeUnused(control, head);
      this.#traceCollapse(head, result);
    } else this.#traceCollapse(NO_PFN, result);
    activity.countAttempt(order, result);
    return result;
  }

  /** The node with most of the pages. */
  #chooseNode(): void {
    const control = this.#control;
    const { machine } = control.system;
    control.nodeLoad.fill(0);
    for (let i = 0; i < machine.rangePages; i++) {
      const frame = cachedFrame(machine, this.#area.mapped.pages, this.#number * machine.rangePages + i);
      if (frame !== NO_FRAME) control.nodeLoad[machine.nodeOf(frame).node]++;
    }
    control.targetNodes = nodesByLoad(control.nodeLoad);
  }

  /**
   * A folio of the PMD order is there already: its PTEs in this address space go, so that a PMD entry can map
   * it when it is touched. Source: collapse_pte_mapped_thp, docs/khugepaged.md#files-and-shared-memory.
   */
  #retract(): ScanResult {
    const control = this.#control;
    const { system } = control;
    const { machine, costs } = system;
    const mmap = system.locks.lock(control.owner, { kind: 'mmap', object: this.#mm, write: false });
    control.spend('install', costs.lock);
    const table = this.#mm.fileTables.get(this.#address / machine.rangeBytes);
    if (table && !table.leaf && !system.isOutOfReach(this.#mm)) {
      const unmapped = unmapFileAddresses(
        machine,
        this.#mm,
        this.#address,
        this.#address + machine.rangeBytes,
      );
      control.spend('install', costs.tlbFlush + unmapped * costs.removePage);
    }
    system.locks.unlock(mmap);
    return 'SCAN_SUCCEED';
  }

  /** These reach /proc/vmstat alone. */
  #countExceeded(result: ScanResult): void {
    const { vmstat } = this.#control.system.machine.counters;
    if (result === 'SCAN_EXCEED_NONE_PTE') vmstat.thp_scan_exceed_none_pte++;
    if (result === 'SCAN_EXCEED_SWAP_PTE') vmstat.thp_scan_exceed_swap_pte++;
  }

  #traceScan(result: ScanResult, present: number, swap: number): void {
    const { system } = this.#control;
    const { pages } = this.#area.mapped;
    const head = cachedFrame(system.machine, pages, this.#number * system.machine.rangePages);
    system.trace?.(
      {
        event: 'mm_khugepaged_scan_file',
        mm: this.#mm.id,
        address: this.#address,
        pfn: result === 'SCAN_PTE_MAPPED_HUGEPAGE' ? head : NO_PFN,
        file: pages.file.name,
        present,
        swap,
        result,
      },
      system.timeline.now,
    );
  }

  #traceCollapse(pfn: number, result: ScanResult): void {
    const { system } = this.#control;
    const { file } = this.#area.mapped.pages;
    const { rangePages } = system.machine;
    const first = this.#number * rangePages;
    system.trace?.(
      {
        event: 'mm_khugepaged_collapse_file',
        mm: this.#mm.id,
        address: this.#address,
        pfn,
        index: result === 'SCAN_SUCCEED' ? first + rangePages : first,
        isShmem: isShmem(file),
        file: file.name,
        pages: rangePages,
        result,
      },
      system.timeline.now,
    );
  }
}
