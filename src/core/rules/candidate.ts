import type { Geometry } from '../memory/geometry.ts';
import { pagesPerRange } from '../memory/geometry.ts';
import {
  clearPage,
  clearPages,
  countWindow,
  difference,
  emptyOccupancy,
  hasPage,
  intersection,
  type Occupancy,
  setPage,
  setPages,
} from '../memory/occupancy.ts';
import type { Offset, Order, Window } from '../memory/order.ts';
import { hasLargeFolio, type RangeState } from '../memory/range-state.ts';
import { firstHeld, type IsolationFacts, isolateWindow } from './isolation.ts';
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
  readonly #guard: Occupancy | undefined;
  readonly #shared: Occupancy;
  readonly #unreferenced: Occupancy;
  readonly #folioOrders: Uint8Array;
  #hasLarge: boolean;
  #facts: IsolationFacts | undefined;
  #swappedIn = 0;

  constructor(range: RangeState, policy: CollapsePolicy, lruBatch: LruBatch) {
    const { facts, geometry, folioOrders } = range;
    // Bits of PTEs that are not present mean nothing, also once such a PTE is swapped in.
    const ofPresent = (pages: Occupancy | undefined) =>
      pages ? intersection(pages, facts.present) : emptyOccupancy(geometry);
    this.#geometry = geometry;
    this.#policy = policy;
    this.#lruBatch = lruBatch;
    this.#uffdArmed = range.uffdArmed;
    this.#mapped = facts.zero ? difference(facts.present, facts.zero) : facts.present.slice();
    this.#swap = facts.swap.slice();
    this.#guard = facts.guard;
    this.#shared = ofPresent(facts.shared);
    this.#unreferenced = ofPresent(facts.unreferenced);
    this.#folioOrders = folioOrders?.slice() ?? new Uint8Array(pagesPerRange(geometry));
    this.#hasLarge = hasLargeFolio(this.#folioOrders);
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
    if (this.#isAligned(offset, order) && countWindow(this.#swap, offset, order) === 0) return undefined;
    const before = this.#swappedIn;
    for (let page: number = offset; page < offset + (1 << order); page++) {
      if (!hasPage(this.#swap, page)) continue;
      if (order < this.#geometry.pmdOrder) return 'SCAN_EXCEED_SWAP_PTE';
      if (this.#guard && hasPage(this.#guard, page)) return 'SCAN_FAIL';
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
   * Whether a window holds private pages, some of them referenced, none that waits in the batch, and no more
   * holes than are allowed: then nothing but a large folio stands in its way. isolateWindow finds the same
   * page by page, and by which page it fails otherwise.
   */
  #isOrdinary(offset: Offset, order: Order): boolean {
    if (!this.#lruBatch.isEmpty || !this.#isAligned(offset, order)) return false;
    const holes = (1 << order) - countWindow(this.#mapped, offset, order);
    if (holes > 0 && (this.#uffdArmed || holes > noneLimit(this.#policy, order, this.#geometry)))
      return false;
    const mask = order < 5 ? ((1 << (1 << order)) - 1) << (offset & 31) : -1;
    const first = offset >>> 5;
    let shared = 0;
    let referenced = 0;
    for (let i = first; i < first + Math.max(1, (1 << order) >>> 5); i++) {
      shared |= this.#shared[i] & mask;
      referenced |= this.#mapped[i] & ~this.#unreferenced[i] & mask;
    }
    return shared === 0 && referenced !== 0;
  }

  /** What custom searches ask for may lie anywhere. */
  #isAligned(offset: Offset, order: Order): boolean {
    return offset % (1 << order) === 0;
  }

  /** Fails at the first unfit PTE; what was isolated before it goes back through the LRU batch. */
  #isolate(offset: Offset, order: Order): ScanResult | undefined {
    if (this.#isOrdinary(offset, order)) {
      const held =
        this.#hasLarge && firstHeld(this.#mapped, this.#folioOrders, { offset, order }, this.#geometry);
      if (held === false || held === undefined) return undefined;
      this.#lruBatch.putBack(this.#mapped, this.#folioOrders, offset, held);
      return 'SCAN_PTE_MAPPED_HUGEPAGE';
    }
    this.#facts ??= this.#isolationFacts();
    const report = isolateWindow(
      this.#facts,
      { offset, order },
      this.#policy,
      this.#geometry,
      this.#uffdArmed,
    );
    if (report.result === 'SCAN_SUCCEED') return undefined;
    this.#lruBatch.putBack(this.#mapped, this.#folioOrders, offset, report.stoppedAt);
    return report.result;
  }
  /**
   * What the scan would have refused does not occur any more; a folio is in the way only while it waits in
   * the batch.
   */
  #isolationFacts(): IsolationFacts {
    return {
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
  }

  #countMapped(offset: Offset, order: Order): number {
    if (this.#isAligned(offset, order)) return countWindow(this.#mapped, offset, order);
    let count = 0;
    for (let page: number = offset; page < offset + (1 << order); page++)
      if (hasPage(this.#mapped, page)) count++;
    return count;
  }

  /** The window becomes one private folio, which drains the LRU batch as every large folio does. */
  #install(offset: Offset, order: Order): void {
    setPages(this.#mapped, offset, 1 << order);
    clearPages(this.#shared, offset, 1 << order);
    this.#folioOrders.fill(order, offset, offset + (1 << order));
    this.#hasLarge ||= order > 0;
    this.#lruBatch.drain();
  }
}
