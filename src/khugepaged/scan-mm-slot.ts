import type { ScanResult } from '../core/rules/scan-result.ts';
import { mapsFile } from '../machine/cache/file-tables.ts';
import type { Mm } from '../machine/page-tables/mm.ts';
import type { CollapseControl } from './collapse-control.ts';
import type { Hold } from './locks.ts';
import type { MmList } from './mm-list.ts';
import { scanFileRange } from './scan-file.ts';
import { scanPmdRange } from './scan-range.ts';

/** Counters of the daemon (docs/khugepaged.md#daemon-state): unsigned 32 bit. */
export interface DaemonCounts {
  fullScans: number;
  pagesCollapsed: number;
}

/** What one visit of an address space adds to the wake-up. */
export interface SlotVisit {
  readonly progress: number;
  /** Of the last range that was scanned; SCAN_FAIL if none was. */
  readonly result: ScanResult;
}

/**
 * Scans on in the address space of the cursor until a range was considered for collapse, the wake-up has made
 * enough progress, or the areas are all done. `limit` is the progress that the wake-up may still make.
 * Source: collapse_scan_mm_slot, docs/khugepaged.md#visit.
 */
export function scanMmSlot(
  control: CollapseControl,
  list: MmList,
  counts: DaemonCounts,
  limit: number,
): SlotVisit {
  const { system } = control;
  const mm = list.begin();
  control.spend('scan', system.costs.slotVisit);
  const mmap = system.locks.tryLock(control.owner, { kind: 'mmap', object: mm, write: false });
  const visit = new Visit(control, list, counts, mm, limit);
  // Nobody waits for the lock of a busy address space: it counts as done.
  const isDone = mmap === undefined || visit.scan(mmap);
  const isReleased = system.daemonModel.releasesDisabled ? system.isOutOfReach(mm) : system.isExiting(mm);
  if (isDone || isReleased) moveOn(control, list, counts, mm);
  const { progress, result } = visit;
  const fullScanFinished = list.cursor.mm === undefined;
  if (system.daemonModel.knowsOrders) {
    system.trace?.(
      { event: 'mm_khugepaged_scan', mm: mm.id, progress, fullScanFinished },
      system.timeline.now,
    );
  }
  return { progress, result };
}

function moveOn({ system }: CollapseControl, list: MmList, counts: DaemonCounts, mm: Mm): void {
  if (list.next()) counts.fullScans = (counts.fullScans + 1) >>> 0;
  if (system.isExiting(mm)) list.remove(mm);
}

class Visit {
  readonly #control: CollapseControl;
  readonly #list: MmList;
  readonly #counts: DaemonCounts;
  readonly #mm: Mm;
  readonly #limit: number;
  progress = 0;
  result: ScanResult = 'SCAN_FAIL';

  constructor(control: CollapseControl, list: MmList, counts: DaemonCounts, mm: Mm, limit: number) {
    this.#control = control;
    this.#list = list;
    this.#counts = counts;
    this.#mm = mm;
    this.#limit = limit;
  }

  /** Scans under the mmap lock, which it drops; whether the address space is done. */
  scan(mmap: Hold): boolean {
    this.progress++;
    const outcome = this.#control.system.isOutOfReach(this.#mm) ? 'done' : this.#scanAreas(mmap);
    if (outcome !== 'lock-dropped') this.#control.system.locks.unlock(mmap);
    return outcome === 'done';
  }

  #scanAreas(mmap: Hold): 'done' | 'interrupted' | 'lock-dropped' {
    const control = this.#control;
    const { system } = control;
    const { rangeBytes } = system.machine;
    const { cursor } = this.#list;
    const mm = this.#mm;
    const areas = mm.areas.all();
    for (let i = mm.areas.indexAbove(cursor.address); i < areas.length; i++) {
      const area = areas[i];
      if (system.isOutOfReach(mm)) {
        this.progress++;
        return 'interrupted';
      }
      control.spend('scan', system.costs.areaVisit);
      const first = Math.ceil(area.start / rangeBytes) * rangeBytes;
      const end = Math.floor(area.end / rangeBytes) * rangeBytes;
      if (control.possibleOrders(mm, area) === 0 || cursor.address > end) {
        this.progress++;
        continue;
      }
      cursor.address = Math.max(cursor.address, first);
      while (cursor.address < end) {
        if (system.isOutOfReach(mm)) return 'interrupted';
        const scanned = mapsFile(area)
          ? scanFileRange(control, mm, area, cursor.address, mmap)
          : scanPmdRange(control, mm, area, cursor.address, mmap);
        cursor.address += rangeBytes;
        this.progress += scanned.progress;
        this.result = scanned.result;
        if (scanned.result === 'SCAN_SUCCEED')
          this.#counts.pagesCollapsed = (this.#counts.pagesCollapsed + 1) >>> 0;
        if (scanned.lockDropped) return 'lock-dropped';
        if (this.progress >= this.#limit) return 'interrupted';
      }
    }
    return 'done';
  }
}
