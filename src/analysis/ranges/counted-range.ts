import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import type { OrderSet } from '../../core/memory/order.ts';
import { ALGORITHMS } from '../../core/search/algorithms.ts';
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
 * What collapses in ranges of which all attempts succeed, added up until it is put into a tally: half a
 * million ranges are counted for one tally.
 */
export interface CollapseSums {
  readonly geometry: Geometry;
  /** Collapses by order. */
  readonly made: Float64Array;
  copiedPages: number;
  /** Pages that stay small in ranges where something collapses. */
  leftPages: number;
}

export function emptyCollapseSums(geometry: Geometry): CollapseSums {
  return { geometry, made: new Float64Array(geometry.pmdOrder + 1), copiedPages: 0, leftPages: 0 };
}

/** Puts sums into a tally that has their ranges as they are already, and empties them. */
export function addCollapses(tally: Tally, sums: CollapseSums): void {
  const { made, copiedPages, leftPages, geometry } = sums;
  let covered = 0;
  for (let order = 2; order < made.length; order++) {
    const pages = made[order] * 2 ** order;
    if (pages === 0) continue;
    covered += pages;
    tally.attempts += made[order];
    tally.collapses[order] += made[order];
    tally.pagesAfter[order] += pages;
    if (order === geometry.pmdOrder) tally.pmdMappedPages.after += pages;
    else tally.wholeFoliosAfter[order] += made[order];
  }
  tally.coveredPages += covered;
  tally.copiedPages += copiedPages;
  tally.filledPages += covered - copiedPages;
  tally.pagesAfter[0] -= copiedPages;
  tally.leftSmallPages += leftPages;
  made.fill(0);
  sums.copiedPages = sums.leftPages = 0;
}

/**
 * Adds what changes in a range that khugepaged scans, of so many small pages and nothing else: all its
 * attempts succeed, and counts of its windows say how many there are (docs/digest.md). Returns why nothing in
 * it collapses; undefined if anything does, and then writes `into`.
 */
export function countRange(
  sums: CollapseSums,
  pages: number,
  { counts, full, any }: WindowLists,
  orders: OrderSet,
  maxPtesNone: number,
  into: CountedOutcome,
): Refusal | undefined {
  const { made, geometry } = sums;
  const { pmdOrder } = geometry;
  const all = pagesPerRange(geometry);
  const largest = 31 - Math.clz32(orders);
  const scanLimit = orders === 1 << pmdOrder ? maxPtesNone : all - 1;
  if (all - pages > scanLimit) return 'SCAN_EXCEED_NONE_PTE';

  let copied = pages;
  let main = largest;
  let mainPages = 0;
  let growth = 0;
  if (largest === pmdOrder && all - pages <= maxPtesNone) {
    mainPages = all;
    growth = all - pages;
    made[pmdOrder]++;
  } else if (maxPtesNone === all - 1) {
    const windows = counts[any + largest];
    mainPages = windows << largest;
    growth = mainPages - pages;
    made[largest] += windows;
  } else {
    copied = 0;
    let inside = 0;
    for (let order = Math.min(largest, pmdOrder - 1); order >= 2; order--) {
      inside *= 2;
      if (!((orders >>> order) & 1)) continue;
      const count = counts[full + order];
      const outermost = count - inside;
      inside = count;
      if (outermost === 0) continue;
      const filled = outermost << order;
      made[order] += outermost;
      copied += filled;
      if (filled > mainPages) {
        main = order;
        mainPages = filled;
      }
    }
    if (copied === 0) return 'no-window';
  }
  const left = pages - copied;
  sums.copiedPages += copied;
  sums.leftPages += left;
  into.mainOrder = left > mainPages ? 0 : main;
  into.growthPages = growth;
  return undefined;
}
