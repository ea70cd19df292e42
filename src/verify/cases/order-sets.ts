import type { Geometry } from '../../core/memory/geometry.ts';
import { anonOrders, asOrderSet, NO_ORDERS, type OrderSet, ordersOf } from '../../core/memory/order.ts';

/** Up to this PMD order a tree of windows is tried with every set of orders; above it they are too many. */
const ALL_SETS_UP_TO = 9;

/**
 * Every set of orders that anonymous memory can have, the smallest sets first. The empty one comes last: no
 * kernel searches where nothing is enabled, so a case of another set says more.
 */
export function everySetOfOrders(geometry: Geometry): OrderSet[] {
  const all = anonOrders(geometry);
  const masks: OrderSet[] = [];
  for (let mask = 0; mask <= all; mask++) if ((mask & all) === mask) masks.push(asOrderSet(mask));
  const rank = (set: OrderSet) => (set === NO_ORDERS ? Number.MAX_VALUE : ordersOf(set).length);
  return masks.sort((a, b) => rank(a) - rank(b));
}

/** Sets of orders to follow trees of windows with, and what they are in words. */
export function setsToFollow(geometry: Geometry): { readonly sets: OrderSet[]; readonly what: string } {
  const sets = everySetOfOrders(geometry);
  if (geometry.pmdOrder <= ALL_SETS_UP_TO) return { sets, what: 'every set of orders' };
  const most = ordersOf(anonOrders(geometry)).length - 1;
  const few = sets.filter((set) => ordersOf(set).length <= 1 || ordersOf(set).length >= most);
  return { sets: few, what: 'each order alone, all orders and all but one' };
}
