import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BlockedCounter } from '../../../src/core/digest/blocked-range.ts';
import { BlockedReader } from '../../../src/core/digest/blocked-reader.ts';
import { addBlocked, type BlockedTable, emptyBlocked } from '../../../src/core/digest/blocked-table.ts';
import { BlockedWalks } from '../../../src/core/digest/blocked-walk.ts';
import { digestPlaceOf } from '../../../src/core/digest/place.ts';
import { type Geometry, geometryOfPmdOrder, pagesPerRange } from '../../../src/core/memory/geometry.ts';
import {
  difference,
  emptyOccupancy,
  fullOccupancy,
  hasPage,
  type Occupancy,
  setPage,
} from '../../../src/core/memory/occupancy.ts';
import { anonOrders, type OrderSet } from '../../../src/core/memory/order.ts';
import { plainRange, type RangeState } from '../../../src/core/memory/range-state.ts';
import { addCounts, emptyCounts, type PolicyCounts } from '../../../src/core/plan/policy-counts.ts';
import { settledCounts } from '../../../src/core/plan/settled-counts.ts';
import { KERNEL_MODELS, type KernelModel } from '../../../src/core/rules/kernel-model.ts';
import { SWEPT_KERNEL_NAMES } from '../../../src/core/rules/kernel-names.ts';
import { type CollapseLimits, collapsePolicy } from '../../../src/core/rules/policy.ts';
import { ranges as anyRanges } from '../../analysis/arbitraries.ts';
import { REACH_PAGES } from '../../support/core/add-range.ts';
import { expectSame } from '../../support/expect-same.ts';
import '../../support/seed.ts';
import { EXHAUSTIVE, slice } from '../../support/slice.ts';
import { occupancies } from '../arbitraries.ts';

/** The table of those of the ranges that it counts, and these. */
function tableOf(ranges: readonly RangeState[], geometry: Geometry) {
  const table = emptyBlocked(geometry);
  const counter = new BlockedCounter(geometry, REACH_PAGES);
  const occupied = emptyOccupancy(geometry);
  const counted = ranges.filter((range) => {
    const isBlocked = digestPlaceOf(range, occupied) === 'blocked';
    if (isBlocked) counter.add(table, range, occupied);
    return isBlocked;
  });
  return { table, counted };
}

interface Question extends CollapseLimits {
  readonly orders: OrderSet;
  readonly model: KernelModel;
}

function read(table: BlockedTable, { orders, model, ...limits }: Question): PolicyCounts {
  const counts = emptyCounts(table.geometry);
  const { orders: possible } = collapsePolicy(orders, limits, model, table.geometry);
  const { unmappedFillsPmd } = model;
  new BlockedReader(table, { ...limits, unmappedFillsPmd }).read(possible, limits.maxPtesNone, counts);
  return counts;
}

function walk(ranges: readonly RangeState[], question: Question, geometry: Geometry): PolicyCounts {
  const { orders, model, ...limits } = question;
  const counts = emptyCounts(geometry);
  const policy = collapsePolicy(orders, limits, model, geometry);
  for (const range of ranges) addCounts(counts, settledCounts(range, policy, REACH_PAGES));
  return counts;
}

/** What each PTE of a small range is: empty, private, shared or swapped. */
function rangeOfNumber(number: number, geometry: Geometry, kinds: number): RangeState {
  const [present, shared, swap] = [0, 0, 0].map(() => emptyOccupancy(geometry));
  for (let page = 0, rest = number; page < pagesPerRange(geometry); page++, rest = Math.floor(rest / kinds)) {
    const kind = rest % kinds;
    if (kind === 1 || kind === 2) setPage(present, page);
    if (kind === 2) setPage(shared, page);
    if (kind === 3) setPage(swap, page);
  }
  const plain = plainRange(geometry, present, new Uint8Array(pagesPerRange(geometry)));
  return { ...plain, facts: { ...plain.facts, shared, swap } };
}

function* questionsOf(geometry: Geometry, models: readonly KernelModel[]): Generator<Question> {
  const pages = pagesPerRange(geometry);
  for (const model of models)
    for (let mask = 4; mask <= anonOrders(geometry); mask += 4)
      for (let maxPtesNone = 0; maxPtesNone < pages; maxPtesNone++)
        for (const limit of [0, 1, pages >>> 2, pages >>> 1, pages - 1])
          yield { orders: mask as OrderSet, model, maxPtesNone, maxPtesSwap: limit, maxPtesShared: limit };
}

for (const [pmdOrder, kinds, stride] of [
  [3, 4, 11],
  [4, 3, 9001],
] as const) {
  const geometry = geometryOfPmdOrder(pmdOrder);
  const cases = slice(Math.floor(kinds ** pagesPerRange(geometry) / stride), 17);
  test(`every policy over ranges of ${pagesPerRange(geometry)} PTEs of ${kinds} kinds: ${cases.length}`, {
    timeout: EXHAUSTIVE,
  }, () => {
    const models =
      pmdOrder === 3 ? [KERNEL_MODELS['linux-7.2'], KERNEL_MODELS.v18] : [KERNEL_MODELS['linux-7.2']];
    const questions = [...questionsOf(geometry, models)];
    let compared = 0;
    for (const number of cases) {
      const { table, counted } = tableOf([rangeOfNumber(number * stride + 1, geometry, kinds)], geometry);
      if (counted.length === 0) continue;
      compared++;
      for (const question of questions)
        expectSame(
          read(table, question),
          walk(counted, question, geometry),
          () => `${number} ${JSON.stringify(question)}`,
        );
    }
    expect(compared).toBeGreaterThan(cases.length / 20);
  });
}

test('every policy over ranges that the LRU batch matters to, walked in short', {
  timeout: EXHAUSTIVE,
}, () => {
  const geometry = geometryOfPmdOrder(4);
  const questions = [...questionsOf(geometry, [KERNEL_MODELS['linux-7.2']])];
  let apart = 0;
  for (const number of slice(Math.floor(3 ** 16 / 30_011), 11)) {
    const range = rangeOfNumber(number * 30_011 + 2, geometry, 3);
    if (digestPlaceOf(range, emptyOccupancy(geometry)) === 'apart') apart++;
    const walks = new BlockedWalks(geometry, REACH_PAGES);
    for (const question of questions) {
      const { orders, model, ...limits } = question;
      const policy = collapsePolicy(orders, limits, model, geometry);
      const counts = walks.counts(range, policy);
      if (counts)
        expectSame(counts, settledCounts(range, policy, REACH_PAGES), () => JSON.stringify(question));
    }
  }
  expect(apart).toBeGreaterThan(20);
});

/** Ranges with shared pages and swap entries: all of them, some, or runs; large folios are shared. */
function blockedRanges(geometry: Geometry): fc.Arbitrary<RangeState> {
  const pages = pagesPerRange(geometry);
  const few = fc.array(fc.nat({ max: pages - 1 }), { maxLength: 5 }).map((list) => {
    const some = emptyOccupancy(geometry);
    for (const page of list) setPage(some, page);
    return some;
  });
  const none = fc.constant(emptyOccupancy(geometry));
  const folio = fc.record({ order: fc.nat({ max: geometry.pmdOrder }), page: fc.nat({ max: pages - 1 }) });
  return fc
    .record({
      present: fc.oneof(occupancies(geometry), few),
      isPrivate: fc.oneof(none, few, occupancies(geometry)),
      swap: fc.oneof({ weight: 2, arbitrary: none }, few, occupancies(geometry)),
      zero: fc.oneof({ weight: 3, arbitrary: none }, few),
      folios: fc.array(folio, { maxLength: 4 }),
    })
    .map(({ present, isPrivate, swap, zero, folios }) => {
      const folioOrders = new Uint8Array(pages);
      const shared = difference(present, isPrivate);
      for (const { order, page } of folios) {
        const first = page - (page % 2 ** order);
        for (let at = first; at < first + 2 ** order; at++) if (hasPage(shared, at)) folioOrders[at] = order;
      }
      const plain = plainRange(geometry, present, folioOrders);
      return { ...plain, facts: { ...plain.facts, zero, shared, swap: difference(swap, present) } };
    });
}

/** Nearly full ranges with some shared pages anywhere, where failed attempts put much back. */
function plainShared(geometry: Geometry): fc.Arbitrary<RangeState> {
  const pages = pagesPerRange(geometry);
  const some = (maxLength: number) =>
    fc.array(fc.nat({ max: pages - 1 }), { maxLength }).map((list) => {
      const bitmap = emptyOccupancy(geometry);
      for (const page of list) setPage(bitmap, page);
      return bitmap;
    });
  return fc
    .record({ holes: some(4), shared: fc.oneof(some(20), some(pages >>> 2)), swap: some(2) })
    .map(({ holes, shared, swap }) => {
      const empty = holes.map((word, i) => word | swap[i]);
      const plain = plainRange(geometry, difference(fullOccupancy(geometry), empty), new Uint8Array(pages));
      return { ...plain, facts: { ...plain.facts, shared, swap } };
    });
}

function questions(geometry: Geometry): fc.Arbitrary<Question> {
  const last = pagesPerRange(geometry) - 1;
  const limit = fc.oneof(fc.constantFrom(0, last), fc.nat({ max: last }));
  return fc.record({
    orders: fc.nat().map((mask) => (mask & anonOrders(geometry)) as OrderSet),
    model: fc.constantFrom(...SWEPT_KERNEL_NAMES.map((name) => KERNEL_MODELS[name])),
    maxPtesNone: limit,
    maxPtesSwap: limit,
    maxPtesShared: limit,
  });
}

for (const pmdOrder of [3, 4, 5, 6, 9, 11]) {
  test(`random policies over random ranges at PMD order ${pmdOrder}`, () => {
    const geometry = geometryOfPmdOrder(pmdOrder);
    let compared = 0;
    fc.assert(
      fc.property(
        fc.array(fc.oneof(blockedRanges(geometry), anyRanges(geometry)), { maxLength: 6 }),
        fc.array(questions(geometry), { maxLength: 6 }),
        (ranges, asked) => {
          const { table, counted } = tableOf(ranges, geometry);
          compared += counted.length;
          for (const each of asked) expect(read(table, each)).toEqual(walk(counted, each, geometry));
        },
      ),
      { numRuns: pmdOrder < 9 ? 500 : 100 },
    );
    expect(compared).toBeGreaterThan(50);
  });
}

for (const pmdOrder of [5, 6, 9, 11]) {
  test(`random ranges are walked in short as they are walked, PMD order ${pmdOrder}`, () => {
    const geometry = geometryOfPmdOrder(pmdOrder);
    const answered = { blocked: 0, apart: 0 };
    fc.assert(
      fc.property(
        fc.oneof(
          { weight: 4, arbitrary: blockedRanges(geometry) },
          { weight: 2, arbitrary: plainShared(geometry) },
          anyRanges(geometry),
        ),
        fc.array(questions(geometry), { maxLength: 8 }),
        (range, asked) => {
          const walks = new BlockedWalks(geometry, REACH_PAGES);
          const place = digestPlaceOf(range, emptyOccupancy(geometry));
          for (const { orders, model, ...limits } of asked) {
            const policy = collapsePolicy(orders, limits, model, geometry);
            const counts = walks.counts(range, policy);
            if (!counts) continue;
            if (place === 'blocked' || place === 'apart') answered[place]++;
            expect(counts).toEqual(settledCounts(range, policy, REACH_PAGES));
          }
        },
      ),
      { numRuns: pmdOrder < 9 ? 800 : 250 },
    );
    expect(answered.blocked).toBeGreaterThan(20);
    expect(answered.apart).toBeGreaterThan(20);
  });
}

test('tables merged in any grouping are the same', () => {
  const geometry = geometryOfPmdOrder(6);
  const sorted = ({ rows, windows }: BlockedTable) =>
    [rows, windows].map((map) => [...map].sort(([a], [b]) => a - b));
  fc.assert(
    fc.property(fc.array(blockedRanges(geometry), { maxLength: 8 }), fc.nat({ max: 8 }), (ranges, cut) => {
      const { table } = tableOf(ranges, geometry);
      const [head, tail] = [ranges.slice(0, cut), ranges.slice(cut)].map(
        (part) => tableOf(part, geometry).table,
      );
      addBlocked(tail, head);
      expect(sorted(tail)).toEqual(sorted(table));
    }),
  );
});

const marks = (text: string, mark: string, geometry: Geometry): Occupancy => {
  const pages = emptyOccupancy(geometry);
  for (const [page, each] of [...text].entries()) if (mark.includes(each)) setPage(pages, page);
  return pages;
};

test.each([
  // P private, S shared, w swapped, - empty.
  ['SSSSSSSS--------', 'blocked'],
  // Four private pages go back to the LRU batch when the eight are tried, and are not to be had after that.
  ['PPPPSPPP--------', 'apart'],
  ['SPPPPPPP--------', 'blocked'],
  ['--PP--SP--------', 'apart'],
  ['----PPSP--------', 'blocked'],
  ['--PP--SPPPPPPP-w', 'apart'],
  // With swap entries in them the larger windows end before anything is isolated.
  ['PPPPSw--PPPPPPPP', 'blocked'],
  // A range with swap entries and few pages is not scanned to its end.
  ['PPPPw-----------', 'SCAN_LACK_REFERENCED_PAGE'],
])('%s: %s', (text, place) => {
  const geometry = geometryOfPmdOrder(4);
  const plain = plainRange(geometry, marks(text, 'PS', geometry), new Uint8Array(16));
  const facts = { ...plain.facts, shared: marks(text, 'S', geometry), swap: marks(text, 'w', geometry) };
  expect(digestPlaceOf({ ...plain, facts }, emptyOccupancy(geometry))).toBe(place);
});

test('a range with private folios beside shared pages is kept apart', () => {
  const geometry = geometryOfPmdOrder(4);
  const plain = plainRange(geometry, Uint32Array.of(0xffff), new Uint8Array(16).fill(2, 0, 4));
  const withShared = (pages: number): RangeState => ({
    ...plain,
    facts: { ...plain.facts, shared: Uint32Array.of(pages) },
  });
  expect(digestPlaceOf(withShared(0xf0f0), emptyOccupancy(geometry))).toBe('apart');
  expect(digestPlaceOf(withShared(0x000f), emptyOccupancy(geometry))).toBe('blocked');
});

test('rows and windows add their parts of an answer each by itself', () => {
  const geometry = geometryOfPmdOrder(6);
  fc.assert(
    fc.property(fc.array(blockedRanges(geometry), { maxLength: 8 }), questions(geometry), (ranges, asked) => {
      const { table } = tableOf(ranges, geometry);
      const sum = read({ ...table, rows: new Map() }, asked);
      addCounts(sum, read({ ...table, windows: new Map() }, asked));
      expect(sum).toEqual(read(table, asked));
    }),
    { numRuns: 300 },
  );
});
