import type { Geometry } from '../../src/core/memory/geometry.ts';
import {
  intersectOrders,
  NO_ORDERS,
  type OrderSet,
  subtractOrders,
  uniteOrders,
} from '../../src/core/memory/order.ts';
import { sizesLine } from '../../src/render/words/sizes.ts';
import { hugepageOrders, type PolicyChoice } from '../policy/choice.ts';
import type { StepsState } from './steps-state.ts';

type Policy = Pick<StepsState, 'orders' | 'limits' | 'model'>;

/** In what the policy of Steps is not that of the other views, a line each: what it is here, and there. */
export function differencesFrom(
  { orders, limits, model }: Policy,
  chosen: PolicyChoice,
  geometry: Geometry,
): string[] {
  const there = [chosen.always, hugepageOrders(chosen)];
  const sizes = there.includes(orders)
    ? []
    : [`sizes ${sizesLine(orders, geometry)}, there ${sizesLine(there[1], geometry)}`];
  const limit = (name: string, here: number, other: number) =>
    here === other ? [] : [`${name} ${here}, there ${other}`];
  return [
    ...sizes,
    ...limit('max_ptes_none', limits.maxPtesNone, chosen.maxPtesNone),
    ...limit('max_ptes_swap', limits.maxPtesSwap, chosen.maxPtesSwap),
    ...limit('max_ptes_shared', limits.maxPtesShared, chosen.maxPtesShared),
    ...(model === chosen.model ? [] : [`kernel ${model}, there ${chosen.model}`]),
  ];
}

/** The policy of the other views after that of Steps changed from one to another: sizes keep their word. */
export function choiceAfter(from: OrderSet, to: Policy, chosen: PolicyChoice): PolicyChoice {
  const dropped = subtractOrders(from, to.orders);
  const always = uniteOrders(subtractOrders(chosen.always, dropped), subtractOrders(to.orders, from));
  return {
    always,
    madvise: subtractOrders(subtractOrders(chosen.madvise, dropped), always),
    ...to.limits,
    model: to.model,
  };
}

/** The policy of Steps as one for all memory. */
export function choiceOfSteps({ orders, limits, model }: Policy): PolicyChoice {
  return { always: orders, madvise: NO_ORDERS, ...limits, model };
}

/** The policy of the other views as one of Steps, for memory whose VMA may have what `orders` say. */
export function policyOfChoice(chosen: PolicyChoice, all: OrderSet): Policy {
  const { maxPtesNone, maxPtesSwap, maxPtesShared, model } = chosen;
  return {
    orders: intersectOrders(hugepageOrders(chosen), all),
    limits: { maxPtesNone, maxPtesSwap, maxPtesShared },
    model,
  };
}
