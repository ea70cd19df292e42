import fc from 'fast-check';
import { type Geometry, geometryOfPmdOrder, pagesPerRange } from '../../src/core/memory/geometry.ts';
import { emptyOccupancy, type Occupancy, setPages } from '../../src/core/memory/occupancy.ts';
import { anonOrders, type OrderSet } from '../../src/core/memory/order.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { CollapsePolicy } from '../../src/core/rules/policy.ts';
import { SCAN_RESULTS, type ScanResult } from '../../src/core/rules/scan-result.ts';
import { type Attempt, attemptEach, type ScannedRange } from '../../src/core/search/algorithm.ts';

export const geometries = fc.constantFrom(9, 11, 13).map(geometryOfPmdOrder);

/** Bitmaps of runs and of single pages; most hold some aligned full windows. */
export function occupancies(geometry: Geometry): fc.Arbitrary<Occupancy> {
  const pages = pagesPerRange(geometry);
  const place = fc.nat({ max: pages - 1 });
  const run = fc.record({ first: place, count: fc.oneof(fc.integer({ min: 1, max: 40 }), place) });
  const block = fc
    .record({ order: fc.nat({ max: geometry.pmdOrder }), place })
    .map(({ order, place }) => ({ first: place - (place % 2 ** order), count: 2 ** order }));
  return fc.array(fc.oneof(run, block), { maxLength: 12 }).map((runs) => {
    const occupancy = emptyOccupancy(geometry);
    for (const { first, count } of runs) setPages(occupancy, first, Math.min(count, pages - first));
    return occupancy;
  });
}

export interface SearchCase {
  readonly range: ScannedRange;
  readonly policy: CollapsePolicy;
}

/** Ranges and policies of linux-7.2 at PMD orders 9, 11 and 13, with every mask of anonymous orders. */
export const searchCases: fc.Arbitrary<SearchCase> = geometries.chain((geometry) => {
  const pages = pagesPerRange(geometry);
  const limit = fc.oneof(fc.constantFrom(0, pages - 1), fc.nat({ max: pages - 1 }));
  return fc.record({
    range: fc.record({
      geometry: fc.constant(geometry),
      occupied: occupancies(geometry),
      unmapped: fc.oneof(fc.constant(0), fc.nat({ max: pages >>> 3 })),
      uffdArmed: fc.boolean(),
    }),
    policy: fc.record({
      orders: fc
        .integer({ min: 0, max: anonOrders(geometry) })
        .map((mask) => (mask & anonOrders(geometry)) as OrderSet),
      maxPtesNone: limit,
      maxPtesSwap: limit,
      maxPtesShared: limit,
      caller: fc.constant('khugepaged' as const),
      model: fc.constant(KERNEL_MODELS['linux-7.2']),
    }),
  });
});

/** Attempts whose result depends on the window alone, drawn from a few of these results. */
export function attempts(results: readonly ScanResult[] = SCAN_RESULTS): fc.Arbitrary<Attempt> {
  return fc
    .record({ seed: fc.nat(), drawn: fc.array(fc.constantFrom(...results), { minLength: 1, maxLength: 8 }) })
    .map(({ seed, drawn }) =>
      attemptEach((offset, order) => drawn[mix(seed + offset * 16 + order) % drawn.length]),
    );
}

/** Scatters an integer over 32 bits. */
function mix(value: number): number {
  let bits = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  bits = Math.imul(bits ^ (bits >>> 16), 0x45d9f3b);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/** Folios that lie where the kernel puts them, or anywhere, or one order everywhere. */
export function folioOrders(geometry: Geometry): fc.Arbitrary<Uint8Array> {
  const { pmdOrder } = geometry;
  const order = fc.integer({ min: 0, max: pmdOrder });
  const pieces = fc.array(fc.tuple(order, fc.boolean()), { minLength: 1, maxLength: 40 });
  const laid = pieces.map((list) => {
    const orders = new Uint8Array(pagesPerRange(geometry));
    for (let page = 0, i = 0; page < orders.length; i++) {
      const [order, isAligned] = list[i % list.length];
      const start = isAligned ? Math.ceil(page / 2 ** order) * 2 ** order : page;
      orders.fill(order, start, start + 2 ** order);
      page = start + 2 ** order;
    }
    return orders;
  });
  return fc.oneof(
    laid,
    order.map((each) => new Uint8Array(pagesPerRange(geometry)).fill(each)),
  );
}
