import { type Geometry, MIN_PMD_ORDER, pagesPerRange } from '../core/memory/geometry.ts';
import { countPages, emptyOccupancy, hasPage, setPage, withoutBlock } from '../core/memory/occupancy.ts';
import {
  anonOrders,
  asOffset,
  asOrder,
  hasOrder,
  MIN_ANON_ORDER,
  orderSet,
  type OrderSet,
  ordersOf,
} from '../core/memory/order.ts';
import type { LabCase } from './lab-case.ts';

/**
 * Cases that are smaller than this one in one way, the larger steps first: a smaller PMD order, fewer PTEs, fewer
 * enabled orders, fewer failures, a plainer limit.
 */
export function* smallerCases(labCase: LabCase): Generator<LabCase> {
  yield* halves(labCase);
  yield* fewerPtes(labCase);
  yield* lowerOrders(labCase);
  const { range, orders, outcomes, maxPtesNone } = labCase;
  for (const order of ordersOf(orders)) yield { ...labCase, orders: (orders & ~(1 << order)) as OrderSet };
  for (const rule of outcomes) yield { ...labCase, outcomes: outcomes.filter((each) => each !== rule) };
  if (range.uffdArmed) yield { ...labCase, range: { ...range, uffdArmed: false } };
  const largest = pagesPerRange(range.geometry) - 1;
  // Under the largest limit one page does what a full window does under 0.
  if (maxPtesNone !== largest) yield { ...labCase, maxPtesNone: largest };
  if (maxPtesNone !== largest && maxPtesNone !== 0) yield { ...labCase, maxPtesNone: 0 };
}

/** Two quarters of the range, side by side, as a range of half the size. */
function* halves(labCase: LabCase): Generator<LabCase> {
  const { range, orders, outcomes, maxPtesNone } = labCase;
  const { geometry } = range;
  if (geometry.pmdOrder === MIN_PMD_ORDER) return;
  const half: Geometry = { ...geometry, pmdOrder: geometry.pmdOrder - 1 };
  const pages = pagesPerRange(half);
  const quarter = pages >>> 1;
  const kept = (orders & anonOrders(half)) as OrderSet;
  // What is asked of the PMD order may be what matters.
  const masks = kept === orders ? [kept] : [kept, (kept | pages) as OrderSet];
  const limits = new Set([maxPtesNone >>> 1, maxPtesNone === 2 * pages - 1 ? pages - 1 : 0]);
  for (const [left, right] of PAIRS_OF_QUARTERS) {
    const occupied = emptyOccupancy(half);
    for (let page = 0; page < quarter; page++) {
      if (hasPage(range.occupied, left * quarter + page)) setPage(occupied, page);
      if (hasPage(range.occupied, right * quarter + page)) setPage(occupied, quarter + page);
    }
    const unmapped = Math.min(range.unmapped, pages - countPages(occupied));
    for (const mask of masks) {
      const rules = outcomes.flatMap((rule) => {
        const offset = (rule.offset ?? 0) as number;
        const isPmd = mask !== kept && hasOrder(rule.orders, asOrder(geometry.pmdOrder));
        if (isPmd) return [{ ...rule, orders: orderSet([half.pmdOrder]) }];
        const place = [left as number, right].indexOf(Math.floor(offset / quarter));
        const ordersLeft = (rule.orders & anonOrders(half)) as OrderSet;
        const moved = asOffset(place * quarter + (offset % quarter));
        return place < 0 || ordersLeft === 0 ? [] : [{ ...rule, offset: moved, orders: ordersLeft }];
      });
      for (const limit of limits) {
        const shrunk = { ...range, geometry: half, occupied, unmapped };
        yield { range: shrunk, orders: mask, maxPtesNone: limit, outcomes: rules };
      }
    }
  }
}

/** The halves of the range first, then what is left without a quarter in between. */
const PAIRS_OF_QUARTERS = [
  [0, 1],
  [2, 3],
  [0, 2],
  [1, 3],
  [0, 3],
  [1, 2],
] as const;

/** With one enabled order lowered by one, and the failures of its windows with it. */
function* lowerOrders(labCase: LabCase): Generator<LabCase> {
  for (const order of ordersOf(labCase.orders)) {
    if (order <= MIN_ANON_ORDER || hasOrder(labCase.orders, asOrder(order - 1))) continue;
    const lowered = (orders: OrderSet) =>
      (hasOrder(orders, order) ? (orders & ~(1 << order)) | (1 << (order - 1)) : orders) as OrderSet;
    const outcomes = labCase.outcomes.map((rule) => ({ ...rule, orders: lowered(rule.orders) }));
    yield { ...labCase, orders: lowered(labCase.orders), outcomes };
  }
}

/** Without swapped PTEs, or without the pages of one block, large blocks first. */
function* fewerPtes(labCase: LabCase): Generator<LabCase> {
  const { range } = labCase;
  const { occupied, unmapped, geometry } = range;
  for (const fewer of new Set([0, unmapped >>> 1, unmapped - 1])) {
    if (fewer >= 0 && fewer < unmapped) yield { ...labCase, range: { ...range, unmapped: fewer } };
  }
  const pages = pagesPerRange(geometry);
  for (let size = pages; size >= 1; size >>>= 1) {
    for (let first = 0; first < pages; first += size) {
      const kept = withoutBlock(occupied, first, size);
      if (!kept) continue;
      const smaller = { ...labCase, range: { ...range, occupied: kept } };
      yield smaller;
      // Where the limit between two values matters, it has to follow.
      if (labCase.maxPtesNone + size < pages) yield { ...smaller, maxPtesNone: labCase.maxPtesNone + size };
    }
  }
}
