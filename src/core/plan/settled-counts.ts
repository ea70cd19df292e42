import { pagesPerRange } from '../memory/geometry.ts';
import { hasPage } from '../memory/occupancy.ts';
import { hasLargeFolio, type RangeState } from '../memory/range-state.ts';
import type { CollapsePolicy } from '../rules/policy.ts';
import { savedEntries } from '../rules/tlb-reach.ts';
import type { CollapseAlgorithm } from '../search/algorithm.ts';
import { applyPlan } from './apply-plan.ts';
import { collapsesOf } from './collapses.ts';
import { costOf, type PlanCost } from './cost.ts';
import { type CollapsePlan, planRange } from './plan.ts';
import { emptyCounts, type PolicyCounts } from './policy-counts.ts';

/**
 * What a policy does to one range, by walking it: the first pass, and what every later pass tries once
 * nothing changes any more. This is the reference that reading a digest must equal. Unknown folio orders
 * count as small pages, and what a pass made of them is known to the next. One TLB entry below the PMD maps
 * up to `reachPages`.
 */
export function settledCounts(
  range: RangeState,
  policy: CollapsePolicy,
  reachPages: number,
  algorithm?: CollapseAlgorithm,
): PolicyCounts {
  const known = { ...range, folioOrders: range.folioOrders ?? new Uint8Array(pagesPerRange(range.geometry)) };
  const first = planRange(known, policy, { algorithm });
  const counts = emptyCounts(range.geometry);
  for (const { order } of first.attempts) counts.attempts[order]++;
  for (const { order, pages } of collapsesOf(first)) {
    counts.collapses[order]++;
    counts.copiedPages += pages;
    counts.filledPages += 2 ** order - pages;
  }
  counts.swappedInPages = first.swappedInPages;
  counts.newlyHugePages = counts.copiedPages;
  // No window below the PMD order may hold a shared page.
  if (counts.collapses[range.geometry.pmdOrder] > 0) counts.copiedSharedPages = first.scan.shared;
  if (hasLargeFolio(known.folioOrders)) {
    counts.newlyHugePages -= largePages(known, first);
    counts.savedEntries = replacedEntries(costOf(known, first), counts, reachPages);
  }
  for (const { order } of settledPlan(known, policy, first, algorithm).attempts)
    counts.laterAttempts[order]++;
  return counts;
}

/** TLB entries that the whole folios saved which a plan replaces. */
function replacedEntries(
  { before, after }: PlanCost,
  { collapses }: PolicyCounts,
  reachPages: number,
): number {
  let entries = 0;
  for (const [order, folios] of before.wholeFolios.entries()) {
    const made = order < collapses.length - 1 ? collapses[order] : 0;
    const replaced = folios + made - after.wholeFolios[order];
    if (replaced > 0) entries += replaced * savedEntries(order, reachPages);
  }
  return entries;
}

/** Pages that a plan copies out of large folios. */
function largePages({ facts: { present, zero }, folioOrders }: RangeState, plan: CollapsePlan): number {
  let pages = 0;
  for (const { offset, order } of collapsesOf(plan)) {
    for (let page: number = offset; page < offset + (1 << order); page++) {
      const mapped = hasPage(present, page) && !(zero && hasPage(zero, page));
      if (mapped && folioOrders && folioOrders[page] > 0) pages++;
    }
  }
  return pages;
}

/**
 * Plan of the pass from which on nothing changes. There is one: a collapse raises the folio order of each of
 * its pages, and a swap-in takes an entry away.
 */
function settledPlan(
  range: RangeState,
  policy: CollapsePolicy,
  first: CollapsePlan,
  algorithm: CollapseAlgorithm | undefined,
): CollapsePlan {
  let state = range;
  let plan = first;
  while (collapsesOf(plan).length > 0 || plan.swappedInPages > 0) {
    state = applyPlan(state, plan);
    plan = planRange(state, policy, { algorithm });
  }
  return plan;
}
