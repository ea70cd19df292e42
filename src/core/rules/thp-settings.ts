import type { Geometry } from '../memory/geometry.ts';
import { anonOrders, asOrder, type Order, type OrderSet, orderSet, ordersOf } from '../memory/order.ts';
import type { KernelModel } from './kernel-model.ts';
import { type CollapseLimits, type CollapsePolicy, collapsePolicy, defaultLimits } from './policy.ts';
import type { SizeWord, TopLevelWord } from './settings-words.ts';

/** Settings of /sys/kernel/mm/transparent_hugepage for anonymous memory (docs/khugepaged.md#sysfs). */
export interface ThpSettings extends CollapseLimits {
  /** Top-level `enabled`. */
  readonly enabled: TopLevelWord;
  /** `hugepages-<size>kB/enabled` by order; orders that are not listed are `never`. */
  readonly sizes: ReadonlyMap<Order, SizeWord>;
}

/**
 * The settings of an untouched kernel: top level `always` (the build default of the upstream configuration),
 * the PMD size inherits it, every other size is never, limits at their defaults.
 */
export function defaultSettings(geometry: Geometry): ThpSettings {
  const pmdSize = new Map<Order, SizeWord>([[asOrder(geometry.pmdOrder), 'inherit']]);
  return { enabled: 'always', sizes: pmdSize, ...defaultLimits(geometry) };
}

/** The same settings with exactly these orders `always` and all others `never`. */
export function withOrdersAlways(settings: ThpSettings, orders: OrderSet): ThpSettings {
  return { ...settings, sizes: new Map(ordersOf(orders).map((order) => [order, 'always'])) };
}

/**
 * The orders that settings enable for a VMA, by whether it has VM_HUGEPAGE.
 * Source: thp_vma_allowable_orders, docs/khugepaged.md#possible-orders, step A.
 */
export function enabledOrders(settings: ThpSettings, hugepage: boolean, geometry: Geometry): OrderSet {
  const enabled: Order[] = [];
  for (const order of ordersOf(anonOrders(geometry))) {
    const word = settings.sizes.get(order) ?? 'never';
    const effective = word === 'inherit' ? settings.enabled : word;
    if (effective === 'always' || (effective === 'madvise' && hugepage)) enabled.push(order);
  }
  return orderSet(enabled);
}

/**
 * Whether two settings enable the same sizes, for memory that asked for huge pages and for memory that did
 * not.
 */
export function enableSameSizes(a: ThpSettings, b: ThpSettings, geometry: Geometry): boolean {
  return [true, false].every(
    (hugepage) => enabledOrders(a, hugepage, geometry) === enabledOrders(b, hugepage, geometry),
  );
}

/**
 * khugepaged's policy for memory that asked for huge pages (VM_HUGEPAGE), which is what made-up ranges are
 * taken for.
 */
export function hugepagePolicy(
  { settings, model }: { readonly settings: ThpSettings; readonly model: KernelModel },
  geometry: Geometry,
): CollapsePolicy {
  return collapsePolicy(enabledOrders(settings, true, geometry), settings, model, geometry);
}
