import { clearPage, emptyOccupancy, hasPage, setPage } from '../memory/occupancy.ts';
import { type PageFacts, pageFacts, type RangeState } from '../memory/range-state.ts';
import { collapsesOf } from './collapses.ts';
import type { CollapsePlan } from './plan.ts';

/**
 * The range as it is after a plan was carried out, as the next pass of khugepaged finds it: collapsed windows
 * are whole, private, recently used folios without zero pages.
 * Source: __collapse_huge_page_swapin, __collapse_huge_page_copy; docs/khugepaged.md#installation.
 */
export function applyPlan(range: RangeState, plan: CollapsePlan): RangeState {
  const collapses = collapsesOf(plan);
  if (collapses.length === 0 && plan.swappedInPages === 0) return range;
  const { facts: before, geometry } = range;
  const facts = pageFacts({ present: before.present.slice(), swap: before.swap.slice() }, (fact) =>
    before[fact]?.slice(),
  );
  const { present, swap, ...others } = facts;
  // Of PTEs that were not present these bits meant nothing; a new folio has none of them.
  const ofFolio = Object.values(others).filter((fact) => fact !== undefined);
  const folioOrders = range.folioOrders?.slice();
  let pmdMapped = range.pmdMapped;
  swapIn(range, plan.swappedInPages, facts);
  for (const { offset, order } of collapses) {
    for (let page: number = offset; page < offset + (1 << order); page++) {
      setPage(present, page);
      clearPage(swap, page);
      for (const fact of ofFolio) clearPage(fact, page);
    }
    folioOrders?.fill(order, offset, offset + (1 << order));
    if (order === geometry.pmdOrder) pmdMapped = true;
  }
  return { ...range, facts, folioOrders, pmdMapped };
}

/** Swap-in goes upwards from the start of the range; facts of what was swapped in begin anew. */
function swapIn(range: RangeState, count: number, next: PageFacts): void {
  const swapped = emptyOccupancy(range.geometry);
  for (let page = 0, left = count; left > 0; page++) {
    if (!hasPage(range.facts.swap, page)) continue;
    setPage(swapped, page);
    left--;
  }
  for (let i = 0; i < swapped.length; i++) {
    next.present[i] |= swapped[i];
    next.swap[i] &= ~swapped[i];
    for (const fact of [next.zero, next.shared, next.unreferenced]) if (fact) fact[i] &= ~swapped[i];
  }
}
