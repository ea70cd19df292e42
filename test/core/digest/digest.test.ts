import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stateOf } from '../../../src/conform/probe/probe-batch.ts';
import { digestPlaceOf } from '../../../src/core/digest/place.ts';
import { DigestReader } from '../../../src/core/digest/reader.ts';
import { addDigest, type DigestTable, emptyDigest } from '../../../src/core/digest/table.ts';
import { type Geometry, geometryOfPmdOrder, pagesPerRange } from '../../../src/core/memory/geometry.ts';
import { emptyOccupancy } from '../../../src/core/memory/occupancy.ts';
import { anonOrders, type OrderSet } from '../../../src/core/memory/order.ts';
import { plainRange, type RangeState } from '../../../src/core/memory/range-state.ts';
import { addCounts, emptyCounts, type PolicyCounts } from '../../../src/core/plan/policy-counts.ts';
import { settledCounts } from '../../../src/core/plan/settled-counts.ts';
import { KERNEL_MODELS } from '../../../src/core/rules/kernel-model.ts';
import { type CollapsePolicy, collapsePolicy, defaultLimits } from '../../../src/core/rules/policy.ts';
import { openSnapshotFile } from '../../../src/snapshot/file.ts';
import { ranges as anyRanges } from '../../analysis/arbitraries.ts';
import { readCorpus } from '../../conform/corpus-file.ts';
import { addRangeToTable, REACH_PAGES } from '../../support/core/add-range.ts';
import { valueOf } from '../../support/ranges.ts';
import '../../support/seed.ts';
import { EXHAUSTIVE, slice } from '../../support/slice.ts';
import { occupancies } from '../arbitraries.ts';

function policyFor(orders: number, maxPtesNone: number, geometry: Geometry): CollapsePolicy {
  const limits = { ...defaultLimits(geometry), maxPtesNone };
  return collapsePolicy(orders as OrderSet, limits, KERNEL_MODELS['linux-7.2'], geometry);
}

function digestOf(ranges: readonly RangeState[], geometry: Geometry): DigestTable {
  const table = emptyDigest(geometry);
  const occupied = emptyOccupancy(geometry);
  for (const range of ranges) {
    if (digestPlaceOf(range, occupied) === 'ordinary') addRangeToTable(table, occupied, range.folioOrders);
  }
  return table;
}

function readOne(table: DigestTable, orders: number, maxPtesNone: number): PolicyCounts {
  const counts = emptyCounts(table.geometry);
  new DigestReader(table).read(orders as OrderSet, maxPtesNone, counts);
  return counts;
}

function walkAll(ranges: readonly RangeState[], policy: CollapsePolicy, geometry: Geometry): PolicyCounts {
  const counts = emptyCounts(geometry);
  for (const range of ranges) addCounts(counts, settledCounts(range, policy, REACH_PAGES));
  return counts;
}

function* subsets(mask: number): Generator<number> {
  for (let subset = mask; subset > 0; subset = (subset - 1) & mask) yield subset;
}

function sameCounts(a: PolicyCounts, b: PolicyCounts): boolean {
  for (const key of ['attempts', 'collapses', 'laterAttempts'] as const)
    for (let order = 0; order < a[key].length; order++) if (a[key][order] !== b[key][order]) return false;
  return (
    a.filledPages === b.filledPages &&
    a.copiedPages === b.copiedPages &&
    a.swappedInPages === b.swappedInPages &&
    a.newlyHugePages === b.newlyHugePages
  );
}

/** Compares every policy over one range; what differs comes out as text, so that only failures cost time. */
function firstDifference(range: RangeState): string | undefined {
  const { geometry } = range;
  const reader = new DigestReader(digestOf([range], geometry));
  for (const orders of subsets(anonOrders(geometry))) {
    for (let none = 0; none < pagesPerRange(geometry); none++) {
      const read = emptyCounts(geometry);
      reader.read(orders as OrderSet, none, read);
      const walked = settledCounts(range, policyFor(orders, none, geometry), REACH_PAGES);
      if (sameCounts(read, walked)) continue;
      const where = `pages ${range.facts.present[0].toString(2)} orders ${orders} none ${none}`;
      return `${where}: ${JSON.stringify(read)} / ${JSON.stringify(walked)}`;
    }
  }
  return undefined;
}

describe('every policy over every range', () => {
  // Folios of order 0, 2 or 3 on each of four pairs of PTEs.
  const small = slice(256 * 81, 7);
  test(`of 8 PTEs, with small pages and folios of order 2 and 3 on any pairs of them: ${small.length}`, {
    timeout: EXHAUSTIVE,
  }, () => {
    const geometry = geometryOfPmdOrder(3);
    for (const number of small) {
      const [present, folios] = [number % 256, Math.floor(number / 256)];
      const orders = Uint8Array.from(
        { length: 8 },
        (_, page) => [0, 2, 3][Math.floor(folios / 3 ** (page >>> 1)) % 3],
      );
      expect(firstDifference(plainRange(geometry, Uint32Array.of(present), orders))).toBeUndefined();
    }
  });

  const large = slice(5958, 7);
  test(`of 16 PTEs, every 11th of them, with folios drawn from its bits: ${large.length}`, {
    timeout: EXHAUSTIVE,
  }, () => {
    const geometry = geometryOfPmdOrder(4);
    for (const eleventh of large) {
      const present = 11 * eleventh;
      const orders = Uint8Array.from({ length: 16 }, (_, page) => ((present * 0x9e37) >>> (page >>> 1)) % 5);
      expect(firstDifference(plainRange(geometry, Uint32Array.of(present), orders))).toBeUndefined();
    }
  });
});

/** Occupancies in which folios of any order lie, whole and in part. */
function plainRanges(geometry: Geometry): fc.Arbitrary<RangeState> {
  const pages = pagesPerRange(geometry);
  const folio = fc.record({
    order: fc.integer({ min: 1, max: geometry.pmdOrder }),
    page: fc.nat({ max: pages - 1 }),
  });
  return fc
    .record({ present: occupancies(geometry), folios: fc.option(fc.array(folio, { maxLength: 6 })) })
    .map(({ present, folios }) => {
      const orders = folios ? new Uint8Array(pages) : undefined;
      for (const { order, page } of folios ?? [])
        orders?.fill(order, page - (page % 2 ** order), page - (page % 2 ** order) + 2 ** order);
      return plainRange(geometry, present, orders);
    });
}

const questions = (geometry: Geometry) => {
  const none = pagesPerRange(geometry) - 1;
  return fc.record({
    orders: fc.integer({ min: 1, max: anonOrders(geometry) }).map((mask) => mask & anonOrders(geometry)),
    none: fc.oneof(fc.constantFrom(0, none), fc.nat({ max: none })),
  });
};

for (const pmdOrder of [9, 11]) {
  test(`random policies over random ranges at PMD order ${pmdOrder}`, () => {
    const geometry = geometryOfPmdOrder(pmdOrder);
    fc.assert(
      fc.property(
        fc.array(plainRanges(geometry), { maxLength: 6 }),
        fc.array(questions(geometry), { maxLength: 6 }),
        (ranges, asked) => {
          const table = digestOf(ranges, geometry);
          for (const { orders, none } of asked) {
            expect(readOne(table, orders, none)).toEqual(
              walkAll(ranges, policyFor(orders, none, geometry), geometry),
            );
          }
        },
      ),
      { numRuns: pmdOrder === 9 ? 300 : 80 },
    );
  });
}

test('what a range may hold besides keeps it out of a digest, or changes nothing', () => {
  const geometry = geometryOfPmdOrder(9);
  const occupied = emptyOccupancy(geometry);
  const seen: Record<string, number> = { ordinary: 0, apart: 0, refused: 0 };
  fc.assert(
    fc.property(anyRanges(geometry), questions(geometry), (range, { orders, none }) => {
      const policy = policyFor(orders, none, geometry);
      const place = digestPlaceOf(range, occupied);
      // These have a table of their own: blocked.test.ts.
      if (place === 'blocked') return;
      seen[place in seen ? place : 'refused']++;
      if (place === 'apart') return;
      expect(readOne(digestOf([range], geometry), orders, none)).toEqual(
        settledCounts(range, policy, REACH_PAGES),
      );
    }),
    { numRuns: 1500 },
  );
  for (const count of Object.values(seen)) expect(count).toBeGreaterThan(0);
});

test('ranges that real kernels were asked about', () => {
  const geometry = geometryOfPmdOrder(9);
  let compared = 0;
  for (const { batch } of readCorpus('7.2').batches) {
    if (batch.call !== 'khugepaged') continue;
    const ordinary = batch.ranges
      .map((range) => stateOf(range))
      .filter((range) => digestPlaceOf(range, emptyOccupancy(geometry)) === 'ordinary');
    const policy = policyFor(batch.orders, batch.maxPtesNone, geometry);
    const read = readOne(digestOf(ordinary, geometry), batch.orders, batch.maxPtesNone);
    expect(read).toEqual(walkAll(ordinary, policy, geometry));
    compared += ordinary.length;
  }
  expect(compared).toBeGreaterThan(1000);
});

test('a real redis-server under random policies', async () => {
  const file = valueOf(await openSnapshotFile('examples/redis.parquet'));
  const { geometry } = file.host;
  const ranges: RangeState[] = [];
  for await (const item of file.items()) if (item.kind === 'ranges') ranges.push(...item.ranges);
  file.close();
  const ordinary = ranges.filter((each) => digestPlaceOf(each, emptyOccupancy(geometry)) === 'ordinary');
  expect(ordinary.length).toBeGreaterThan(100);
  const table = digestOf(ordinary, geometry);
  fc.assert(
    fc.property(questions(geometry), ({ orders, none }) => {
      const walked = walkAll(ordinary, policyFor(orders, none, geometry), geometry);
      expect(readOne(table, orders, none)).toEqual(walked);
    }),
    { numRuns: 25 },
  );
});

test('digests merged in any order and grouping are the same', () => {
  const geometry = geometryOfPmdOrder(9);
  const sorted = (table: DigestTable) => ({ ...table, rows: [...table.rows].sort(([a], [b]) => a - b) });
  fc.assert(
    fc.property(
      fc.array(fc.record({ range: plainRanges(geometry), group: fc.nat({ max: 3 }) }), { maxLength: 12 }),
      fc.shuffledSubarray([0, 1, 2, 3], { minLength: 4 }),
      (list, order) => {
        const whole = digestOf(
          list.map(({ range }) => range),
          geometry,
        );
        const groups = order.map((group) =>
          digestOf(
            list.filter((each) => each.group === group).map(({ range }) => range),
            geometry,
          ),
        );
        const [a, b, c, d] = groups;
        addDigest(c, d);
        addDigest(a, b);
        addDigest(c, a);
        expect(sorted(c)).toEqual(sorted(whole));
      },
    ),
    { numRuns: 60 },
  );
});
