import type { Refusal } from '../../src/analysis/ranges/tally.ts';
import type { OrderSet } from '../../src/core/memory/order.ts';
import type { PageSpan } from '../../src/core/memory/page-span.ts';
import type { RangeState } from '../../src/core/memory/range-state.ts';
import { hugepageOrders, type PolicyChoice } from '../policy/choice.ts';
import { NO_SEARCH, searchesOf } from './searches/searches.ts';
import { type ParamChanges, paramsOfState } from './steps-state.ts';

/** Where in memory a range comes from. */
export interface RangeOrigin {
  /** Process and address, in words. */
  readonly from: string;
  /** Why khugepaged does not look at it. */
  readonly ignored: Refusal | undefined;
  /** The pages of its VMA that lie in it. */
  readonly vma: PageSpan;
}

/**
 * The parameters that make this view show a range of memory from its first attempt, searched in the way of
 * the kernel alone: `go('steps', stepsParams(range, policy))`. `orders` are those that its VMA may have; by
 * default all that the policy enables for memory with MADV_HUGEPAGE.
 */
export function stepsParams(
  range: RangeState,
  policy: PolicyChoice,
  orders: OrderSet = hugepageOrders(policy),
  origin?: RangeOrigin,
): ParamChanges {
  const { model, maxPtesNone, maxPtesSwap, maxPtesShared } = policy;
  return {
    ...paramsOfState({
      range,
      orders,
      limits: { maxPtesNone, maxPtesSwap, maxPtesShared },
      model,
      left: searchesOf(model).left,
      right: NO_SEARCH,
      outcomes: [],
    }),
    from: origin?.from,
    ignored: origin?.ignored,
    vma: origin && `${origin.vma.start}-${origin.vma.end}`,
    history: undefined,
    zeropage: undefined,
    step: undefined,
    by: 'attempts',
  };
}
