import {
  type Geometry,
  geometryOfPmdOrder,
  MIN_PMD_ORDER,
  pagesPerRange,
} from '../../core/memory/geometry.ts';
import {
  clearPages,
  countPages,
  emptyOccupancy,
  hasPage,
  type Occupancy,
  setPage,
  withoutBlock,
} from '../../core/memory/occupancy.ts';
import {
  anonOrders,
  asOffset,
  asOrder,
  asOrderSet,
  hasOrder,
  intersectOrders,
  MIN_ANON_ORDER,
  NO_ORDERS,
  type OrderSet,
  orderSet,
  ordersOf,
  withOrder,
  withoutOrder,
} from '../../core/memory/order.ts';
import type { OutcomeRule } from '../../core/rules/outcome.ts';
import type { ScanResult } from '../../core/rules/scan-result.ts';
import type { ScannedRange } from '../../core/search/algorithm.ts';
import type { SearchCase } from './search-case.ts';

/**
 * The smallest case that is still wrong, by steps that each keep it so; yields once a case that it tries.
 * `fails` is a result that leads to smaller windows, if attempts may have one.
 */
export function* shrinkCase(
  found: SearchCase,
  fails: ScanResult | undefined,
  isWrong: (candidate: SearchCase) => boolean,
): Generator<void, SearchCase> {
  let smallest = found;
  for (let next: SearchCase | undefined = found; next !== undefined; ) {
    smallest = next;
    next = undefined;
    for (const candidate of smallerCases(smallest, fails)) {
      if (candidate.orders === NO_ORDERS && smallest.orders !== NO_ORDERS) continue;
      yield;
      if (!isWrong(candidate)) continue;
      next = candidate;
      break;
    }
  }
  return smallest;
}

/**
 * Cases that are smaller than this one in one way, the larger steps first: a smaller PMD order, fewer PTEs,
 * fewer enabled orders, fewer failures, a plainer limit, PTEs further left.
 */
function* smallerCases(searchCase: SearchCase, fails: ScanResult | undefined): Generator<SearchCase> {
  if (searchCase.before) {
    yield* fewerBefore(searchCase);
    return;
  }
  // No kernel searches where nothing is enabled.
  if (searchCase.orders === NO_ORDERS)
    for (const order of ordersOf(anonOrders(searchCase.range.geometry)))
      yield { ...searchCase, orders: orderSet([order]) };
  for (const half of halves(searchCase)) {
    yield half;
    if (fails) yield* withMoreFailures(half, fails);
  }
  yield* fewerPtes(searchCase);
  if (fails)
    for (const range of fewerPages(searchCase.range))
      yield* withMoreFailures({ ...searchCase, range }, fails);
  yield* lowerOrders(searchCase);
  const { range, orders, outcomes, maxPtesNone } = searchCase;
  for (const order of ordersOf(orders)) yield { ...searchCase, orders: withoutOrder(orders, order) };
  // What holds for single windows goes before what holds for all of an order.
  for (const rule of outcomes.toReversed())
    yield { ...searchCase, outcomes: outcomes.filter((each) => each !== rule) };
  yield* narrowerRules(searchCase);
  if (range.uffdArmed) yield { ...searchCase, range: { ...range, uffdArmed: false } };
  const largest = pagesPerRange(range.geometry) - 1;
  // Under the largest limit one page does what a full window does under 0.
  if (maxPtesNone !== largest) yield { ...searchCase, maxPtesNone: largest };
  if (maxPtesNone !== largest && maxPtesNone !== 0) yield { ...searchCase, maxPtesNone: 0 };
  yield* plainerLimits(searchCase);
  yield* furtherLeft(searchCase);
}

/**
 * With all orders, no limit, and failures everywhere or above the smallest order, but where the case says
 * otherwise: few pages then make many attempts.
 */
function* withMoreFailures({ range, outcomes }: SearchCase, fails: ScanResult): Generator<SearchCase> {
  const orders = anonOrders(range.geometry);
  const more = { range, orders, maxPtesNone: pagesPerRange(range.geometry) - 1 };
  for (const failing of [orders, withoutOrder(orders, MIN_ANON_ORDER)]) {
    const rule = { offset: undefined, orders: failing, result: fails };
    yield { ...more, outcomes: [rule] };
    if (outcomes.length === 0) continue;
    yield { ...more, outcomes: [rule, ...outcomes] };
    yield { ...more, outcomes: [rule, ...outcomes.map((each) => lifted(each, range.geometry))] };
  }
}

/**
 * With fewer ranges before it in its pass, down to one less; or with fewer orders and failures. Every step
 * searches all of them, so pages are left as they are.
 */
function* fewerBefore({ before = [], ...searchCase }: SearchCase): Generator<SearchCase> {
  yield searchCase;
  for (let count = before.length >>> 1; count >= 1; count >>>= 1)
    for (let first = 0; first + count <= before.length; first += count)
      yield { ...searchCase, before: before.toSpliced(first, count) };
  for (const order of ordersOf(searchCase.orders))
    yield { ...searchCase, before, orders: withoutOrder(searchCase.orders, order) };
  for (const rule of searchCase.outcomes.toReversed())
    yield { ...searchCase, before, outcomes: searchCase.outcomes.filter((each) => each !== rule) };
}

/** Without the limits of orders, or with one of them less, or nothing. */
function* plainerLimits({ noneLimits, ...searchCase }: SearchCase): Generator<SearchCase> {
  if (!noneLimits) return;
  yield searchCase;
  for (const [order, limit] of noneLimits.entries()) {
    if (limit === undefined) continue;
    yield { ...searchCase, noneLimits: noneLimits.with(order, undefined) };
    if (limit > 0) yield { ...searchCase, noneLimits: noneLimits.with(order, 0) };
  }
}

/** With a failure at fewer orders, or of one order at one window. */
function* narrowerRules(searchCase: SearchCase): Generator<SearchCase> {
  const { range, outcomes } = searchCase;
  for (const rule of outcomes) {
    if (rule.offset !== undefined) continue;
    const replaced = (by: OutcomeRule) => outcomes.map((each) => (each === rule ? by : each));
    const orders = ordersOf(rule.orders);
    for (const order of orders.length > 1 ? orders : [])
      yield { ...searchCase, outcomes: replaced({ ...rule, orders: withoutOrder(rule.orders, order) }) };
    if (orders.length !== 1) continue;
    for (let offset = 0; offset < pagesPerRange(range.geometry); offset += 1 << orders[0]) {
      if (isBlank(range.occupied, offset, 1 << orders[0])) continue;
      yield { ...searchCase, outcomes: replaced({ ...rule, offset: asOffset(offset) }) };
    }
  }
}

/** The rule for the window around its window. */
function lifted(rule: OutcomeRule, { pmdOrder }: Geometry): OutcomeRule {
  const order = ordersOf(rule.orders).at(-1) ?? pmdOrder;
  if (rule.offset === undefined || order >= pmdOrder) return rule;
  return { ...rule, offset: asOffset(rule.offset & -(2 << order)), orders: orderSet([order + 1]) };
}

/** Without a block of pages, or with single pages far apart, which many windows hold. */
function* fewerPages(range: ScannedRange): Generator<ScannedRange> {
  const { geometry, occupied } = range;
  const pages = pagesPerRange(geometry);
  for (let size = pages >>> 1; size >= 1; size >>>= 1) {
    for (let first = 0; first < pages; first += size) {
      const kept = withoutBlock(occupied, first, size);
      if (kept) yield { ...range, occupied: kept };
    }
  }
  const places = [0];
  for (let place = 1 << MIN_ANON_ORDER; place < pages; place *= 2) places.push(place);
  for (let chosen = 1; chosen < 1 << places.length; chosen++) {
    const apart = places.filter((_, i) => (chosen >>> i) % 2 === 1);
    if (apart.length !== countPages(occupied) - 1) continue;
    const single = emptyOccupancy(geometry);
    for (const place of apart) setPage(single, place);
    yield { ...range, occupied: single };
  }
}

/**
 * With the pages of one block, and the failures in it, where its empty left neighbour is; large blocks first.
 */
function* furtherLeft(searchCase: SearchCase): Generator<SearchCase> {
  const { range, outcomes } = searchCase;
  const { geometry, occupied } = range;
  for (let order = geometry.pmdOrder - 1; order >= 0; order--) {
    const size = 1 << order;
    for (let first = size; first < pagesPerRange(geometry); first += 2 * size) {
      if (isBlank(occupied, first, size) || !isBlank(occupied, first - size, size)) continue;
      const moved = occupied.slice();
      clearPages(moved, first, size);
      for (let page = first; page < first + size; page++)
        if (hasPage(occupied, page)) setPage(moved, page - size);
      const follow = (rule: OutcomeRule) =>
        rule.offset !== undefined && rule.offset >= first && rule.offset < first + size
          ? { ...rule, offset: asOffset(rule.offset - size) }
          : rule;
      // Windows around the block begin where they began, unless they begin with it.
      const rules = outcomes.map((rule) => (rule.orders >>> (order + 1) === 0 ? follow(rule) : rule));
      yield { ...searchCase, range: { ...range, occupied: moved }, outcomes: rules };
    }
  }
}

function isBlank(occupied: Occupancy, first: number, count: number): boolean {
  for (let page = first; page < first + count; page++) if (hasPage(occupied, page)) return false;
  return true;
}

/** Two quarters of the range, side by side, as a range of half the size. */
function* halves(searchCase: SearchCase): Generator<SearchCase> {
  const { range, orders, outcomes, maxPtesNone, noneLimits } = searchCase;
  const { geometry } = range;
  if (geometry.pmdOrder === MIN_PMD_ORDER) return;
  const limitsLeft = noneLimits && { noneLimits: noneLimits.slice(0, geometry.pmdOrder) };
  const half = geometryOfPmdOrder(geometry.pmdOrder - 1);
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
        yield { range: shrunk, orders: mask, maxPtesNone: limit, outcomes: rules, ...limitsLeft };
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
      const raised = searchCase.noneLimits?.map(
        (limit, order) => limit && Math.min(limit + size, (1 << order) - 1),
      );
      if (raised) yield { ...smaller, noneLimits: raised };
    }
  }
}
