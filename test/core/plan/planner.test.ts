import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { digestPlaceOf } from '../../../src/core/digest/place.ts';
import { type Geometry, geometryOfPmdOrder, pagesPerRange } from '../../../src/core/memory/geometry.ts';
import { KERNEL_MODELS } from '../../../src/core/rules/kernel-model.ts';
import { emptyOccupancy, type Occupancy, wordsPerRange } from '../../../src/core/memory/occupancy.ts';
import { anonOrders, type OrderSet } from '../../../src/core/memory/order.ts';
import { unpackWindow } from '../../../src/core/plan/plan-windows.ts';
import {
  createWasmPlanner,
  createPlanner,
  createPlainPlanner,
  type Planner,
} from '../../../src/core/plan/planner.ts';
import { collapsePolicy, defaultLimits } from '../../../src/core/rules/policy.ts';
import { attemptEach } from '../../../src/core/search/algorithm.ts';
import { walk } from '../../../src/core/search/walk.ts';
import { stateOf } from '../../../src/conform/probe-batch.ts';
import { openSnapshotFile } from '../../../src/snapshot/file.ts';
import { readCorpus } from '../../conform/corpus-file.ts';
import { valueOf } from '../../ranges.ts';
import '../../seed.ts';
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

/** Plans all bitmaps under one policy and compares with the walk; the first difference comes out as text. */
function difference(
  planner: Planner,
  bitmaps: readonly Occupancy[],
  orders: number,
  none: number,
  geometry: Geometry,
): string | undefined {
  bitmaps.forEach((bitmap, i) => planner.occupied.set(bitmap, i * wordsPerRange(geometry)));
  const planned = planner.plan(bitmaps.length, orders as OrderSet, none);
  const windows = Array.from(planned.windows);
  let begin = 0;
  for (const [i, bitmap] of bitmaps.entries()) {
    const mine = windows.slice(begin, planned.ends[i]).join(' ');
    const its = walked(bitmap, orders, none, geometry).join(' ');
    if (mine !== its) return `range ${bitmap.join(' ')} orders ${orders} none ${none}: ${mine} / ${its}`;
    begin = planned.ends[i];
  }
  return begin === windows.length ? undefined : `${windows.length - begin} windows too many`;
}

const PATHS = { TypeScript: createPlainPlanner, WebAssembly: createWasmPlanner };

test('every range of 8 PTEs, and of 16, under every policy is planned as the walk does it', () => {
  for (const [pmdOrder, step] of [
    [3, 1],
    [4, 7],
  ]) {
    const geometry = geometryOfPmdOrder(pmdOrder);
    const bitmaps: Occupancy[] = [];
    for (let bits = 0; bits < 2 ** pagesPerRange(geometry); bits += step) bitmaps.push(Uint32Array.of(bits));
    const planner = createPlanner(geometry, bitmaps.length);
    for (let orders = 4; orders <= anonOrders(geometry); orders += 4) {
      for (let none = 0; none < pagesPerRange(geometry); none += 5)
        expect(difference(planner, bitmaps, orders, none, geometry)).toBeUndefined();
      const last = pagesPerRange(geometry) - 1;
      expect(difference(planner, bitmaps, orders, last, geometry)).toBeUndefined();
    }
  }
});

for (const [path, create] of Object.entries(PATHS)) {
  describe(`on ${path}`, () => {
    for (const pmdOrder of [9, 11, 13]) {
      test(`random ranges of PMD order ${pmdOrder} under random policies`, () => {
        const geometry = geometryOfPmdOrder(pmdOrder);
        const last = pagesPerRange(geometry) - 1;
        const planner = valueOf({ ok: true, value: create(geometry, 8) as Planner });
        const question = fc.record({
          orders: fc
            .integer({ min: 0, max: anonOrders(geometry) })
            .map((mask) => mask & anonOrders(geometry)),
          none: fc.oneof(fc.constantFrom(0, last), fc.nat({ max: last })),
        });
        fc.assert(
          fc.property(
            fc.array(occupancies(geometry), { minLength: 1, maxLength: 8 }),
            fc.array(question, { minLength: 1, maxLength: 8 }),
            (bitmaps, questions) => {
              for (const { orders, none } of questions)
                expect(difference(planner, bitmaps, orders, none, geometry)).toBeUndefined();
            },
          ),
          { numRuns: pmdOrder === 9 ? 600 : 120 },
        );
      });
    }

    test('ranges of 512 PTEs that differ in 16 bits, whatever word they are in', () => {
      const geometry = geometryOfPmdOrder(9);
      const bitmaps = Array.from({ length: 1024 }, (_, i) => {
        const bitmap = new Uint32Array(16).fill(i & 1 ? 0xffffffff : 0);
        bitmap[i & 15] = Math.imul(i, 0x9e3779b1) >>> 0;
        bitmap[(i >>> 4) & 15] |= 0xffff << (i & 16);
        return bitmap;
      });
      const planner = create(geometry, bitmaps.length) as Planner;
      for (let orders = 4; orders <= anonOrders(geometry); orders += 4)
        for (const none of [0, 100, 511])
          expect(
            difference(planner, bitmaps.slice(orders % 32, (orders % 32) + 24), orders, none, geometry),
          ).toBeUndefined();
    });

    test('what real kernels were asked about, and a real redis-server', async () => {
      const geometry = geometryOfPmdOrder(9);
      const planner = create(geometry, 4096) as Planner;
      let compared = 0;
      for (const { batch } of readCorpus('7.3').batches) {
        if (batch.call !== 'khugepaged') continue;
        const bitmaps = batch.ranges.flatMap((range) => {
          const occupied = emptyOccupancy(geometry);
          return digestPlaceOf(stateOf(range), occupied) === 'ordinary' ? [occupied] : [];
        });
        expect(difference(planner, bitmaps, batch.orders, batch.maxPtesNone, geometry)).toBeUndefined();
        compared += bitmaps.length;
      }
      expect(compared).toBeGreaterThan(1000);
      const file = valueOf(await openSnapshotFile('examples/redis.parquet'));
      const bitmaps: Occupancy[] = [];
      for await (const item of file.items())
        if (item.kind === 'ranges') bitmaps.push(...item.ranges.map(({ present }) => present));
      file.close();
      for (const orders of [4, 16, 0x1fc, 0x3fc, 0x210])
        for (const none of [0, 300, 511])
          expect(difference(planner, bitmaps, orders, none, geometry)).toBeUndefined();
    });
  });
}

test('a packed window is an offset and an order', () => {
  expect(unpackWindow(8188 * 16 + 2)).toEqual({ offset: 8188, order: 2 });
});

test('the committed kernel is what its source assembles to', () => {
  execFileSync(process.execPath, ['scripts/assemble-kernel.mjs', '--check']);
});
