import { pagesPerRange } from '../core/memory/geometry.ts';
import type { OrderSet } from '../core/memory/order.ts';
import { ALGORITHMS } from '../core/search/algorithms.ts';
import type { Refusal, Tally } from './tally.ts';
import type { RunPolicy } from './verdict.ts';

/**
 * The windows of a range by order, from 2 to one below the PMD order: full ones at `full + order` of a list,
 * those with a page at `any + order`.
 */
export interface WindowLists {
  readonly counts: ArrayLike<number>;
  readonly full: number;
  readonly any: number;
}

/** What becomes of a range. */
export interface CountedOutcome {
  /** The order whose folios hold most of its pages afterwards. */
  mainOrder: number;
  growthPages: number;
}

/** Whether counts of windows say what policies of this kind do to a range of small pages: docs/digest.md. */
export function canCount({ model, algorithm, outcomes }: RunPolicy): boolean {
  const isWalk = algorithm === ALGORITHMS.walk || algorithm === ALGORITHMS.stack;
  return isWalk && model.noneRule === 'ends' && outcomes.length === 0;
}

/**
 * Adds to a tally what changes in a range that khugepaged scans, of so many small pages and nothing else: all
 * its attempts succeed, and counts of its windows say how many there are (docs/digest.md). `tally` has the
 * range as it is already. Returns why nothing in it collapses; undefined if anything does, and then writes
 * `into`.
 */
export function countRange(
  tally: Tally,
  pages: number,
  { counts, full, any }: WindowLists,
  orders: OrderSet,
  maxPtesNone: number,
  into: CountedOutcome,
): Refusal | undefined {
  const { pmdOrder } = tally.geometry;
  const all = pagesPerRange(tally.geometry);
  const largest = 31 - Math.clz32(orders);
  const scanLimit = orders === 1 << pmdOrder ? maxPtesNone : all - 1;
  if (all - pages > scanLimit) return 'SCAN_EXCEED_NONE_PTE';

  let copied = 0;
  let covered = 0;
  let collapses = 0;
  let main = 0;
  let mainPages = 0;
  if (largest === pmdOrder && all - pages <= maxPtesNone) {
    collapses = 1;
    covered = mainPages = all;
    copied = pages;
    main = pmdOrder;
    tally.collapses[pmdOrder]++;
    tally.pagesAfter[pmdOrder] += all;
    tally.pmdMappedPages.after += all;
  } else if (maxPtesNone === all - 1) {
    collapses = counts[any + largest];
    covered = mainPages = collapses << largest;
    copied = pages;
    main = largest;
    tally.collapses[largest] += collapses;
    tally.pagesAfter[largest] += covered;
    tally.wholeFoliosAfter[largest] += collapses;
  } else {
    let inside = 0;
    for (let order = Math.min(largest, pmdOrder - 1); order >= 2; order--) {
      inside *= 2;
      if (!((orders >>> order) & 1)) continue;
      const count = counts[full + order];
      const outermost = count - inside;
      inside = count;
      if (outermost === 0) continue;
      const filled = outermost << order;
      tally.collapses[order] += outermost;
      tally.pagesAfter[order] += filled;
      tally.wholeFoliosAfter[order] += outermost;
      collapses += outermost;
      copied += filled;
      if (filled > mainPages) {
        main = order;
        mainPages = filled;
      }
    }
    if (copied === 0) return 'no-window';
    covered = copied;
  }
  const left = pages - copied;
  const growth = covered - copied;
  tally.attempts += collapses;
  tally.coveredPages += covered;
  tally.copiedPages += copied;
  tally.filledPages += growth;
  tally.pagesAfter[0] -= copied;
  tally.leftSmallPages += left;
  into.mainOrder = left > mainPages ? 0 : main;
  into.growthPages = growth;
  return undefined;
}
