import { expect, test } from 'vitest';
import { asOffset, asOrder } from '../../src/core/memory/order.ts';
import type { CollapseAlgorithm, Observe, Visit } from '../../src/core/search/algorithm.ts';
import { runCase } from '../../src/verify/cases/case-run.ts';
import { spacesToCompare } from '../../src/verify/cases/small-cases.ts';
import { checkedAlgorithmOf } from '../../src/verify/checked-algorithm.ts';
import { equivalence } from '../../src/verify/equivalence.ts';
import { guarded } from '../../src/verify/guarded-algorithm.ts';
import { policyOf, scannedOf } from '../support/ranges.ts';
import { builtIn, examined } from './algorithms.ts';

const attempting =
  (...windows: [number, number][]): CollapseAlgorithm['collapse'] =>
  (_, __, attempt) => {
    for (const [offset, order] of windows) attempt([{ offset: asOffset(offset), order: asOrder(order) }]);
    return 'SCAN_FAIL';
  };

const FAULTS: [string, string, CollapseAlgorithm['collapse']][] = [
  [
    'throws',
    'throws RangeError: too deep',
    () => {
      throw new RangeError('too deep');
    },
  ],
  ['misaligned', 'attempts 2:2, which is not aligned', attempting([2, 2])],
  ['outside', 'attempts 8:2, which is not inside the range', attempting([8, 2])],
  ['outside', 'attempts -4:2, which is not inside the range', attempting([-4, 2])],
  ['disabled', 'attempts 0:3, whose order is not enabled', attempting([0, 3])],
  ['no-window', 'attempts NaN:2, which is no window of PMD order 3', attempting([Number.NaN, 2])],
  ['no-window', 'attempts 0:4, which is no window of PMD order 3', attempting([0, 4])],
  ['no-window', 'calls attempt with no list of windows', (_, __, attempt) => attempt(0 as never) as never],
  [
    'endless',
    'makes more than 32 attempts in one range',
    attempting(...Array.from({ length: 33 }, () => [0, 2] as [number, number])),
  ],
  ['no-result', 'returns undefined, which is no result', () => undefined as never],
  ['no-result', 'returns constructor, which is no result', () => 'constructor' as never],
];

const CASE = {
  range: scannedOf({ pmdOrder: 3, present: 'all' }),
  orders: policyOf({ pmdOrder: 3, orders: '2' }).orders,
  maxPtesNone: 7,
  outcomes: [],
};

test.each(FAULTS)('a search that %s is told so: %s', (kind, message, collapse) => {
  const { fault, result } = runCase(checkedAlgorithmOf({ name: 'faulty', collapse }), CASE);
  expect(fault?.kind).toBe(kind);
  expect(fault?.message).toContain(message);
  expect(result).toBeUndefined();
});

test('a fault stays one when the search catches it', () => {
  const algorithm = checkedAlgorithmOf({
    name: 'catching',
    collapse: (_, __, attempt) => {
      try {
        attempt([{ offset: asOffset(2), order: asOrder(2) }]);
      } catch {
        // goes on
      }
      return 'SCAN_SUCCEED';
    },
  });
  expect(runCase(algorithm, CASE).fault?.kind).toBe('misaligned');
});

test('a fault ends a check run, as the only finding', () => {
  const faulty = checkedAlgorithmOf({ name: 'faulty', collapse: attempting([2, 2]) });
  const { findings } = examined(equivalence(builtIn('walk'), faulty, 'attempts'), {
    spaces: spacesToCompare(),
  });
  expect(findings.map(({ wrong }) => wrong)).toEqual([
    { kind: 'fault', algorithm: 'faulty', fault: 'misaligned' },
  ]);
});

const guardedSearch = (collapse: CollapseAlgorithm['collapse'], observe?: Observe) =>
  guarded(checkedAlgorithmOf({ name: 'faulty', collapse }, 'my.js')).algorithm.collapse(
    CASE.range,
    policyOf({ pmdOrder: 3, orders: '2' }),
    (batch) => batch.map(() => 'SCAN_SUCCEED'),
    observe,
  );

test.each(FAULTS)('outside of runs it throws, and is named: %s: %s', (_, message, collapse) => {
  expect(() => guardedSearch(collapse)).toThrow(`my.js ${message}`);
});

test.each<[string, CollapseAlgorithm['collapse']]>([
  [
    'throws null',
    () => {
      throw null;
    },
  ],
  [
    'returns object, which is no result',
    () =>
      ({
        toString: () => {
          throw new Error();
        },
      }) as never,
  ],
  ['returns Symbol(x), which is no result', () => Symbol('x') as never],
  ['returns [object Promise], which is no result', () => Promise.resolve('SCAN_FAIL') as never],
  ['calls attempt with no list of windows', (_, __, attempt) => attempt([null] as never)[0]],
])('junk is named: %s', (message, collapse) => {
  expect(() => guardedSearch(collapse)).toThrow(`my.js ${message}`);
  expect(runCase(checkedAlgorithmOf({ name: 'faulty', collapse }), CASE).fault?.message).toContain(message);
});

test('outside of runs, too, a fault stays one when the search catches it', () => {
  const catching: CollapseAlgorithm['collapse'] = (_, __, attempt) => {
    try {
      attempt([{ offset: asOffset(2), order: asOrder(2) }]);
    } catch {
      // goes on
    }
    return 'SCAN_SUCCEED';
  };
  expect(() => guardedSearch(catching)).toThrow('my.js attempts 2:2, which is not aligned');
});

test('a visit has to be one of a window; what else it leaves out is filled in', () => {
  const visiting =
    (visit: unknown): CollapseAlgorithm['collapse'] =>
    (_, __, ___, observe) => {
      observe?.(visit as Visit);
      return 'SCAN_FAIL';
    };
  const visits: Visit[] = [];
  const see = (visit: unknown) => guardedSearch(visiting(visit), (each) => visits.push(each));
  expect(() => see({ offset: 0 })).toThrow(
    'my.js reports 0:undefined to observe, which is no window of PMD order 3',
  );
  expect(() => see(undefined)).toThrow('my.js reports undefined:undefined to observe');
  expect(() => see({ offset: 0, order: 2, next: { offset: 8, order: 2 } })).toThrow(
    'my.js reports 8:2 to observe',
  );
  expect(() => see({ offset: 0, order: 2, stack: [5] })).toThrow(
    'my.js reports undefined:undefined to observe',
  );
  expect(visits).toEqual([]);
  expect(see({ offset: 0, order: 2 })).toBe('SCAN_FAIL');
  expect(visits).toEqual([{ offset: 0, order: 2, enabled: true, occupied: 4, needed: 1, qualifies: true }]);
});
