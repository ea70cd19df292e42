import { pagesPerRange } from '../memory/geometry.ts';
import type { RangeState } from '../memory/range-state.ts';
import type { CollapsePolicy } from '../rules/policy.ts';
import { applyPlan } from './apply-plan.ts';
import { collapsesOf } from './collapses.ts';
import { type PlanOptions, planRange } from './plan.ts';

/**
 * Goes over a range until nothing collapses any more, though nobody touches it: the range after each pass
 * that collapsed something. It ends, for each of them makes larger folios; where these are unknown at first,
 * pages count as small, as in any plan.
 */
export function* passesOver(
  range: RangeState,
  policy: CollapsePolicy,
  options: Pick<PlanOptions, 'algorithm' | 'outcomes'> = {},
): Generator<RangeState> {
  const folioOrders = range.folioOrders ?? new Uint8Array(pagesPerRange(range.geometry));
  for (let state: RangeState = { ...range, folioOrders }; ; ) {
    const plan = planRange(state, policy, options);
    if (collapsesOf(plan).length === 0) return;
    state = applyPlan(state, plan);
    yield state;
  }
}
