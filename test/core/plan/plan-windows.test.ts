import fc from 'fast-check';
import { expect, test } from 'vitest';
import { stateOf } from '../../../src/conform/probe/probe-batch.ts';
import { digestPlaceOf } from '../../../src/core/digest/place.ts';
import { type Geometry, geometryOfPmdOrder, pagesPerRange } from '../../../src/core/memory/geometry.ts';
import { emptyOccupancy, type Occupancy } from '../../../src/core/memory/occupancy.ts';
import { anonOrders, type OrderSet } from '../../../src/core/memory/order.ts';
import { planRange } from '../../../src/core/plan/plan.ts';
import { planWindows, unpackWindow } from '../../../src/core/plan/plan-windows.ts';
import { KERNEL_MODELS } from '../../../src/core/rules/kernel-model.ts';
import { collapsePolicy, defaultLimits } from '../../../src/core/rules/policy.ts';
import { attemptEach } from '../../../src/core/search/algorithm.ts';
import { ALGORITHMS } from '../../../src/core/search/algorithms.ts';
import { walk } from '../../../src/core/search/walk.ts';
import { openSnapshotFile } from '../../../src/snapshot/file.ts';
import { ranges, runPolicies } from '../../analysis/arbitraries.ts';
import { readCorpus } from '../../conform/corpus-file.ts';
import { valueOf } from '../../support/ranges.ts';
import '../../support/seed.ts';
import { occupancies } from '../arbitraries.ts';

/** The windows that the walk attempts when every attempt succeeds, packed. */
function walked(occupied: Occupancy, orders: number, none: number, geometry: Geometry): number[] {
  const limits = { ...defaultLimits(geometry), maxPtesNone: none };
  const policy = collapsePolicy(orders as OrderSet, limits, KERNEL_MODELS['linux-7.2'], geometry);
  const windows: number[] = [];
  const attempt = attemptEach((offset, order) => {
    windows.push(offset * 16 + order);
    return 'SCAN_SUCCEED';
  });
  walk.collapse({ geometry, occupied, unmapped: 0, uffdArmed: false }, policy, attempt);
  return windows;
}

/** Plans a bitmap under one policy and compares with the walk; a difference comes out as text. */
function difference(
  occupied: Occupancy,
  orders: number,
  none: number,
  geometry: Geometry,
): string | undefined {
  const windows: number[] = [];
  planWindows(occupied, orders as OrderSet, none, geometry, windows);
  const mine = windows.join(' ');
  const its = walked(occupied, orders, none, geometry).join(' ');
  if (mine === its) return undefined;
  return `range ${occupied.join(' ')} orders ${orders} none ${none}: ${mine} / ${its}`;
}

const differences = (bitmaps: readonly Occupancy[], orders: number, none: number, geometry: Geometry) =>
  bitmaps.flatMap((bitmap) => difference(bitmap, orders, none, geometry) ?? []);

test('every range of 8 PTEs, and of 16, under every policy is planned as the walk does it', () => {
  for (const [pmdOrder, step] of [
    [3, 1],
    [4, 7],
  ]) {
    const geometry = geometryOfPmdOrder(pmdOrder);
    const bitmaps: Occupancy[] = [];
    for (let bits = 0; bits < 2 ** pagesPerRange(geometry); bits += step) bitmaps.push(Uint32Array.of(bits));
    for (let orders = 4; orders <= anonOrders(geometry); orders += 4) {
      for (let none = 0; none < pagesPerRange(geometry); none += 5)
        expect(differences(bitmaps, orders, none, geometry)).toEqual([]);
      const last = pagesPerRange(geometry) - 1;
      expect(differences(bitmaps, orders, last, geometry)).toEqual([]);
    }
  }
});

for (const pmdOrder of [9, 11, 13]) {
  test(`random ranges of PMD order ${pmdOrder} under random policies`, () => {
    const geometry = geometryOfPmdOrder(pmdOrder);
    const last = pagesPerRange(geometry) - 1;
    const policy = fc.record({
      orders: fc.integer({ min: 0, max: anonOrders(geometry) }).map((mask) => mask & anonOrders(geometry)),
      none: fc.oneof(fc.constantFrom(0, last), fc.nat({ max: last })),
    });
    fc.assert(
      fc.property(
        fc.array(occupancies(geometry), { minLength: 1, maxLength: 8 }),
        fc.array(policy, { minLength: 1, maxLength: 8 }),
        (bitmaps, policies) => {
          for (const { orders, none } of policies)
            expect(differences(bitmaps, orders, none, geometry)).toEqual([]);
        },
      ),
      { numRuns: pmdOrder === 9 ? 600 : 120 },
    );
  });
}

test.each(['walk', 'stack'] as const)('%s plans any range as its search does, step by step', (name) => {
  const geometry = geometryOfPmdOrder(9);
  const algorithm = ALGORITHMS[name];
  let attempts = 0;
  fc.assert(
    fc.property(ranges(geometry), runPolicies(geometry), (range, { settings, model }) => {
      const policy = collapsePolicy(anonOrders(geometry), settings, model, geometry);
      const searched = planRange(range, policy, { algorithm, observe: () => {} });
      expect(planRange(range, policy, { algorithm })).toEqual(searched);
      attempts += searched.attempts.length;
    }),
    { numRuns: 600 },
  );
  expect(attempts).toBeGreaterThan(1000);
});

test('ranges of 512 PTEs that differ in 16 bits, whatever word they are in', () => {
  const geometry = geometryOfPmdOrder(9);
  const bitmaps = Array.from({ length: 1024 }, (_, i) => {
    const bitmap = new Uint32Array(16).fill(i & 1 ? 0xffffffff : 0);
    bitmap[i & 15] = Math.imul(i, 0x9e3779b1) >>> 0;
    bitmap[(i >>> 4) & 15] |= 0xffff << (i & 16);
    return bitmap;
  });
  for (let orders = 4; orders <= anonOrders(geometry); orders += 4)
    for (const none of [0, 100, 511]) {
      const some = bitmaps.slice(orders % 32, (orders % 32) + 24);
      expect(differences(some, orders, none, geometry)).toEqual([]);
    }
});

test('what real kernels were asked about, and a real redis-server', async () => {
  const geometry = geometryOfPmdOrder(9);
  let compared = 0;
  for (const { batch } of readCorpus('7.3').batches) {
    if (batch.call !== 'khugepaged') continue;
    const bitmaps = batch.ranges.flatMap((range) => {
      const occupied = emptyOccupancy(geometry);
      return digestPlaceOf(stateOf(range), occupied) === 'ordinary' ? [occupied] : [];
    });
    expect(differences(bitmaps, batch.orders, batch.maxPtesNone, geometry)).toEqual([]);
    compared += bitmaps.length;
  }
  expect(compared).toBeGreaterThan(1000);
  const file = valueOf(await openSnapshotFile('examples/redis.parquet'));
  const bitmaps: Occupancy[] = [];
  for await (const item of file.items())
    if (item.kind === 'ranges') bitmaps.push(...item.ranges.map(({ facts }) => facts.present));
  file.close();
  for (const orders of [4, 16, 0x1fc, 0x3fc, 0x210])
    for (const none of [0, 300, 511]) expect(differences(bitmaps, orders, none, geometry)).toEqual([]);
});

test('a packed window is an offset and an order', () => {
  expect(unpackWindow(8188 * 16 + 2)).toEqual({ offset: 8188, order: 2 });
});
