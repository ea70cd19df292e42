import { type Geometry, pageBytes } from '../../core/memory/geometry.ts';
import { countPages, difference, isEmpty } from '../../core/memory/occupancy.ts';
import type { RangeState } from '../../core/memory/range-state.ts';
import { isUffdArmed } from '../../core/rules/vma.ts';
import type { SmapsVma } from './smaps.ts';

/** A VMA of which less than one page in so many is used is read no further than its pages reach. */
const SPARSE = 8;

/**
 * How much of what smaps counts in a VMA is still to be found, where no PAGEMAP_SCAN tells where pages are.
 * Reserved address space takes as long to read as used memory; what lies behind the last page that a sum
 * counts can only be zero pages and markers.
 */
export class PageSearch {
  readonly #pageBytes: number;
  readonly #isSparse: boolean;
  #residentBytes: number;
  #swapBytes: number;

  constructor(vma: SmapsVma, geometry: Geometry) {
    const used = vma.rssBytes + vma.swapBytes;
    this.#pageBytes = pageBytes(geometry);
    // Markers of userfaultfd look like swap entries, so counting would end too early.
    this.#isSparse = used * SPARSE < vma.end - vma.start && (used === 0 || !isUffdArmed(vma));
    this.#residentBytes = vma.rssBytes;
    this.#swapBytes = vma.swapBytes;
  }

  /** Whether all is found that there is, as far as sums tell. */
  get isOver(): boolean {
    return this.#isSparse && this.#residentBytes <= 0 && this.#swapBytes <= 0;
  }

  /** Counts what surely is among the sums: no zero pages, which look shared, and no guard markers. */
  add(ranges: readonly RangeState[]): void {
    for (const { facts } of ranges) {
      const { present, swap, zero, shared, guard } = facts;
      const others = zero ?? shared;
      if (others) this.#residentBytes -= this.#pageBytes * countPages(difference(present, others));
      if (guard || isEmpty(swap))
        this.#swapBytes -= this.#pageBytes * countPages(guard ? difference(swap, guard) : swap);
    }
  }
}
