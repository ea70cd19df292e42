import { pagesPerRange } from '../../core/memory/geometry.ts';
import { countPages, emptyOccupancy, hasPage, type Occupancy, setPage } from '../../core/memory/occupancy.ts';
import { asOrderSet, NO_ORDERS, type OrderSet } from '../../core/memory/order.ts';
import type { KernelModel } from '../../core/rules/kernel-model.ts';
import { decidedOutcome, type OutcomeRule } from '../../core/rules/outcome.ts';
import { type CollapsePolicy, defaultLimits, type NoneLimits } from '../../core/rules/policy.ts';
import type { ScannedRange } from '../../core/search/algorithm.ts';
import type { DecideOutcome } from './case-space.ts';

/** A scanned range and what is enabled for it: all that a search is asked about, but for how attempts end. */
export interface Shape {
  readonly range: ScannedRange;
  readonly orders: OrderSet;
  readonly maxPtesNone: number;
  readonly noneLimits?: NoneLimits | undefined;
  /** Ranges that come before it in the same pass, under the same policy and outcomes. */
  readonly before?: readonly ScannedRange[];
}

/** A shape and how attempts on it end. Windows that no rule names succeed. */
export interface SearchCase extends Shape {
  readonly outcomes: readonly OutcomeRule[];
}

/** The policy of a case under a kernel's rules. The other limits play no part in a search. */
export function policyOf(
  { range, orders, maxPtesNone, noneLimits }: Shape,
  model: KernelModel,
): CollapsePolicy {
  const limits = { ...defaultLimits(range.geometry), maxPtesNone, ...(noneLimits && { noneLimits }) };
  return { ...limits, orders, caller: 'khugepaged', model };
}

/** How a case says that an attempt ends. */
export function outcomeOfCase({ outcomes }: SearchCase): DecideOutcome {
  return (offset, order, reclaim) => decidedOutcome(outcomes, offset, order, reclaim) ?? 'SCAN_SUCCEED';
}

/** PTEs of a case that hold anything. */
export function ptesOf({ range }: Shape): number {
  return countPages(range.occupied) + range.unmapped;
}

/**
 * Whether a case is smaller than another: of a smaller PMD order, or with fewer PTEs. One without any enabled
 * order, which no kernel searches, is larger than all others.
 */
export function isSmallerCase(a: Shape, b: Shape): boolean {
  if ((a.orders === NO_ORDERS) !== (b.orders === NO_ORDERS)) return b.orders === NO_ORDERS;
  const [ofA, ofB] = [a.range.geometry.pmdOrder, b.range.geometry.pmdOrder];
  return ofA < ofB || (ofA === ofB && ptesOf(a) < ptesOf(b));
}

/**
 * Whether the scan of 7.2 lets a range with so many occupied PTEs through to the search: it asks for a page
 * that was used recently, for half a range of them if any PTE is swapped, and checks max_ptes_none if the PMD
 * order is all that is enabled. Source: collapse_scan_pmd, docs/khugepaged.md#scan-limits and
 * docs/khugepaged.md#scan-references.
 */
export function reachesSearch({ range, orders, maxPtesNone, noneLimits }: Shape, occupied: number): boolean {
  const pages = pagesPerRange(range.geometry);
  if (occupied === 0 || (range.unmapped > 0 && occupied < pages >>> 1)) return false;
  const holesAllowed = range.uffdArmed ? 0 : (noneLimits?.[range.geometry.pmdOrder] ?? maxPtesNone);
  // The number of pages is also the mask of the PMD order alone.
  return orders !== asOrderSet(pages) || pages - occupied - range.unmapped <= holesAllowed;
}

/** Where the unmapped PTEs of a case may be: the first free ones. Searches know their number only. */
export function unmappedPages({ range }: Shape): Occupancy {
  const pages = emptyOccupancy(range.geometry);
  for (let page = 0, left = range.unmapped; left > 0 && page < pagesPerRange(range.geometry); page++) {
    if (hasPage(range.occupied, page)) continue;
    setPage(pages, page);
    left--;
  }
  return pages;
}
