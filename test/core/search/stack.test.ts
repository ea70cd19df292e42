import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Geometry, geometryOfPmdOrder } from '../../../src/core/memory/geometry.ts';
import { asOrder, hasOrder, type OrderSet } from '../../../src/core/memory/order.ts';
import { KERNEL_MODELS } from '../../../src/core/rules/kernel-model.ts';
import type { CollapsePolicy } from '../../../src/core/rules/policy.ts';
import { actionAfter, SCAN_RESULTS, type ScanResult } from '../../../src/core/rules/scan-result.ts';
import {
  type Attempt,
  attemptEach,
  type CollapseAlgorithm,
  type ScannedRange,
} from '../../../src/core/search/algorithm.ts';
import { stack, stackPatch11 } from '../../../src/core/search/stack.ts';
import { walk } from '../../../src/core/search/walk.ts';
import { OutcomeTree } from '../../../src/verify/cases/outcome-tree.ts';
import { policyOf, scannedOf } from '../../support/ranges.ts';
import '../../support/seed.ts';
import { EXHAUSTIVE, slice } from '../../support/slice.ts';
import { attempts, searchCases } from '../arbitraries.ts';
import { recursion, trace } from './reference-search.ts';

/** Results that lead to each action, so that an outcome function is a table of numbers. */
const SUCCEED: ScanResult = 'SCAN_SUCCEED';
const DESCEND: ScanResult = 'SCAN_PAGE_COUNT';
const SKIP: ScanResult = 'SCAN_PTE_MAPPED_HUGEPAGE';
const STOP: ScanResult = 'SCAN_CGROUP_CHARGE_FAIL';

/** Counts cases and keeps the first one where two algorithms differ. */
class Comparison {
  cases = 0;
  difference: string | undefined;
  readonly #a: CollapseAlgorithm;
  readonly #b: CollapseAlgorithm;
  readonly #triedByA: number[] = [];
  readonly #triedByB: number[] = [];

  constructor(a: CollapseAlgorithm, b: CollapseAlgorithm) {
    this.#a = a;
    this.#b = b;
  }

  compare(range: ScannedRange, policy: CollapsePolicy, attempt: Attempt): void {
    this.cases++;
    const resultOfA = record(this.#triedByA, this.#a, range, policy, attempt);
    const resultOfB = record(this.#triedByB, this.#b, range, policy, attempt);
    if (resultOfA === resultOfB && sameNumbers(this.#triedByA, this.#triedByB)) return;
    const traces = [this.#a, this.#b].map((algorithm) => trace(algorithm, range, policy, attempt));
    this.difference ??= `pages ${range.occupied[0].toString(2)} orders ${policy.orders.toString(2)}: ${traces.join(' / ')}`;
  }
}

/** Puts the attempts of a search into an array that is used again and again, and returns the result. */
function record(
  tried: number[],
  algorithm: CollapseAlgorithm,
  range: ScannedRange,
  policy: CollapsePolicy,
  attempt: Attempt,
): ScanResult {
  tried.length = 0;
  return algorithm.collapse(range, policy, (batch) => {
    for (const { offset, order } of batch) tried.push(offset * 8 + order);
    return attempt(batch);
  });
}

function sameNumbers(a: readonly number[], b: readonly number[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function smallPolicy(orders: number, maxPtesNone: number, minOrder: number): CollapsePolicy {
  const model = { ...KERNEL_MODELS['linux-7.2'], minOrder: asOrder(minOrder) };
  const limits = { maxPtesNone, maxPtesSwap: 0, maxPtesShared: 0 };
  return { orders: orders as OrderSet, ...limits, caller: 'khugepaged', model };
}

function smallRange(geometry: Geometry): ScannedRange {
  return { geometry, occupied: new Uint32Array(1), unmapped: 0, uffdArmed: false };
}

/** Masks of the orders from `lowest` to `highest`, the empty one included. */
function masks(lowest: number, highest: number): number[] {
  return Array.from({ length: 2 ** (highest - lowest + 1) }, (_, i) => i << lowest);
}

/** The enabled windows of a small range as a number each: position in a table of outcomes. */
function enabledWindows(orders: number, pmdOrder: number): Map<number, number> {
  const windows = new Map<number, number>();
  for (let order = 0; order <= pmdOrder; order++) {
    if (!hasOrder(orders as OrderSet, asOrder(order))) continue;
    for (let offset = 0; offset < 2 ** pmdOrder; offset += 2 ** order)
      windows.set(offset * 8 + order, windows.size);
  }
  return windows;
}

/** Calls `use` with every function from the enabled windows to the given results. */
function everyOutcome(
  orders: number,
  pmdOrder: number,
  results: readonly ScanResult[],
  use: (attempt: Attempt) => void,
) {
  const windows = enabledWindows(orders, pmdOrder);
  const index = new Uint8Array(2 ** pmdOrder * 8);
  for (const [window, position] of windows) index[window] = position;
  const table = new Uint8Array(windows.size);
  const attempt = attemptEach((offset, order) => results[table[index[offset * 8 + order]]]);
  for (;;) {
    use(attempt);
    let digit = 0;
    while (digit < table.length && ++table[digit] === results.length) table[digit++] = 0;
    if (digit === table.length) return;
  }
}

const succeed = attemptEach(() => SUCCEED);

describe('the walk and the stack make the same attempts with the same result', () => {
  const ranges = slice(65536, 7);
  const lowestOrders = [
    { lowest: 2, cases: ranges.length * 8 * 3 },
    { lowest: 1, cases: ranges.length * 16 * 3 },
  ];
  for (const { lowest, cases } of lowestOrders) {
    const title = `on ${ranges.length} ranges of 16 pages, every set of orders ${lowest} to 4, three none limits: ${cases} cases`;
    test(title, { timeout: EXHAUSTIVE }, () => {
      const comparison = new Comparison(walk, stack);
      const range = smallRange(geometryOfPmdOrder(4));
      for (const orders of masks(lowest, 4)) {
        for (const maxPtesNone of [0, 6, 15]) {
          const policy = smallPolicy(orders, maxPtesNone, lowest);
          for (const bits of ranges) {
            range.occupied[0] = bits;
            comparison.compare(range, policy, succeed);
          }
        }
      }
      expect(comparison).toMatchObject({ cases, difference: undefined });
    });
  }

  test('on every range of 8 pages, every set of orders 1 to 3, and every outcome that anybody asks for', () => {
    const comparison = new Comparison(walk, stack);
    const range = smallRange(geometryOfPmdOrder(3));
    const tree = new OutcomeTree([SUCCEED, DESCEND, SKIP, STOP], 3);
    const attempt = attemptEach(tree.outcome);
    for (const orders of masks(1, 3)) {
      for (const maxPtesNone of [0, 7]) {
        const policy = smallPolicy(orders, maxPtesNone, 1);
        for (let bits = 0; bits < 256; bits++) {
          range.occupied[0] = bits;
          do comparison.compare(range, policy, attempt);
          while (tree.advance());
        }
      }
    }
    expect(comparison).toMatchObject({ cases: 98_800, difference: undefined });
  });

  test('on 16 present pages, every set of orders 1 to 4 and every outcome of two kinds: 393210 cases', () => {
    const comparison = new Comparison(walk, stack);
    const range = smallRange(geometryOfPmdOrder(4));
    range.occupied[0] = 0xffff;
    const pairs = [SUCCEED, DESCEND, SKIP, STOP].flatMap((a, i, all) => all.slice(i + 1).map((b) => [a, b]));
    for (const orders of masks(1, 4)) {
      for (const pair of pairs) {
        everyOutcome(orders, 4, pair, (attempt) =>
          comparison.compare(range, smallPolicy(orders, 0, 1), attempt),
        );
      }
    }
    expect(comparison).toMatchObject({ cases: 393210, difference: undefined });
  });

  test('on random ranges of PMD orders 9, 11 and 13 with random outcomes', () => {
    fc.assert(
      fc.property(searchCases, attempts(), ({ range, policy }, attempt) => {
        expect(trace(stack, range, policy, attempt)).toBe(trace(walk, range, policy, attempt));
      }),
      { numRuns: 1500 },
    );
  });
});

describe('the walk is the recursion over halves', () => {
  const ranges = slice(65536, 7);
  const cases = ranges.length * 8 * 2;
  test(`on ${ranges.length} ranges of 16 pages with every set of orders 2 to 4: ${cases} cases`, {
    timeout: EXHAUSTIVE,
  }, () => {
    const comparison = new Comparison(walk, recursion);
    const range = smallRange(geometryOfPmdOrder(4));
    for (const orders of masks(2, 4)) {
      for (const maxPtesNone of [6, 15]) {
        const policy = smallPolicy(orders, maxPtesNone, 2);
        for (const bits of ranges) {
          range.occupied[0] = bits;
          comparison.compare(range, policy, succeed);
        }
      }
    }
    expect(comparison).toMatchObject({ cases, difference: undefined });
  });

  test('on random ranges of PMD orders 9, 11 and 13 with random outcomes', () => {
    fc.assert(
      fc.property(searchCases, attempts(), ({ range, policy }, attempt) => {
        expect(trace(walk, range, policy, attempt)).toBe(trace(recursion, range, policy, attempt));
      }),
      { numRuns: 100 },
    );
  });
});

describe('the stack as posted in patch 11', () => {
  test('does what the walk does when every failure leads to the next order', () => {
    const results = SCAN_RESULTS.filter(
      (result) => result === 'SCAN_SUCCEED' || actionAfter(result) === 'next-order',
    );
    fc.assert(
      fc.property(searchCases, attempts(results), ({ range, policy }, attempt) => {
        expect(trace(stackPatch11, range, policy, attempt)).toBe(trace(walk, range, policy, attempt));
      }),
      { numRuns: 500 },
    );
  });

  test('differs where a folio of the same order is in the way: it descends, the walk skips', () => {
    const range = scannedOf({ pmdOrder: 4, present: 'all' });
    const policy = policyOf({ pmdOrder: 4, orders: '2,3', maxPtesNone: 0 });
    const blocked = attemptEach((offset, order) => (offset === 0 && order === 3 ? SKIP : SUCCEED));
    expect(trace(walk, range, policy, blocked)).toBe('0:3 8:3 SCAN_SUCCEED');
    expect(trace(stackPatch11, range, policy, blocked)).toBe('0:3 0:2 4:2 8:3 SCAN_SUCCEED');
  });

  test('differs where a result stops the walk: it goes on', () => {
    const range = scannedOf({ pmdOrder: 4, present: 'all' });
    const policy = policyOf({ pmdOrder: 4, orders: '3', maxPtesNone: 0 });
    const stopped = attemptEach(() => STOP);
    expect(trace(walk, range, policy, stopped)).toBe(`0:3 ${STOP}`);
    expect(trace(stackPatch11, range, policy, stopped)).toBe(`0:3 8:3 ${STOP}`);
  });
});

test('with order 1 enabled the stack goes below order 2 and the walk of Linux does not', () => {
  const range = scannedOf({ pmdOrder: 3, present: '0-1' });
  const policy = smallPolicy(0b10, 0, 2);
  expect(trace(walk, range, policy)).toBe(' SCAN_FAIL');
  expect(trace(stack, range, policy)).toBe('0:1 SCAN_SUCCEED');
});
