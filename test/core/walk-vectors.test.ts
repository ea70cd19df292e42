import { expect, test } from 'vitest';
import { planRange } from '../../src/core/plan.ts';
import { ALGORITHMS } from '../../src/core/algorithms.ts';
import { patternRange, policyOf } from '../ranges.ts';
import { vectors } from './vectors.ts';

for (const vector of vectors) {
  for (const name of ['walk', 'stack'] as const) {
    test(`spec 4.5 vector ${vector.number} by the ${name}`, () => {
      const range = patternRange(vector);
      const plan = planRange(range, policyOf(vector), { algorithm: ALGORITHMS[name], outcomes: vector.outcomes });
      expect(plan.attempts.map(({ offset, order }) => [offset, order])).toEqual(vector.attempts);
      expect(plan.result).toBe(vector.result);
    });
  }
}
