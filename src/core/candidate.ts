import type { LruBatch } from './lru-batch.ts';
import { clearPage, hasPage, intersection, isEmpty, type Occupancy, setPage } from './occupancy.ts';
import type { Attempt } from './algorithm.ts';
import type { Offset, Order } from './order.ts';
import { type CollapsePolicy, noneLimit, sharedLimit } from './policy.ts';
import type { RangeState } from './range-state.ts';
import type { ScanResult } from './scan-result.ts';

/** The attempts on one scanned range, with what they changed in it. */
export interface Candidates {
  readonly attempt: Attempt;
  /** PTEs present or swapped in so far, zero-page PTEs not included, inside a window. */
  pagesIn(offset: Offset, order: Order): number;
  /** PTEs that PMD-order attempts have swapped in so far, whether they then collapsed or not. */
  swappedIn(): number;
}

/**
 * Judges collapse attempts by the state of a range whose scan succeeded: swap-in and isolation as khugepaged does them,
 * without what only a running system decides (allocation, memory errors, races).
 * Facts that fail the scan of the whole range (pins, locks, MADV_FREE, userfaultfd marks) cannot occur here.
 * Source: collapse_huge_page, __collapse_huge_page_swapin and __collapse_huge_page_isolate, spec 5.5 and 5.6.
 */
export function judgeCandidates(range: RangeState, policy: CollapsePolicy, lruBatch: LruBatch): Candidates {
  const { geometry, folioOrders, guard } = range;
  // Bits of PTEs that are not present mean nothing, also once such a PTE is swapped in.
  const ofPresent = (pages: Occupancy | undefined) => pages && intersection(pages, range.present);
  const zero = ofPresent(range.zero);
  const shared = ofPresent(range.shared);
  const unreferenced = ofPresent(range.unreferenced);
  const present = range.present.slice();
  const swap = range.swap.slice();
  const hasUnmapped = !isEmpty(swap);
  let swappedIn = 0;
  lruBatch.startRange();

  const isMapped = (page: number) => hasPage(present, page) && !(zero && hasPage(zero, page));

  const swapIn = (offset: Offset, order: Order): ScanResult | undefined => {
    const before = swappedIn;
    for (let page = offset as number; page < offset + (1 << order); page++) {
      if (!hasPage(swap, page)) continue;
      if (order < geometry.pmdOrder) return 'SCAN_EXCEED_SWAP_PTE';
      if (guard && hasPage(guard, page)) return 'SCAN_FAIL';
      clearPage(swap, page);
      setPage(present, page);
      swappedIn++;
    }
    if (swappedIn > before) lruBatch.drain();
    return undefined;
  };

  /** Isolation fails at the first unfit PTE; what was isolated before it goes back through the LRU batch. */
  const isolate = (offset: Offset, order: Order): ScanResult | undefined => {
    const holesAllowed = noneLimit(policy, order, geometry, range.uffdArmed);
    const sharedAllowed = sharedLimit(policy, order, geometry);
    const end = offset + (1 << order);
    let holes = 0;
    let sharedPages = 0;
    let referenced = 0;
    let failure: ScanResult | undefined;
    let page = offset as number;
    for (; page < end; page++) {
      if (!isMapped(page)) {
        if (hasPage(swap, page)) failure = 'SCAN_PTE_NON_PRESENT';
        else if (++holes > holesAllowed) failure = 'SCAN_EXCEED_NONE_PTE';
      } else {
        const folioOrder = folioOrders?.[page] ?? 0;
        if (shared && hasPage(shared, page) && ++sharedPages > sharedAllowed)
          failure = 'SCAN_EXCEED_SHARED_PTE';
        else if (order < geometry.pmdOrder && folioOrder >= order) failure = 'SCAN_PTE_MAPPED_HUGEPAGE';
        else if (folioOrder === 0 && lruBatch.has(page)) failure = 'SCAN_PAGE_COUNT';
        else if (!(unreferenced && hasPage(unreferenced, page))) referenced++;
      }
      if (failure) break;
    }
    if (!failure && referenced === 0) failure = 'SCAN_LACK_REFERENCED_PAGE';
    if (failure) putBack(offset, page);
    return failure;
  };

  const putBack = (first: number, end: number) => {
    let large = false;
    for (let page = end - 1; page >= first; page--) {
      if (!isMapped(page)) continue;
      if (folioOrders && folioOrders[page] > 0) large = true;
      else lruBatch.addSmallPage(page);
    }
    if (large) lruBatch.drain();
  };

  return {
    attempt(offset, order) {
      const failure = (hasUnmapped ? swapIn(offset, order) : undefined) ?? isolate(offset, order);
      if (failure) return failure;
      lruBatch.drain();
      return 'SCAN_SUCCEED';
    },
    pagesIn(offset, order) {
      let count = 0;
      for (let page = offset as number; page < offset + (1 << order); page++) if (isMapped(page)) count++;
      return count;
    },
    swappedIn: () => swappedIn,
  };
}
