import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { pagesPerRange } from '../../../../src/core/memory/geometry.ts';
import { asOffset, asOrder, ordersOf, withoutOrder } from '../../../../src/core/memory/order.ts';
import type { ScanResult } from '../../../../src/core/rules/scan-result.ts';
import {
  type Attempt,
  attemptEach,
  type CollapseAlgorithm,
  type Visit,
} from '../../../../src/core/search/algorithm.ts';
import { PartStore } from '../../../../src/core/search/rounds/part-store.ts';
import { collapseInRounds, rounds } from '../../../../src/core/search/rounds/rounds.ts';
import { ROUNDS_MACHINE } from '../../../../src/core/search/rounds/rounds-machine.ts';
import { scanForRounds } from '../../../../src/core/search/rounds/scan.ts';
import { walk } from '../../../../src/core/search/walk.ts';
import { policyOf, rangeOf, scannedOf } from '../../../support/ranges.ts';
import '../../../support/seed.ts';
import { attempts, searchCases } from '../../arbitraries.ts';
import { type RoundsVector, roundsVectors } from './rounds-vectors.ts';

/** Runs the scan and the rounds of a vector; attempts as the vector writes them. */
function run({ range: text, policy: policyText, part, outcome = () => 'SCAN_SUCCEED' }: RoundsVector) {
  const range = rangeOf(text);
  const policy = policyOf(policyText);
  const scan = scanForRounds(range, policy, part);
  const batches: string[] = [];
  let installed = 0;
  const attempt: Attempt = (batch) => {
    const each = batch.map(({ offset, order, reclaim }) => `${offset}:${order}${reclaim ? '*' : ''}`);
    batches.push(each.join(' '));
    return batch.map(({ offset, order, reclaim = false }) => {
      const has = (page: number) => page >= offset && page < offset + 2 ** order;
      const result = outcome({ offset, order, reclaim, has });
      if (result === 'SCAN_SUCCEED') installed += 2 ** order;
      return result;
    });
  };
  const { geometry, uffdArmed } = range;
  const { occupied, unmapped, pmdRefusal } = scan;
  const { start, end } = part ?? { start: 0, end: pagesPerRange(geometry) };
  const refused = {
    geometry,
    occupied,
    unmapped,
    uffdArmed,
    start,
    end,
    refusal: pmdRefusal ?? 'SCAN_SUCCEED',
  };
  const orders = pmdRefusal ? withoutOrder(policy.orders, asOrder(geometry.pmdOrder)) : policy.orders;
  const result =
    scan.result === 'SCAN_SUCCEED'
      ? collapseInRounds(ROUNDS_MACHINE, refused, { ...policy, orders }, attempt)
      : scan.result;
  return { scan, result, attempts: batches.join(' | '), installed };
}

describe('rounds attempt and return', () => {
  for (const vector of roundsVectors) {
    test(`vector ${vector.number}`, () => {
      const ran = run(vector);
      expect(ran.attempts).toBe(vector.attempts);
      expect(ran.result).toBe(vector.result);
      if (vector.installed !== undefined) expect(ran.installed).toBe(vector.installed);
      if (vector.exceeded) expect(ran.scan.exceeded).toEqual(vector.exceeded);
    });
  }

  test('none of the 23 is missing', () => {
    const numbers = new Set(roundsVectors.map(({ number }) => Number.parseInt(number, 10)));
    expect([...numbers].sort((a, b) => a - b)).toEqual(Array.from({ length: 23 }, (_, i) => i + 1));
  });

  test('vector 12 stops at the 65th swapped PTE', () => {
    const vector = roundsVectors.find(({ number }) => number === '12');
    expect(vector && run(vector).scan.looked).toBe(165);
  });
});

describe('the scan of rounds', () => {
  const scan = (range: Parameters<typeof rangeOf>[0], policy: Parameters<typeof policyOf>[0] = {}) =>
    scanForRounds(rangeOf(range), policyOf(policy));

  test.each([
    ['a uffd mark', { present: 'all', uffd: '7' }, 'SCAN_PTE_UFFD'],
    ['a uffd mark on a swapped PTE', { present: '0-6,8-511', swap: '7', uffd: '7' }, 'SCAN_PTE_UFFD'],
    ['a MADV_FREE page', { present: 'all', lazyfree: '7' }, 'SCAN_PAGE_LAZYFREE'],
    ['a locked page', { present: 'all', locked: '7' }, 'SCAN_PAGE_LOCK'],
  ] as const)('%s costs the PMD order and its own bit, no more', (_, range, refusal) => {
    const found = scan(range);
    expect(found).toMatchObject({ result: 'SCAN_SUCCEED', pmdRefusal: refusal, looked: 512 });
    expect(found.occupied[0]).toBe(0xffffff7f);
  });

  test('of several reasons against the PMD order the first one is kept', () => {
    expect(scan({ present: 'all', lazyfree: '9', locked: '7' }).pmdRefusal).toBe('SCAN_PAGE_LOCK');
    const holes = scan({ present: '3-511', locked: '7' }, { maxPtesNone: 2 });
    expect(holes).toMatchObject({ pmdRefusal: 'SCAN_EXCEED_NONE_PTE', exceeded: ['SCAN_EXCEED_NONE_PTE'] });
    const late = scan({ present: '0-508', locked: '7' }, { maxPtesNone: 2 });
    expect(late).toMatchObject({ pmdRefusal: 'SCAN_PAGE_LOCK', exceeded: [] });
  });

  test('the none limit of the scan is that of the PMD order, 0 if userfaultfd is armed', () => {
    expect(scan({ present: '0-510' }).pmdRefusal).toBeUndefined();
    expect(scan({ present: '0-510', uffdArmed: true }).pmdRefusal).toBe('SCAN_EXCEED_NONE_PTE');
  });

  test('a zero page is a hole, a pinned or shared page has a bit', () => {
    const found = scan({ present: 'all', zero: '0-3', pinned: '4', shared: '5' }, { maxPtesNone: 511 });
    expect(found).toMatchObject({ result: 'SCAN_SUCCEED', noneOrZero: 4, shared: 1, referenced: 508 });
    expect(found.pmdRefusal).toBeUndefined();
    expect(found.occupied[0]).toBe(0xfffffff0);
  });

  test('swap demands references for half the range, for the PMD order only', () => {
    const found = scan({ present: '0-254', swap: '500' });
    expect(found).toMatchObject({ result: 'SCAN_SUCCEED', pmdRefusal: 'SCAN_LACK_REFERENCED_PAGE' });
    expect(scan({ present: '0-255', swap: '500' }).pmdRefusal).toBeUndefined();
  });

  test('a range that is one huge page already is left alone', () => {
    const found = scan({ present: 'all', pmdMapped: true });
    expect(found).toMatchObject({ result: 'SCAN_PMD_MAPPED', looked: 1 });
  });
});

/** What a run of rounds took: its batches, each with the windows it attempted. */
function batchesOf(
  {
    range,
    policy,
  }: { range: Parameters<typeof rounds.collapse>[0]; policy: Parameters<typeof rounds.collapse>[1] },
  attempt: Attempt,
): string[][] {
  const batches: string[][] = [];
  rounds.collapse(range, policy, (batch) => {
    batches.push(batch.map(({ offset, order, reclaim }) => `${offset}:${order}${reclaim ? '*' : ''}`));
    return attempt(batch);
  });
  return batches;
}

/** Outcomes as drawn, but a first try without reclaim misses when its window says so. */
function withLightMisses(attempt: Attempt, salt: number): Attempt {
  return (batch) => {
    const results = attempt(batch.map(({ offset, order }) => ({ offset, order })));
    return batch.map(({ offset, order, reclaim }, i) =>
      !reclaim && (offset / 2 ** order + order + salt) % 3 !== 0 ? 'SCAN_ALLOC_LIGHT_MISS' : results[i],
    );
  };
}

test('a failed allocation at the lowest order is reported, whatever fails after it', () => {
  const range = scannedOf({ present: '0-7' });
  const policy = policyOf({ orders: '2', maxPtesNone: 0 });
  const fail = (first: ScanResult) => attemptEach((offset) => (offset === 0 ? first : 'SCAN_PAGE_COUNT'));
  expect(rounds.collapse(range, policy, fail('SCAN_ALLOC_HUGE_PAGE_FAIL'))).toBe('SCAN_ALLOC_HUGE_PAGE_FAIL');
  expect(rounds.collapse(range, policy, fail('SCAN_PAGE_LOCK'))).toBe('SCAN_PAGE_COUNT');
});

describe('how many attempts and entries rounds need (docs/khugepaged.md#rounds-bounds)', () => {
  test('no window is attempted twice without reclaim, nor twice with it; rounds are at most twice the orders', () => {
    fc.assert(
      fc.property(
        searchCases,
        attempts(),
        fc.nat({ max: 2 }),
        fc.boolean(),
        (search, attempt, salt, light) => {
          const batches = batchesOf(search, light ? withLightMisses(attempt, salt) : attempt);
          const tried = batches.flat();
          expect(new Set(tried).size).toBe(tried.length);
          // 64K pages fill a round by their bytes, so that there are more of them.
          if (search.range.geometry.pmdOrder === 13) return;
          expect(batches.length).toBeLessThanOrEqual(ordersOf(search.policy.orders).length * (light ? 2 : 1));
        },
      ),
      { numRuns: 600 },
    );
  });

  test('when everything fails: 255 attempts in 8 rounds, with light misses 510 in 16', () => {
    const search = { range: scannedOf({ present: 'all' }), policy: policyOf({ maxPtesNone: 0 }) };
    const fail = attemptEach(() => 'SCAN_PAGE_COUNT');
    expect(batchesOf(search, fail).flat()).toHaveLength(255);
    expect(batchesOf(search, fail)).toHaveLength(8);
    const light = attemptEach((_, __, reclaim) => (reclaim ? 'SCAN_PAGE_COUNT' : 'SCAN_ALLOC_LIGHT_MISS'));
    expect(batchesOf(search, light).flat()).toHaveLength(510);
    expect(batchesOf(search, light)).toHaveLength(16);
  });

  test('the store never needs more than NR/4 entries, and needs them when all of order 2 miss lightly', () => {
    // A fuller store would throw in the properties above; that it does is shown here.
    const store = new PartStore(1);
    const part = { offset: asOffset(0), end: 4, order: asOrder(2), largest: asOrder(2), reclaim: true };
    store.push(part);
    expect(() => store.push(part)).toThrow('more than 1 retry entries');
    const search = {
      range: scannedOf({ present: 'all' }),
      policy: policyOf({ orders: '2', maxPtesNone: 0 }),
    };
    const light = attemptEach((_, __, reclaim) => (reclaim ? 'SCAN_SUCCEED' : 'SCAN_ALLOC_LIGHT_MISS'));
    const batches = batchesOf(search, light);
    expect(batches.map((batch) => batch.length)).toEqual([128, 128]);
    expect(batches[1][0]).toBe('508:2*');
  });

  test('a round has at most NR/4 windows, NR PTEs and 32 MiB, unless it is a single window', () => {
    fc.assert(
      fc.property(searchCases, attempts(), ({ range, policy }, attempt) => {
        const pages = pagesPerRange(range.geometry);
        rounds.collapse(range, policy, (batch) => {
          const slots = batch.reduce((sum, { order }) => sum + 2 ** order, 0);
          expect(batch.length).toBeLessThanOrEqual(pages / 4);
          expect(slots).toBeLessThanOrEqual(pages);
          if (batch.length > 1) expect(slots * 2 ** range.geometry.pageShift).toBeLessThanOrEqual(2 ** 25);
          return attempt(batch);
        });
      }),
      { numRuns: 300 },
    );
  });

  test('without results that end everything, the set of attempts and their results is that of the walk', () => {
    const lower: ScanResult[] = [
      'SCAN_SUCCEED',
      'SCAN_PAGE_COUNT',
      'SCAN_ALLOC_HUGE_PAGE_FAIL',
      'SCAN_PTE_MAPPED_HUGEPAGE',
    ];
    const triedBy = (
      algorithm: CollapseAlgorithm,
      { range, policy }: Parameters<typeof batchesOf>[0],
      attempt: Attempt,
    ) => {
      const tried: string[] = [];
      algorithm.collapse(range, policy, (batch) => {
        tried.push(...batch.map(({ offset, order }) => `${offset}:${order}`));
        return attempt(batch);
      });
      return tried.sort();
    };
    fc.assert(
      fc.property(searchCases, attempts(lower), (search, attempt) => {
        expect(triedBy(rounds, search, attempt)).toEqual(triedBy(walk, search, attempt));
      }),
      { numRuns: 300 },
    );
  });
});

test('visits come in the order of selection, each with its result and the one that follows', () => {
  const visits: Visit[] = [];
  const outcome = attemptEach((offset, order) =>
    order === 5 && offset === 0 ? 'SCAN_PAGE_COUNT' : 'SCAN_SUCCEED',
  );
  const range = scannedOf({ present: '0-63' });
  rounds.collapse(range, policyOf({ orders: '4,5', maxPtesNone: 0 }), outcome, (visit) => visits.push(visit));
  const tried = visits
    .filter(({ result }) => result)
    .map(({ offset, order, result }) => [offset, order, result]);
  expect(tried).toEqual([
    [0, 5, 'SCAN_PAGE_COUNT'],
    [32, 5, 'SCAN_SUCCEED'],
    [0, 4, 'SCAN_SUCCEED'],
    [16, 4, 'SCAN_SUCCEED'],
  ]);
  const next = visits.map((visit) => visit.next && [visit.next.offset, visit.next.order]);
  expect(next).toEqual([...visits.slice(1).map(({ offset, order }) => [offset, order]), undefined]);
});
