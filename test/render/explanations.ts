import fc from 'fast-check';
import { type Explanation, explainRange } from '../../src/analysis/prediction/explanation.ts';
import { geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import type { RangeState } from '../../src/core/memory/range-state.ts';
import { type CollapsePolicy, collapsePolicy } from '../../src/core/rules/policy.ts';
import { enabledOrders } from '../../src/core/rules/thp-settings.ts';
import type { CollapseAlgorithm } from '../../src/core/search/algorithm.ts';
import { ranges, runPolicies } from '../analysis/arbitraries.ts';

export function explanationOf(
  range: RangeState,
  policy: CollapsePolicy,
  algorithm: CollapseAlgorithm,
): Explanation {
  return explainRange(range, policy, { algorithm, outcomes: [] });
}

/** Explanations of random ranges under random policies, PMD orders from 3 to 13. */
export const explanations: fc.Arbitrary<Explanation> = fc
  .constantFrom(3, 4, 9, 11, 13)
  .map(geometryOfPmdOrder)
  .chain((geometry) =>
    fc.record({ range: ranges(geometry), runPolicy: runPolicies(geometry) }).map(({ range, runPolicy }) => {
      const { settings, model, algorithm } = runPolicy;
      const orders = enabledOrders(settings, true, geometry);
      return explanationOf(range, collapsePolicy(orders, settings, model, geometry), algorithm);
    }),
  );
