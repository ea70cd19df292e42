import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sum } from '../../../src/core/base/sum.ts';
import { geometryOfPmdOrder, pagesPerRange } from '../../../src/core/memory/geometry.ts';
import { costOf } from '../../../src/core/plan/cost.ts';
import { planRange } from '../../../src/core/plan/plan.ts';
import { settledCounts } from '../../../src/core/plan/settled-counts.ts';
import { collapsePolicy } from '../../../src/core/rules/policy.ts';
import { enabledOrders } from '../../../src/core/rules/thp-settings.ts';
import { ranges, runPolicies } from '../../analysis/arbitraries.ts';
import { policyOf, rangeOf } from '../../support/ranges.ts';
import '../../support/seed.ts';

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

test('the counts of the first pass are those of the cost of its plan', () => {
  const geometry = geometryOfPmdOrder(9);
  let shared = 0;
  let newlyHuge = 0;
  fc.assert(
    fc.property(ranges(geometry), runPolicies(geometry), (seen, { settings, model }) => {
      const range = { ...seen, folioOrders: seen.folioOrders ?? new Uint8Array(pagesPerRange(geometry)) };
      const policy = collapsePolicy(enabledOrders(settings, true, geometry), settings, model, geometry);
      const cost = costOf(range, planRange(range, policy));
      const counts = settledCounts(range, policy, 16);
      expect(sum(counts.attempts)).toBe(cost.attempts);
      const { filledPages, copiedPages, swappedInPages, copiedSharedPages } = counts;
      expect({ filledPages, copiedPages, swappedInPages, copiedSharedPages }).toEqual({
        filledPages: cost.filledPages,
        copiedPages: cost.copiedPages,
        swappedInPages: cost.swappedInPages,
        copiedSharedPages: cost.copiedSharedPages,
      });
      const [before, after] = [cost.before, cost.after].map(({ pagesByOrder }) => sum(pagesByOrder.slice(1)));
      expect(counts.newlyHugePages).toBe(after - cost.filledPages - before);
      shared += copiedSharedPages;
      newlyHuge += counts.newlyHugePages;
    }),
    { numRuns: 1000 },
  );
  expect(shared).toBeGreaterThan(0);
  expect(newlyHuge).toBeGreaterThan(0);
});
