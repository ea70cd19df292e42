import { expect, test } from 'vitest';
import { planRange } from '../../../src/core/plan/plan.ts';
import { ALGORITHMS } from '../../../src/core/search/algorithms.ts';
import { outcomesOf, policyOf, rangeOf } from '../../support/ranges.ts';
import { vectors } from './vectors.ts';

for (const vector of vectors) {
  for (const name of ['walk', 'stack'] as const) {
    test(`vector ${vector.number} by the ${name}`, () => {
      const range = rangeOf(vector);
      const outcomes = outcomesOf(vector.outcomes, range.geometry);
      const plan = planRange(range, policyOf(vector), { algorithm: ALGORITHMS[name], outcomes });
      expect(plan.attempts.map(({ offset, order }) => [offset, order])).toEqual(vector.attempts);
      expect(plan.result).toBe(vector.result);
    });
  }
}
