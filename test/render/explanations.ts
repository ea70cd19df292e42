import fc from 'fast-check';
import type { CollapseAlgorithm, Visit } from '../../src/core/search/algorithm.ts';
import { geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import { planRange } from '../../src/core/plan/plan.ts';
import { type CollapsePolicy, collapsePolicy } from '../../src/core/rules/policy.ts';
import type { RangeState } from '../../src/core/memory/range-state.ts';
import { enabledOrders } from '../../src/core/rules/thp-settings.ts';
import type { Explanation } from '../../src/render/text/explain.ts';
import { runPolicies, ranges } from '../analysis/arbitraries.ts';

export function explanationOf(
  range: RangeState,
  policy: CollapsePolicy,
  algorithm: CollapseAlgorithm,
): Explanation {
  const visits: Visit[] = [];
  const plan = planRange(range, policy, { algorithm, observe: (visit) => visits.push(visit) });
  return { range, policy, algorithm: algorithm.name, plan, visits };
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
