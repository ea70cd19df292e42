import type { Geometry } from '../memory/geometry.ts';
import { pagesPerRange } from '../memory/geometry.ts';
import {
  clearPage,
  countWindow,
  emptyOccupancy,
  hasPage,
  intersection,
  type Occupancy,
  setPage,
} from '../memory/occupancy.ts';
import type { Offset, Order, Window } from '../memory/order.ts';
import { hasLargeFolio, type RangeState } from '../memory/range-state.ts';
import { type IsolationFacts, isolateWindow } from './isolation.ts';
import type { LruBatch } from './lru-batch.ts';
import { type CollapsePolicy, noneLimit } from './policy.ts';
import type { ScanResult } from './scan-result.ts';

/** A collapse attempt and how it ended. */
export interface AttemptRecord extends Window {
  readonly result: ScanResult;
  /**
   * PTEs of the window that mapped an ordinary page when the attempt was decided, swapped-in ones included.
   */
  readonly pages: number;
}

/**
 * A scanned range while windows of it are tried. Attempts are judged by its state, as swap-in and isolation
 * do it, and change that state; what only a running system decides (allocation, memory errors, races) is left
 * out. Facts that fail the scan of the whole range (pins, locks, userfaultfd marks, MADV_FREE for khugepaged)
 * do not occur here.
 * Source: collapse_huge_page, __collapse_huge_page_swapin and __collapse_huge_page_isolate,
 * docs/khugepaged.md#swap-in and docs/khugepaged.md#isolation.
 */
export class CandidateRange {
  readonly #geometry: Geometry;
  readonly #policy: CollapsePolicy;
  readonly #lruBatch: LruBatch;
  readonly #uffdArmed: boolean;
  /** PTEs that map an ordinary page. */
  readonly #mapped: Occupancy;
  readonly #swap: Occupancy;
  readonly #guard: Occupancy;
  readonly #shared: Occupancy;
  readonly #unreferenced: Occupancy;
  readonly #folioOrders: Uint8Array;
  /** PTEs of large folios. */
  readonly #large: Occupancy;
  /**
   * What the scan would have refused does not occur any more; a folio is in the way only while it waits in
   * the batch.
   */
  readonly #facts: IsolationFacts = {
    isNoneOrZero: (page) => !hasPage(this.#mapped, page),
    isPresent: () => true,
    isTracked: () => false,
    isNull: () => false,
    isLazyfree: () => false,
    isShared: (page) => hasPage(this.#shared, page),
    folioOrder: (page) => this.#folioOrders[page],
    isReferenced: (page) => !hasPage(this.#unreferenced, page),
    take: (page) =>
      this.#folioOrders[page] === 0 && this.#lruBatch.has(page) ? 'SCAN_PAGE_COUNT' : undefined,
  };
  #swappedIn = 0;

  constructor(range: RangeState, policy: CollapsePolicy, lruBatch: LruBatch) {
    const { facts } = range;
    // Bits of PTEs that are not present mean nothing, also once such a PTE is swapped in.
    const ofPresent = (pages: Occupancy | undefined) =>
      pages ? intersection(pages, facts.present) : emptyOccupancy(range.geometry);
    const zero = ofPresent(facts.zero);
    this.#geometry = range.geometry;
    this.#policy = policy;
    this.#lruBatch = lruBatch;
    this.#uffdArmed = range.uffdArmed;
    this.#mapped = facts.present.map((word, i) => word & ~zero[i]);
    this.#swap = facts.swap.slice();
    this.#guard = facts.guard ?? emptyOccupancy(range.geometry);
    this.#shared = ofPresent(facts.shared);
    this.#unreferenced = ofPresent(facts.unreferenced);
    this.#folioOrders = range.folioOrders?.slice() ?? new Uint8Array(pagesPerRange(range.geometry));
    this.#large = emptyOccupancy(range.geometry);
    if (hasLargeFolio(this.#folioOrders))
      for (const [page, order] of this.#folioOrders.entries()) if (order > 0) setPage(this.#large, page);
    lruBatch.startRange();
  }

  /** Pages that attempts have swapped in so far, whether they then collapsed or not. */
  get swappedIn(): number {
    return this.#swappedIn;
  }

  /** Tries one window; with `decided` it ends so, whatever the window holds. */
  attempt(offset: Offset, order: Order, decided?: ScanResult): AttemptRecord {
    const result = decided ?? this.#swapIn(offset, order) ?? this.#isolate(offset, order) ?? 'SCAN_SUCCEED';
    if (decided === 'SCAN_SUCCEED') this.#swapInAll(offset, order);
    const record = { offset, order, result, pages: this.#countMapped(offset, order) };
    if (result === 'SCAN_SUCCEED') this.#install(offset, order);
    return record;
  }

  #swapIn(offset: Offset, order: Order): ScanResult | undefined {
    const before = this.#swappedIn;
    for (let page: number = offset; page < offset + (1 << order); page++) {
      if (!hasPage(this.#swap, page)) continue;
      if (order < this.#geometry.pmdOrder) return 'SCAN_EXCEED_SWAP_PTE';
      if (hasPage(this.#guard, page)) return 'SCAN_FAIL';
      this.#faultIn(page);
    }
    if (this.#swappedIn > before) this.#lruBatch.drain();
    return undefined;
  }

  #swapInAll(offset: Offset, order: Order): void {
    for (let page: number = offset; page < offset + (1 << order); page++) {
      if (hasPage(this.#swap, page)) this.#faultIn(page);
    }
  }

  #faultIn(page: number): void {
    clearPage(this.#swap, page);
    setPage(this.#mapped, page);
    this.#swappedIn++;
  }

  /**
   * Whether nothing stands in the way of a window, as in most: small private pages, some of them referenced,
   * and no more holes than are allowed. isolateWindow finds the same page by page, and by which page it fails
   * otherwise.
   */
  #isOrdinary(offset: Offset, order: Order): boolean {
    if (!this.#lruBatch.isEmpty || offset % (1 << order) !== 0) return false;
    const holes = (1 << order) - countWindow(this.#mapped, offset, order);
    if (holes > 0 && (this.#uffdArmed || holes > noneLimit(this.#policy, order, this.#geometry)))
      return false;
    const mask = order < 5 ? ((1 << (1 << order)) - 1) << (offset & 31) : -1;
    const first = offset >>> 5;
    let unfit = 0;
    let referenced = 0;
    for (let i = first; i < first + Math.max(1, (1 << order) >>> 5); i++) {
      unfit |= (this.#shared[i] | this.#large[i]) & mask;
      referenced |= this.#mapped[i] & ~this.#unreferenced[i] & mask;
    }
    return unfit === 0 && referenced !== 0;
  }

  /** Fails at the first unfit PTE; what was isolated before it goes back through the LRU batch. */
  #isolate(offset: Offset, order: Order): ScanResult | undefined {
    if (this.#isOrdinary(offset, order)) return undefined;
    const report = isolateWindow(
      this.#facts,
      { offset, order },
      this.#policy,
      this.#geometry,
      this.#uffdArmed,
    );
    if (report.result === 'SCAN_SUCCEED') return undefined;
    this.#putBack(offset, report.stoppedAt);
    return report.result;
  }

  #putBack(first: number, end: number): void {
    let large = false;
    for (let page = end - 1; page >= first; page--) {
      if (!hasPage(this.#mapped, page)) continue;
      if (this.#folioOrders[page] > 0) large = true;
      else this.#lruBatch.addSmallPage(page);
    }
    if (large) this.#lruBatch.drain();
  }

  #countMapped(offset: Offset, order: Order): number {
    let count = 0;
    for (let page: number = offset; page < offset + (1 << order); page++)
      if (hasPage(this.#mapped, page)) count++;
    return count;
  }

  /** The window becomes one private folio, which drains the LRU batch as every large folio does. */
  #install(offset: Offset, order: Order): void {
    for (let page: number = offset; page < offset + (1 << order); page++) {
      setPage(this.#mapped, page);
      clearPage(this.#shared, page);
      setPage(this.#large, page);
    }
    this.#folioOrders.fill(order, offset, offset + (1 << order));
    this.#lruBatch.drain();
  }
}
