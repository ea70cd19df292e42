import { asOrder, hasOrder } from '../../../src/core/memory/order.ts';
import {
  type MadviseErrno,
  madviseErrno,
  madviseGoesOn,
  madviseIsDone,
} from '../../../src/core/plan/madvise-errno.ts';
import type { ScanResult } from '../../../src/core/rules/scan-result.ts';
import type { Activity } from '../../../src/khugepaged/activity.ts';
import { CollapseControl } from '../../../src/khugepaged/collapse-control.ts';
import type { Act, Hold } from '../../../src/khugepaged/locks.ts';
import { revalidate } from '../../../src/khugepaged/revalidate.ts';
import { scanPmdRange } from '../../../src/khugepaged/scan-range.ts';
import type { System } from '../../../src/khugepaged/system.ts';
import { drainAllLru } from '../../../src/machine/folios/lru.ts';
import type { Mm } from '../../../src/machine/page-tables/mm.ts';
import { PMD_NONE } from '../../../src/machine/page-tables/pmd.ts';
import type { VmArea } from '../../../src/machine/page-tables/vm-area.ts';

/** A call of MADV_COLLAPSE as an act of its process; `done` hears what it returned, undefined for 0. */
export function madviseCollapseAct(
  system: System,
  mm: Mm,
  start: number,
  length: number,
  done: (errno: MadviseErrno | undefined) => void = () => {},
): Act {
  const run = () => {
    if (!system.isExiting(mm)) done(madviseCollapse(system, mm, start, length));
  };
  return { name: 'MADV_COLLAPSE', needs: [], takesTime: true, run };
}

/**
 * madvise(start, length, MADV_COLLAPSE) now, taking its time; addresses in bytes. Returns the errno,
 * undefined for 0.
 * Source: do_madvise and madvise_collapse, docs/khugepaged.md#madv_collapse.
 */
export function madviseCollapse(
  system: System,
  mm: Mm,
  start: number,
  length: number,
  activity?: Activity,
): MadviseErrno | undefined {
  const { pageBytes } = system.machine;
  if (start % pageBytes !== 0) return 'EINVAL';
  if (length === 0) return undefined;
  const end = start + Math.ceil(length / pageBytes) * pageBytes;
  return new Call(system, mm, activity).run(start, end);
}

class Call {
  readonly #system: System;
  readonly #mm: Mm;
  readonly #control: CollapseControl;
  #mmap: Hold | undefined;

  constructor(system: System, mm: Mm, activity: Activity | undefined) {
    this.#system = system;
    this.#mm = mm;
    this.#control = new CollapseControl(system, 'madvise', activity);
  }

  run(start: number, end: number): MadviseErrno | undefined {
    const { areas } = this.#mm;
    let reached = start;
    let isUnmapped = false;
    this.#lock();
    let errno: MadviseErrno | undefined;
    while (!errno && reached < end) {
      const area = areas.above(reached);
      if (!area || area.start >= end) break;
      if (area.start > reached) isUnmapped = true;
      const partEnd = Math.min(area.end, end);
      errno = this.#collapsePart(area, Math.max(area.start, reached), partEnd);
      reached = partEnd;
    }
    this.#unlock();
    return errno ?? (isUnmapped || reached < end ? 'ENOMEM' : undefined);
  }

  /** Collapses the whole PMD ranges in a part of an area; the errno if they are not all huge then. */
  #collapsePart(area: VmArea, start: number, end: number): MadviseErrno | undefined {
    const { machine, model } = this.#system;
    const { rangeBytes, geometry } = machine;
    const order = asOrder(geometry.pmdOrder);
    if (!hasOrder(this.#control.possibleOrders(this.#mm, area), order)) return 'EINVAL';
    const first = Math.ceil(start / rangeBytes) * rangeBytes;
    let last = Math.floor(end / rangeBytes) * rangeBytes;
    if (first > last && model.madviseFailsInsideRange) return 'EINVAL';
    drainAllLru(machine);
    let failure: ScanResult | undefined;
    let current = area;
    for (let address = first; address < last; address += rangeBytes) {
      const mmap = this.#lock();
      if (mmap.isNew) {
        const checked = revalidate(this.#control, this.#mm, address, order);
        if (checked.failure) {
          failure = checked.failure;
          break;
        }
        current = checked.area as VmArea;
        last = Math.min(last, Math.floor(current.end / rangeBytes) * rangeBytes);
      }
      const isEmptyPmd = this.#isEmptyPmd(address);
      const { result, lockDropped } = scanPmdRange(this.#control, this.#mm, current, address, mmap.hold);
      if (lockDropped) this.#mmap = undefined;
      if (!madviseIsDone(result)) failure = result;
      if ((isEmptyPmd && model.madviseStopsAtEmptyPmd) || !madviseGoesOn(result)) break;
    }
    this.#lock();
    return failure && madviseErrno(failure);
  }

  /** Whether a PMD entry is empty while the table that it is in exists. */
  #isEmptyPmd(address: number): boolean {
    const { rangeBytes, rangePages } = this.#system.machine;
    const number = address / rangeBytes;
    if ((this.#mm.pmds.get(number)?.kind ?? PMD_NONE) !== PMD_NONE) return false;
    const table = Math.floor(number / rangePages) * rangePages;
    for (let i = table; i < table + rangePages; i++) {
      if ((this.#mm.pmds.get(i)?.kind ?? PMD_NONE) !== PMD_NONE) return true;
    }
    return false;
  }

  #lock(): { hold: Hold; isNew: boolean } {
    if (this.#mmap) return { hold: this.#mmap, isNew: false };
    const { owner } = this.#control;
    this.#mmap = this.#system.locks.lock(owner, { kind: 'mmap', object: this.#mm, write: false });
    return { hold: this.#mmap, isNew: true };
  }

  #unlock(): void {
    if (this.#mmap) this.#system.locks.unlock(this.#mmap);
    this.#mmap = undefined;
  }
}
