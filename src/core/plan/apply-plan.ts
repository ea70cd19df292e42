import { clearPage, emptyOccupancy, hasPage, type Occupancy, setPage } from '../memory/occupancy.ts';
import { type CollapsePlan, collapsesOf } from './plan.ts';
import type { RangeState } from '../memory/range-state.ts';

/**
 * The range as it is after a plan was carried out, as the next pass of khugepaged finds it: collapsed windows
 * are whole, private, recently used folios without zero pages.
 * Source: __collapse_huge_page_swapin, __collapse_huge_page_copy; docs/khugepaged.md#installation.
 */
export function applyPlan(range: RangeState, plan: CollapsePlan): RangeState {
  const collapses = collapsesOf(plan);
  if (collapses.length === 0 && plan.swappedInPages === 0) return range;
  const next = {
    present: range.present.slice(),
    swap: range.swap.slice(),
    zero: range.zero?.slice(),
    shared: range.shared?.slice(),
    unreferenced: range.unreferenced?.slice(),
    pinned: range.pinned?.slice(),
    lazyfree: range.lazyfree?.slice(),
    locked: range.locked?.slice(),
    uffd: range.uffd?.slice(),
    folioOrders: range.folioOrders?.slice(),
  };
  const { pmdOrder } = range.geometry;
  // Of PTEs that were not present these bits meant nothing; a new folio has none of them.
  const facts = [
    next.zero,
    next.shared,
    next.unreferenced,
    next.pinned,
    next.lazyfree,
    next.locked,
    next.uffd,
  ];
  let pmdMapped = range.pmdMapped;
  swapIn(range, plan.swappedInPages, next);
  for (const { offset, order } of collapses) {
    for (let page: number = offset; page < offset + (1 << order); page++) {
      setPage(next.present, page);
      clearPage(next.swap, page);
      for (const fact of facts) if (fact) clearPage(fact, page);
    }
    next.folioOrders?.fill(order, offset, offset + (1 << order));
    if (order === pmdOrder) pmdMapped = true;
  }
  return { ...range, ...next, pmdMapped };
}

/** Swap-in goes upwards from the start of the range; facts of what was swapped in begin anew. */
function swapIn(
  range: RangeState,
  count: number,
  next: {
    present: Occupancy;
    swap: Occupancy;
    zero?: Occupancy;
    shared?: Occupancy;
    unreferenced?: Occupancy;
  },
): void {
  const swapped = emptyOccupancy(range.geometry);
  for (let page = 0, left = count; left > 0; page++) {
    if (!hasPage(range.swap, page)) continue;
    setPage(swapped, page);
    left--;
  }
  for (let i = 0; i < swapped.length; i++) {
    next.present[i] |= swapped[i];
    next.swap[i] &= ~swapped[i];
    for (const fact of [next.zero, next.shared, next.unreferenced]) if (fact) fact[i] &= ~swapped[i];
  }
}
