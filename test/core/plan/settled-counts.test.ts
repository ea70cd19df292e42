import { expect, test } from 'vitest';
import { settledCounts } from '../../../src/core/plan/settled-counts.ts';
import { policyOf, rangeOf } from '../../support/ranges.ts';

const byOrder = (counts: ArrayLike<number>) =>
  Object.fromEntries(Array.from(counts, (count, order) => [order, count]).filter(([, count]) => count > 0));

test('the first pass is counted, and what every later pass tries in vain', () => {
  const range = rangeOf({ pmdOrder: 4, present: '0-3,8' });
  const counts = settledCounts(range, policyOf({ pmdOrder: 4, orders: '2,3', maxPtesNone: 0 }), 1);
  expect([byOrder(counts.attempts), byOrder(counts.collapses)]).toEqual([{ 2: 1 }, { 2: 1 }]);
  expect(byOrder(counts.laterAttempts)).toEqual({ 2: 1 });
  expect(counts).toMatchObject({ filledPages: 0, copiedPages: 4, swappedInPages: 0, newlyHugePages: 4 });
});

test('what was filled and what was in large folios before is not newly huge', () => {
  const range = rangeOf({ pmdOrder: 4, present: '0-11', folios: ['2@0-3'] });
  const counts = settledCounts(range, policyOf({ pmdOrder: 4, orders: '4', maxPtesNone: 15 }), 1);
  expect(byOrder(counts.collapses)).toEqual({ 4: 1 });
  expect(counts).toMatchObject({ filledPages: 4, copiedPages: 12, newlyHugePages: 8 });
});

test('swap entries are read in once', () => {
  const range = rangeOf({ pmdOrder: 4, present: '0-11', swap: '12-13' });
  const counts = settledCounts(range, policyOf({ pmdOrder: 4, orders: '4', maxPtesNone: 15 }), 1);
  expect(counts).toMatchObject({ swappedInPages: 2, filledPages: 2 });
});
