import { firstIndex } from '../../core/base/first-index.ts';
import type { Vma } from '../../core/rules/vma.ts';
import type { FilePlace } from '../cache/page-cache.ts';
import { vmFlagLetters } from './vma-flags.ts';

/** A virtual memory area (vm_area_struct): `start` and `end` are bytes, page aligned, the end exclusive. */
export interface VmArea {
  start: number;
  end: number;
  /** Mask of VM_* flags. */
  flags: number;
  readonly name: string;
  /** Private anonymous memory. */
  readonly anonymous: boolean;
  /** Set by the first write fault (docs/khugepaged.md#possible-orders, step J). */
  hasAnonVma: boolean;
  /** Pages that mremap has moved the area by: virtual page number minus index in its anon_vma. */
  readonly moved: number;
  /** What it maps of a file or of shared memory, shared; areas that are neither are never touched. */
  readonly mapped?: FilePlace | undefined;
}

/** The area as core's rules see it; sizes of what is resident are not counted. Rule J is not part of it. */
export function viewVma({ start, end, flags, name, anonymous }: VmArea): Vma {
  return {
    start,
    end,
    name,
    anonymous,
    flags: vmFlagLetters(flags),
    thpEligible: undefined,
    rssBytes: 0,
    swapBytes: 0,
  };
}

const SMALLEST_PAGE = 4096;

/** The areas of an address space in address order, none overlapping. */
export class VmAreas {
  readonly #areas: VmArea[] = [];

  all(): readonly VmArea[] {
    return this.#areas;
  }

  /**
   * Position of the first area that ends above an address (find_vma); the number of areas if there is none.
   */
  indexAbove(address: number): number {
    const areas = this.#areas;
    return firstIndex(areas.length, (i) => areas[i].end > address);
  }

  /** The area that holds an address. */
  at(address: number): VmArea | undefined {
    const area = this.#areas[this.indexAbove(address)];
    return area && area.start <= address ? area : undefined;
  }

  /** The first area that ends above an address (find_vma). */
  above(address: number): VmArea | undefined {
    return this.#areas[this.indexAbove(address)];
  }

  /** The areas that overlap [start, end). */
  overlapping(start: number, end: number): VmArea[] {
    const found: VmArea[] = [];
    for (let i = this.indexAbove(start); i < this.#areas.length && this.#areas[i].start < end; i++) {
      found.push(this.#areas[i]);
    }
    return found;
  }

  /** Whether every byte of [start, end) lies in an area. */
  covers(start: number, end: number): boolean {
    let at = start;
    for (const area of this.overlapping(start, end)) {
      if (area.start > at) return false;
      at = area.end;
    }
    return at >= end;
  }

  /** Adds an area where there is none and merges it with equal neighbours; returns what it has become. */
  add(area: VmArea): VmArea {
    const i = this.indexAbove(area.start);
    if (i < this.#areas.length && this.#areas[i].start < area.end) throw new Error('areas overlap');
    this.#areas.splice(i, 0, area);
    this.#mergeAround(area.start, area.end);
    return this.at(area.start) as VmArea;
  }

  /** Cuts areas so that none crosses `start` or `end`, and returns those inside. */
  isolate(start: number, end: number): VmArea[] {
    this.#cut(start);
    this.#cut(end);
    return this.overlapping(start, end);
  }

  /** Removes [start, end) from the areas and returns what was removed. */
  remove(start: number, end: number): VmArea[] {
    const removed = this.isolate(start, end);
    if (removed.length > 0) this.#areas.splice(this.#areas.indexOf(removed[0]), removed.length);
    return removed;
  }

  /** Changes the flags of [start, end), splitting and merging areas as needed. */
  changeFlags(start: number, end: number, change: (flags: number) => number): void {
    for (const area of this.isolate(start, end)) area.flags = change(area.flags);
    this.#mergeAround(start, end);
  }

  #cut(address: number): void {
    const i = this.indexAbove(address);
    const area = this.#areas[i];
    if (area === undefined || area.start >= address) return;
    this.#areas.splice(i + 1, 0, { ...area, start: address });
    area.end = address;
  }

  #mergeAround(start: number, end: number): void {
    // Not by 1: high addresses are exact in pages only.
    let i = Math.max(0, this.indexAbove(start - SMALLEST_PAGE) - 1);
    while (i + 1 < this.#areas.length && this.#areas[i].start <= end) {
      const [left, right] = [this.#areas[i], this.#areas[i + 1]];
      if (!mergeable(left, right)) {
        i++;
        continue;
      }
      left.end = right.end;
      left.hasAnonVma ||= right.hasAnonVma;
      this.#areas.splice(i + 1, 1);
    }
  }
}

function mergeable(left: VmArea, right: VmArea): boolean {
  return (
    left.end === right.start &&
    left.flags === right.flags &&
    left.name === right.name &&
    left.anonymous === right.anonymous &&
    left.moved === right.moved &&
    left.mapped?.pages === right.mapped?.pages &&
    left.mapped?.skew === right.mapped?.skew
  );
}
