import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import type { OrderSet } from '../../core/memory/order.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';
import { type CollapseSums, type CountedOutcome, countRange, type WindowLists } from './counted-range.ts';
import type { Refusal, Tally } from './tally.ts';

type SharedLimits = Pick<ThpSettings, 'maxPtesNone' | 'maxPtesShared'>;

/** Whether it matters which of two limits the scan of such a range meets first: that is not counted. */
export function isUndecided(
  pages: number,
  orders: OrderSet,
  { maxPtesNone, maxPtesShared }: SharedLimits,
  geometry: Geometry,
): boolean {
  if (orders !== 1 << geometry.pmdOrder) return false;
  return pages > maxPtesShared && pagesPerRange(geometry) - pages > maxPtesNone;
}

/**
 * Adds to a tally what changes in a range that khugepaged scans, of so many small pages, all of which
 * processes share, and nothing else; what collapses, to the sums of its collapses. The PMD order takes it as
 * if they were private, and all attempts below fail, so that each enabled order is attempted wherever a
 * window qualifies (docs/digest.md#blocked). `tally` has the range as it is already, and it is not undecided.
 * Returns why nothing in it collapses; undefined if it does, and then writes `into`.
 */
export function countSharedRange(
  tally: Tally,
  sums: CollapseSums,
  pages: number,
  lists: WindowLists,
  orders: OrderSet,
  { maxPtesNone, maxPtesShared }: SharedLimits,
  into: CountedOutcome,
): Refusal | undefined {
  const { pmdOrder } = tally.geometry;
  const all = pagesPerRange(tally.geometry);
  const isPmdOnly = orders === 1 << pmdOrder;
  if (pages > maxPtesShared) return 'SCAN_EXCEED_SHARED_PTE';
  if ((orders >>> pmdOrder) & 1 && (isPmdOnly || all - pages <= maxPtesNone)) {
    const refusal = countRange(sums, pages, lists, orders, maxPtesNone, into);
    if (!refusal) tally.copiedSharedPages += pages;
    return refusal;
  }
  const first = maxPtesNone === all - 1 ? lists.any : lists.full;
  let attempts = 0;
  for (let order = 2; order < pmdOrder; order++)
    if ((orders >>> order) & 1) attempts += lists.counts[first + order];
  if (attempts === 0) return 'no-window';
  tally.attempts += attempts;
  const failed = tally.failedAttempts.get('SCAN_EXCEED_SHARED_PTE') ?? 0;
  tally.failedAttempts.set('SCAN_EXCEED_SHARED_PTE', failed + attempts);
  return 'SCAN_EXCEED_SHARED_PTE';
}
