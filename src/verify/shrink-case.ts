import { type Geometry, MIN_PMD_ORDER, pagesPerRange } from '../core/memory/geometry.ts';
import { countPages, emptyOccupancy, hasPage, setPage, withoutBlock } from '../core/memory/occupancy.ts';
import {
  anonOrders,
  asOffset,
  asOrder,
  asOrderSet,
  hasOrder,
  intersectOrders,
  MIN_ANON_ORDER,
  type OrderSet,
  orderSet,
  ordersOf,
  withOrder,
  withoutOrder,
} from '../core/memory/order.ts';
import type { SearchCase } from './search-case.ts';

/**
 * Cases that are smaller than this one in one way, the larger steps first: a smaller PMD order, fewer PTEs,
 * fewer enabled orders, fewer failures, a plainer limit.
 */
export function* smallerCases(searchCase: SearchCase): Generator<SearchCase> {
  yield* halves(searchCase);
  yield* fewerPtes(searchCase);
  yield* lowerOrders(searchCase);
  const { range, orders, outcomes, maxPtesNone } = searchCase;
  for (const order of ordersOf(orders)) yield { ...searchCase, orders: withoutOrder(orders, order) };
  for (const rule of outcomes) yield { ...searchCase, outcomes: outcomes.filter((each) => each !== rule) };
  if (range.uffdArmed) yield { ...searchCase, range: { ...range, uffdArmed: false } };
  const largest = pagesPerRange(range.geometry) - 1;
  // Under the largest limit one page does what a full window does under 0.
  if (maxPtesNone !== largest) yield { ...searchCase, maxPtesNone: largest };
  if (maxPtesNone !== largest && maxPtesNone !== 0) yield { ...searchCase, maxPtesNone: 0 };
}

/** Two quarters of the range, side by side, as a range of half the size. */
function* halves(searchCase: SearchCase): Generator<SearchCase> {
  const { range, orders, outcomes, maxPtesNone } = searchCase;
  const { geometry } = range;
  if (geometry.pmdOrder === MIN_PMD_ORDER) return;
  const half: Geometry = { ...geometry, pmdOrder: geometry.pmdOrder - 1 };
  const pages = pagesPerRange(half);
  const quarter = pages >>> 1;
  const kept = intersectOrders(orders, anonOrders(half));
  // What is asked of the PMD order may be what matters.
  const masks = kept === orders ? [kept] : [kept, asOrderSet(kept | pages)];
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
        const offset = rule.offset ?? 0;
        const isPmd = mask !== kept && hasOrder(rule.orders, asOrder(geometry.pmdOrder));
        if (isPmd) return [{ ...rule, orders: orderSet([half.pmdOrder]) }];
        const place = [left as number, right].indexOf(Math.floor(offset / quarter));
        const ordersLeft = intersectOrders(rule.orders, anonOrders(half));
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
function* lowerOrders(searchCase: SearchCase): Generator<SearchCase> {
  for (const order of ordersOf(searchCase.orders)) {
    if (order <= MIN_ANON_ORDER || hasOrder(searchCase.orders, asOrder(order - 1))) continue;
    const lowered = (orders: OrderSet) =>
      hasOrder(orders, order) ? withOrder(withoutOrder(orders, order), asOrder(order - 1)) : orders;
    const outcomes = searchCase.outcomes.map((rule) => ({ ...rule, orders: lowered(rule.orders) }));
    yield { ...searchCase, orders: lowered(searchCase.orders), outcomes };
  }
}

/** Without swapped PTEs, or without the pages of one block, large blocks first. */
function* fewerPtes(searchCase: SearchCase): Generator<SearchCase> {
  const { range } = searchCase;
  const { occupied, unmapped, geometry } = range;
  for (const fewer of new Set([0, unmapped >>> 1, unmapped - 1])) {
    if (fewer >= 0 && fewer < unmapped) yield { ...searchCase, range: { ...range, unmapped: fewer } };
  }
  const pages = pagesPerRange(geometry);
  for (let size = pages; size >= 1; size >>>= 1) {
    for (let first = 0; first < pages; first += size) {
      const kept = withoutBlock(occupied, first, size);
      if (!kept) continue;
      const smaller = { ...searchCase, range: { ...range, occupied: kept } };
      yield smaller;
      // Where the limit between two values matters, it has to follow.
      if (searchCase.maxPtesNone + size < pages)
        yield { ...smaller, maxPtesNone: searchCase.maxPtesNone + size };
    }
  }
}
