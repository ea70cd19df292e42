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
import '../../support/seed.ts';

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
