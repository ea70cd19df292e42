import { expect, test } from 'vitest';
import { fullOccupancy } from '../../src/core/memory/occupancy.ts';
import { asOffset, asOrder } from '../../src/core/memory/order.ts';
import type { ScanResult } from '../../src/core/rules/scan-result.ts';
import { walk } from '../../src/core/search/walk.ts';
import { spacesToCheck } from '../../src/verify/cases/small-cases.ts';
import type { CheckedAlgorithm } from '../../src/verify/checked-algorithm.ts';
import { checkedAlgorithmOf } from '../../src/verify/checked-algorithm.ts';
import { isReported, PROPERTY_NAMES, propertiesOf } from '../../src/verify/properties.ts';
import { EXHAUSTIVE } from '../support/slice.ts';
import { builtIn, examined, isDone, searching, sliced } from './algorithms.ts';

const spaces = spacesToCheck().filter(({ pmdOrder, results }) => pmdOrder === 3 || results.length > 1);

const tiny = spaces.slice(0, 1);

const brokenBy = (algorithm: CheckedAlgorithm, randomOrders: number[] = [], within = spaces) =>
  examined(propertiesOf(algorithm), { spaces: within, randomOrders, seed: 2 }).findings.map(({ wrong }) =>
    wrong.kind === 'property' ? wrong.name : wrong.kind,
  );

test.each([
  ['walk', [9]],
  ['stack', []],
  ['recursive', []],
])(
  '%s keeps every property at PMD orders 3 and 4, and on random ranges of %j',
  (name, randomOrders) => {
    expect(brokenBy(builtIn(name), randomOrders, sliced(spaces, 5))).toEqual([]);
  },
  EXHAUSTIVE,
);

test(
  // Windows of a round are attempted together, and of failed allocations only that of the smallest size
  // counts.
  'rounds returns other results than its attempts suggest, and breaks nothing else',
  () => {
    expect(brokenBy(builtIn('rounds'), [], sliced(spaces, 5)).sort()).toEqual([
      'failed-allocation',
      'result',
    ]);
  },
  EXHAUSTIVE,
);

test(
  'stack-descend breaks the bound of visits and nothing else',
  () => {
    expect(brokenBy(builtIn('stack-descend'))).toEqual(['visits']);
  },
  EXHAUSTIVE,
);

/** Searches with one thing wrong, and what they break. */
const BROKEN: [string, CheckedAlgorithm, string[]][] = [
  [
    'small windows first',
    searching('small-first', (pmdOrder, tryWindow) => {
      const ends = { 2: 0 } as Record<number, number>;
      for (let order = 2; order <= pmdOrder; order++) {
        for (let offset = 0; offset < 2 ** pmdOrder; offset += 2 ** order) {
          const result = tryWindow(offset, order);
          if (result !== undefined && ends[offset] === undefined) ends[offset] = order;
        }
      }
    }),
    ['covered-once', 'largest-first', 'stops', 'visits'],
  ],
  [
    'the right half of the range left out',
    searching('half-blind', (pmdOrder, tryWindow) => {
      const search = (offset: number, order: number): void => {
        if (isDone(tryWindow(offset, order)) || order <= 2) return;
        search(offset, order - 1);
      };
      search(0, pmdOrder);
    }),
    ['largest-first', 'visits'],
  ],
  [
    'halves of what collapsed',
    searching('greedier', (pmdOrder, tryWindow) => {
      const search = (offset: number, order: number): void => {
        tryWindow(offset, order);
        if (order <= 2) return;
        search(offset, order - 1);
        search(offset + 2 ** (order - 1), order - 1);
      };
      search(0, pmdOrder);
    }),
    ['covered-once', 'steps-over', 'stops', 'visits'],
  ],
  [
    'every window twice',
    searching('twice', (pmdOrder, tryWindow) => {
      const search = (offset: number, order: number): void => {
        const first = tryWindow(offset, order);
        if (first !== undefined && !isDone(first)) tryWindow(offset, order);
        if (isDone(first) || order <= 2) return;
        search(offset, order - 1);
        search(offset + 2 ** (order - 1), order - 1);
      };
      search(0, pmdOrder);
    }),
    ['attempted-once', 'stops', 'visits'],
  ],
  [
    'a stack with everything on it',
    checkedAlgorithmOf({
      name: 'hoarder',
      collapse: (range, policy, attempt, observe) =>
        walk.collapse(
          range,
          policy,
          attempt,
          observe &&
            ((visit) => {
              const stack = Array.from({ length: 4 }, () => ({ offset: asOffset(0), order: asOrder(2) }));
              observe({ ...visit, stack });
            }),
        ),
    }),
    ['stack-depth'],
  ],
  [
    'every enabled window',
    checkedAlgorithmOf({
      name: 'blind',
      collapse: ({ geometry, ...range }, policy, attempt, observe) => {
        const full = { ...range, geometry, occupied: fullOccupancy(geometry) };
        return walk.collapse(full, policy, attempt, observe);
      },
    }),
    ['qualifying'],
  ],
  [
    'success, whatever happened',
    checkedAlgorithmOf({
      ...walk,
      collapse: (...asked) => {
        walk.collapse(...asked);
        return 'SCAN_SUCCEED';
      },
    }),
    ['failed-allocation', 'result'],
  ],
  [
    'the last failure alone',
    checkedAlgorithmOf({
      ...walk,
      collapse: (range, policy, attempt, observe) => {
        let last: ScanResult = 'SCAN_FAIL';
        const collapsed = walk.collapse(
          range,
          policy,
          (batch) => attempt(batch).map((end) => (last = end)),
          observe,
        );
        return collapsed === 'SCAN_SUCCEED' ? collapsed : last;
      },
    }),
    ['failed-allocation'],
  ],
];

test('of a search that reports no visits and no stack, nothing is said about them', () => {
  const reported = { visits: false, stack: false };
  const silent = checkedAlgorithmOf({
    name: 'silent',
    collapse: (range, policy, attempt) => walk.collapse(range, policy, attempt),
  });
  examined(propertiesOf(silent, reported), { spaces: tiny });
  expect(PROPERTY_NAMES.filter((name) => !isReported(name, reported))).toEqual(['visits', 'stack-depth']);
  examined(propertiesOf(builtIn('stack'), reported), { spaces: tiny });
  expect(PROPERTY_NAMES.filter((name) => !isReported(name, reported))).toEqual([]);
});

test.each(BROKEN)('%s: seen', (_, algorithm, expected) => {
  // The counter of visits is broken by most, because these searches do not look at which orders are enabled.
  expect(brokenBy(algorithm, [], tiny).sort()).toEqual(expected);
});
