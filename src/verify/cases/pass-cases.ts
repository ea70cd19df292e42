import { type Geometry, geometryOfPmdOrder, pagesPerRange } from '../../core/memory/geometry.ts';
import { emptyOccupancy, fullOccupancy, type Occupancy, setPage } from '../../core/memory/occupancy.ts';
import { anonOrders, MIN_ANON_ORDER, orderSet } from '../../core/memory/order.ts';
import type { ScanResult } from '../../core/rules/scan-result.ts';
import type { CaseSpace, TriedCase } from './case-space.ts';
import { reachesSearch } from './search-case.ts';

/** How many ranges come before the one that is looked at. */
const COUNTS = [0, 1, 2, 4, 8, 16, 32, 64];

/**
 * Passes of up to 65 ranges, for searches that keep something from one to the next: alike, or the last one of
 * another kind, with each of the results everywhere or at the PMD order alone.
 */
export function passCases(pmdOrder: number, results: readonly ScanResult[]): CaseSpace {
  const geometry = geometryOfPmdOrder(pmdOrder);
  const pages = pagesPerRange(geometry);
  return {
    pmdOrder,
    what: `passes of up to ${COUNTS[COUNTS.length - 1] + 1} full, sparse or half empty ranges, the last one of any kind`,
    exhaustive: false,
    results,
    limits: [pages - 1],
    *cases(): Generator<TriedCase> {
      const kinds = rangesOf(geometry);
      const ofPmd = orderSet([pmdOrder]);
      for (const count of COUNTS) {
        for (const earlier of count === 0 ? kinds.slice(0, 1) : kinds) {
          const before = Array.from({ length: count }, () => earlier.range);
          for (const { range, occupied } of kinds) {
            for (const orders of [anonOrders(geometry), orderSet([MIN_ANON_ORDER]), ofPmd]) {
              const shape = { range, orders, maxPtesNone: pages - 1, before };
              if (!reachesSearch(shape, occupied)) continue;
              for (const result of results) {
                yield { shape, outcome: () => result };
                yield { shape, outcome: (_, order) => (order === pmdOrder ? result : results[0]) };
              }
            }
          }
        }
      }
    },
  };
}

function rangesOf(geometry: Geometry) {
  const pages = pagesPerRange(geometry);
  const sparse = emptyOccupancy(geometry);
  for (let page = 0; page < pages; page += 1 << MIN_ANON_ORDER) setPage(sparse, page);
  const half = emptyOccupancy(geometry);
  for (let page = pages >>> 1; page < pages; page++) setPage(half, page);
  const range = (occupied: Occupancy) => ({ geometry, occupied, unmapped: 0, uffdArmed: false });
  return [
    { range: range(fullOccupancy(geometry)), occupied: pages },
    { range: range(sparse), occupied: pages >>> MIN_ANON_ORDER },
    { range: range(half), occupied: pages >>> 1 },
  ];
}
