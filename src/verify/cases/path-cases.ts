import { plural } from '../../core/base/plural.ts';
import { type Geometry, geometryOfPmdOrder, pagesPerRange } from '../../core/memory/geometry.ts';
import { emptyOccupancy, fullOccupancy, setPages } from '../../core/memory/occupancy.ts';
import { asOffset, asOrder, NO_ORDERS, type Order, ordersOf, type Window } from '../../core/memory/order.ts';
import { isPossibleOnRetry } from '../../core/rules/outcome.ts';
import { actionAfter, type ScanResult } from '../../core/rules/scan-result.ts';
import type { CaseSpace, DecideOutcome, TriedCase } from './case-space.ts';
import { setsToFollow } from './order-sets.ts';
import { reachesSearch } from './search-case.ts';

/** Results that attempts may have, by what they are for. */
export interface PathResults {
  /** Each is tried at every window. */
  readonly each: readonly ScanResult[];
  /** The few of which pairs are tried. */
  readonly few: readonly ScanResult[];
}

/**
 * Cases of a large PMD order that follow the tree of its windows: every set of orders, every window, reached
 * by failures of all those around it. What exhaustion of small orders cannot see and chance seldom meets: one
 * window of one set where one result leads astray.
 */
export function pathSpaces(pmdOrder: number, { each, few }: PathResults): CaseSpace[] {
  const fails = few.find((result) => actionAfter(result) === 'next-order');
  const sets = setsToFollow(geometryOfPmdOrder(pmdOrder)).what;
  const edges = edgeCases(pmdOrder, few.slice(0, 1));
  if (fails === undefined) return [edges];
  return [
    edges,
    {
      ...full(pmdOrder, each),
      what: `full range, ${sets}, every window reached by failures, ${plural(each.length, 'result')} there`,
      cases: () => oddWindows(pmdOrder, each, fails),
    },
    {
      ...full(pmdOrder, few),
      what: `the same with ${plural(few.length, 'result')} there, and one that is odd around it or to its left`,
      cases: () => oddPairs(pmdOrder, few, fails),
    },
  ];
}

function full(pmdOrder: number, results: readonly ScanResult[]) {
  return { pmdOrder, exhaustive: false, results, limits: [0] } as const;
}

/** A window with an end of its own. */
interface OddWindow {
  offset: number;
  order: number;
  result: ScanResult;
  /** How the retry with reclaim ends. */
  retry: ScanResult;
}

/** One odd window in each set of orders. */
function* oddWindows(
  pmdOrder: number,
  results: readonly ScanResult[],
  fails: ScanResult,
): Generator<TriedCase> {
  const geometry = geometryOfPmdOrder(pmdOrder);
  const odd: OddWindow = { offset: 0, order: 0, result: fails, retry: fails };
  const { shape, tried } = caseOf(geometry, fails, [odd]);
  for (const orders of setsToFollow(geometry).sets) {
    shape.orders = orders;
    for (const window of windowsOf(geometry, ordersOf(orders))) {
      Object.assign(odd, window);
      for (const result of results) {
        odd.result = result;
        for (const retry of isPossibleOnRetry(result) ? [result] : retriesOf(results)) {
          odd.retry = retry;
          yield tried;
        }
      }
    }
  }
}

/** After a light miss: whether the retry succeeds or not. */
function retriesOf(results: readonly ScanResult[]): readonly ScanResult[] {
  const ends: readonly ScanResult[] = ['SCAN_SUCCEED', 'SCAN_ALLOC_HUGE_PAGE_FAIL'];
  return ends.filter((end) => results.includes(end));
}

/** Two odd windows: one around the other, or one that ends where the other begins. */
function* oddPairs(
  pmdOrder: number,
  results: readonly ScanResult[],
  fails: ScanResult,
): Generator<TriedCase> {
  const geometry = geometryOfPmdOrder(pmdOrder);
  const first: OddWindow = { offset: 0, order: 0, result: fails, retry: fails };
  const second: OddWindow = { ...first };
  const { shape, tried } = caseOf(geometry, fails, [first, second]);
  const descending = results.filter((result) => result !== fails && actionAfter(result) === 'next-order');
  const others = results.filter((result) => result !== fails);
  for (const orders of setsToFollow(geometry).sets) {
    shape.orders = orders;
    const enabled = ordersOf(orders);
    for (const window of windowsOf(geometry, enabled)) {
      Object.assign(second, window);
      for (const order of enabled) {
        if (order > window.order) yield* pairs(window.offset & -(1 << order), order, descending);
        const before = window.offset - (1 << order);
        if (before >= 0 && before % (1 << order) === 0) yield* pairs(before, order, others);
      }
    }
  }

  function* pairs(offset: number, order: number, ends: readonly ScanResult[]): Generator<TriedCase> {
    Object.assign(first, { offset, order });
    for (const result of ends) {
      first.result = result;
      first.retry = result;
      for (const end of results) {
        second.result = end;
        second.retry = end;
        yield tried;
      }
    }
  }
}

/** Only one window holds pages: all of them, all but one, or one alone. */
function edgeCases(pmdOrder: number, results: readonly ScanResult[]): CaseSpace {
  const geometry = geometryOfPmdOrder(pmdOrder);
  const pages = pagesPerRange(geometry);
  const limits = [0, pages >>> 1, pages - 1];
  const { sets, what } = setsToFollow(geometry);
  return {
    pmdOrder,
    what: `one window full, but for its first or last page, or with that page alone; ${what}`,
    exhaustive: false,
    results,
    limits,
    *cases(): Generator<TriedCase> {
      const occupied = emptyOccupancy(geometry);
      const shape = {
        range: { geometry, occupied, unmapped: 0, uffdArmed: false },
        orders: NO_ORDERS,
        maxPtesNone: 0,
      };
      const tried = { shape, outcome: () => results[0] };
      for (const orders of sets) {
        shape.orders = orders;
        for (const { offset, order } of windowsOf(geometry, ordersOf(orders))) {
          const size = 1 << order;
          for (const [first, count] of [
            [0, size],
            [1, size - 1],
            [0, size - 1],
            [0, 1],
            [size - 1, 1],
          ] as const) {
            occupied.fill(0);
            setPages(occupied, offset + first, count);
            for (const limit of limits) {
              shape.maxPtesNone = limit;
              if (reachesSearch(shape, count)) yield tried;
            }
          }
        }
      }
    },
  };
}

function* windowsOf({ pmdOrder }: Geometry, orders: readonly Order[]): Generator<Window> {
  for (const order of orders)
    for (let offset = 0; offset < 1 << pmdOrder; offset += 1 << order)
      yield { offset: asOffset(offset), order: asOrder(order) };
}

/** A full range in which the odd windows end as they say, those around them fail, and all others succeed. */
function caseOf(geometry: Geometry, fails: ScanResult, odds: readonly OddWindow[]) {
  const range = { geometry, occupied: fullOccupancy(geometry), unmapped: 0, uffdArmed: false };
  const shape = { range, orders: NO_ORDERS, maxPtesNone: 0 };
  const outcome: DecideOutcome = (offset, order, reclaim) => {
    for (const odd of odds)
      if (odd.offset === offset && odd.order === order) return reclaim ? odd.retry : odd.result;
    for (const odd of odds) if (order > odd.order && (odd.offset & -(1 << order)) === offset) return fails;
    return 'SCAN_SUCCEED';
  };
  return { shape, tried: { shape, outcome } };
}
