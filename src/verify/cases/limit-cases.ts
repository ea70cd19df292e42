import {
  type Geometry,
  geometryOfPmdOrder,
  MIN_PMD_ORDER,
  pagesPerRange,
} from '../../core/memory/geometry.ts';
import { countPages, emptyOccupancy, setPages } from '../../core/memory/occupancy.ts';
import { MIN_ANON_ORDER, NO_ORDERS, ordersOf } from '../../core/memory/order.ts';
import type { NoneLimits } from '../../core/rules/policy.ts';
import type { ScanResult } from '../../core/rules/scan-result.ts';
import type { CaseSpace, TriedCase } from './case-space.ts';
import { everySetOfOrders, setsToFollow } from './order-sets.ts';
import { OutcomeTree } from './outcome-tree.ts';
import { reachesSearch, type Shape } from './search-case.ts';

/**
 * Cases in which each order has a limit of its own: at the smallest PMD order all, with every range, set of
 * orders and outcome of two results; at others one window of each order with as many holes as the limit of
 * its order lets pass, and one more, where all other orders let none pass.
 */
export function limitCases(pmdOrder: number, results: readonly ScanResult[]): CaseSpace {
  return pmdOrder === MIN_PMD_ORDER
    ? everyLimit(results.slice(0, 2))
    : limitOfEachWindow(pmdOrder, results.slice(0, 1));
}

/** A shape that is changed in place. */
function changing(geometry: Geometry) {
  const occupied = emptyOccupancy(geometry);
  const range = { geometry, occupied, unmapped: 0, uffdArmed: false };
  return { range, orders: NO_ORDERS, maxPtesNone: 0, noneLimits: [] as NoneLimits };
}

function everyLimit(results: readonly ScanResult[]): CaseSpace {
  const geometry = geometryOfPmdOrder(MIN_PMD_ORDER);
  const pages = pagesPerRange(geometry);
  return {
    pmdOrder: MIN_PMD_ORDER,
    what: `every range, set of orders, limit of each order and outcome of ${results.length} results`,
    exhaustive: true,
    results,
    limits: undefined,
    *cases(): Generator<TriedCase> {
      const shape = changing(geometry);
      const tree = new OutcomeTree(results, MIN_PMD_ORDER);
      const tried = { shape, outcome: tree.outcome };
      const byPages = Array.from({ length: 1 << pages }, (_, bits) => bits).sort(
        (a, b) => bitsOf(a) - bitsOf(b),
      );
      for (const bits of byPages) {
        shape.range.occupied[0] = bits;
        for (const orders of everySetOfOrders(geometry)) {
          shape.orders = orders;
          for (const limits of limitsOf(ordersOf(orders))) {
            shape.noneLimits = limits;
            if (!reachesSearch(shape, bitsOf(bits))) continue;
            do yield tried;
            while (tree.advance());
          }
        }
      }
    },
  };
}

function bitsOf(bits: number): number {
  return countPages(new Uint32Array([bits]));
}

/** Every choice of a limit for each of the orders. */
function* limitsOf([order, ...others]: readonly number[]): Generator<NoneLimits> {
  if (order === undefined) {
    yield [];
    return;
  }
  for (const limits of limitsOf(others)) {
    for (let limit = 0; limit < 1 << order; limit++) {
      const all: (number | undefined)[] = [...limits];
      all[order] = limit;
      yield Array.from(all);
    }
  }
}

function limitOfEachWindow(pmdOrder: number, results: readonly ScanResult[]): CaseSpace {
  const geometry = geometryOfPmdOrder(pmdOrder);
  const { sets, what } = setsToFollow(geometry);
  return {
    pmdOrder,
    what: `one window with as many holes as its order lets pass, or one more, all others none; ${what}`,
    exhaustive: false,
    results,
    limits: undefined,
    *cases(): Generator<TriedCase> {
      const shape = changing(geometry);
      const tried = { shape, outcome: () => results[0] };
      for (const orders of sets) {
        shape.orders = orders;
        for (const order of ordersOf(orders)) {
          for (const holes of new Set([1, 1 << (order - 1), (1 << order) - 1])) {
            for (let offset = 0; offset < pagesPerRange(geometry); offset += 1 << order) {
              shape.range.occupied.fill(0);
              setPages(shape.range.occupied, offset + holes, (1 << order) - holes);
              for (const limit of [holes, holes - 1]) {
                shape.noneLimits = limitsWith(pmdOrder, order, limit);
                if (reaches(shape)) yield tried;
              }
            }
          }
        }
      }
    },
  };
}

function reaches(shape: Shape): boolean {
  return reachesSearch(shape, countPages(shape.range.occupied));
}

function limitsWith(pmdOrder: number, one: number, limit: number): NoneLimits {
  return Array.from({ length: pmdOrder + 1 }, (_, order) =>
    order === one ? limit : order < MIN_ANON_ORDER ? undefined : 0,
  );
}
