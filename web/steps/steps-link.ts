import type { OrderSet } from '../../src/core/order.ts';
import type { RangeState } from '../../src/core/range-state.ts';
import type { PolicyChoice } from '../policy/choice.ts';
import { searchesOf } from './searches.ts';
import { type ParamChanges, paramsOfState } from './steps-state.ts';

/**
 * The parameters that make this view show a range of memory from its first step: `go('steps', stepsParams(range, policy))`.
 * `orders` are those that its VMA may have; by default all that the policy enables for memory with MADV_HUGEPAGE.
 */
export function stepsParams(
  range: RangeState,
  policy: PolicyChoice,
  orders: OrderSet = (policy.always | policy.madvise) as OrderSet,
): ParamChanges {
  const { model, maxPtesNone, maxPtesSwap, maxPtesShared } = policy;
  return {
    ...paramsOfState({
      range,
      orders,
      limits: { maxPtesNone, maxPtesSwap, maxPtesShared },
      model,
      ...searchesOf(model),
      outcomes: [],
    }),
    step: undefined,
    by: undefined,
  };
}
