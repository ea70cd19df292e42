import { LIMIT_FILES, LIMITS, sizeFolder, THP_FOLDER } from '../../core/base/sysfs.ts';
import { type Geometry, orderBytes } from '../../core/memory/geometry.ts';
import { anonOrders, NO_ORDERS, type Order, type OrderSet, ordersOf } from '../../core/memory/order.ts';
import type { KernelModel } from '../../core/rules/kernel-model.ts';
import type { CollapseLimits } from '../../core/rules/policy.ts';
import type { SizeWord, TopLevelWord } from '../../core/rules/settings-words.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';
import type { SweptPolicy } from './sweep.ts';

/** A value for a file of sysfs. */
export interface SysfsWrite {
  readonly path: string;
  readonly value: string;
}

/**
 * The settings that enable exactly these orders with this word, and set max_ptes_none: see `settingsWith`.
 * Before Linux 6.8 there is the PMD size alone, and the top level governs it. Memory that asks for it keeps
 * the sizes of `kept`.
 */
export function settingsFor(
  current: ThpSettings,
  { model, orders, enabled, maxPtesNone }: SweptPolicy,
  geometry: Geometry,
  kept: OrderSet = NO_ORDERS,
): ThpSettings {
  if (model.faultOrders === 'pmd')
    return { ...current, enabled: topLevelUnder(current, { model, orders, enabled }, kept), maxPtesNone };
  const wanted = new Map(ordersOf(kept).map((order): [Order, SizeWord] => [order, 'madvise']));
  for (const order of ordersOf(orders)) wanted.set(order, enabled);
  return settingsWith(current, wanted, { ...current, maxPtesNone }, geometry);
}

/**
 * What the top-level file says under a policy, which also governs files on disks: what it says now, unless
 * the kernel has no files of sizes.
 */
export function topLevelUnder(
  current: Pick<ThpSettings, 'enabled'>,
  { model, orders, enabled }: Pick<SweptPolicy, 'model' | 'orders' | 'enabled'>,
  kept: OrderSet,
): TopLevelWord {
  if (model.faultOrders !== 'pmd') return current.enabled;
  if (orders !== NO_ORDERS) return enabled;
  return kept === NO_ORDERS ? 'never' : 'madvise';
}

/**
 * The settings that give these words to sizes, `never` to all others, and these limits. Sizes that already
 * come to the same, for example by `inherit`, keep their word.
 */
export function settingsWith(
  current: ThpSettings,
  words: ReadonlyMap<Order, SizeWord>,
  { maxPtesNone, maxPtesSwap, maxPtesShared }: CollapseLimits,
  geometry: Geometry,
): ThpSettings {
  const sizes = new Map<Order, SizeWord>();
  for (const order of ordersOf(anonOrders(geometry))) {
    const wanted = words.get(order) ?? 'never';
    sizes.set(order, effectiveWord(current, order) === wanted ? wordOf(current, order) : wanted);
  }
  return { enabled: current.enabled, sizes, maxPtesNone, maxPtesSwap, maxPtesShared };
}

/** The settings with the word that a size has in others. */
export function withSize(settings: ThpSettings, order: Order, from: ThpSettings): ThpSettings {
  return { ...settings, sizes: new Map([...settings.sizes, [order, wordOf(from, order)]]) };
}

/** The writes that lead to settings from whatever is in force. Before Linux 6.8 no size has a file. */
export function allWrites(to: ThpSettings, model: KernelModel, geometry: Geometry): SysfsWrite[] {
  const orders = model.faultOrders === 'pmd' ? [] : ordersOf(anonOrders(geometry));
  const sizes = orders.map((order) => sizeWrite(to, order, geometry));
  return [topLevelWrite(to), ...limitWrites(to, LIMITS), ...sizes];
}

/**
 * The writes that lead from one state of the settings to another: first sizes that fewer VMAs may use then,
 * next the limits, then the others. The top-level file is first of all where it gives fewer VMAs sizes that
 * inherit it, else the last. So at no moment may memory use a size that it may not use at both ends.
 */
export function writesBetween(from: ThpSettings, to: ThpSettings, geometry: Geometry): SysfsWrite[] {
  const changed = ordersOf(anonOrders(geometry)).filter((order) => wordOf(from, order) !== wordOf(to, order));
  const narrower = changed.filter((order) => sizeReach(to, order) < sizeReach(from, order));
  const others = changed.filter((order) => !narrower.includes(order));
  const limits = LIMITS.filter((key) => from[key] !== to[key]);
  const topLevel = from.enabled === to.enabled ? [] : [topLevelWrite(to)];
  const isNarrower = REACH.indexOf(to.enabled) < REACH.indexOf(from.enabled);
  return [
    ...(isNarrower ? topLevel : []),
    ...narrower.map((order) => sizeWrite(to, order, geometry)),
    ...limitWrites(to, limits),
    ...others.map((order) => sizeWrite(to, order, geometry)),
    ...(isNarrower ? [] : topLevel),
  ];
}

function topLevelWrite({ enabled }: ThpSettings): SysfsWrite {
  return { path: `${THP_FOLDER}/enabled`, value: enabled };
}

function sizeWrite(to: ThpSettings, order: Order, geometry: Geometry): SysfsWrite {
  return {
    path: `${THP_FOLDER}/${sizeFolder(orderBytes(order, geometry))}/enabled`,
    value: wordOf(to, order),
  };
}

function limitWrites(to: ThpSettings, keys: readonly (typeof LIMITS)[number][]): SysfsWrite[] {
  return keys.map((key) => ({
    path: `${THP_FOLDER}/khugepaged/${LIMIT_FILES[key]}`,
    value: String(to[key]),
  }));
}

/** Words by how much memory they let have a size: none, what asks for it, all. */
const REACH: readonly TopLevelWord[] = ['never', 'madvise', 'always'];

/** How much memory a size may be used for: 0 for none, 1 for what asks for it, 2 for all. */
export function sizeReach(settings: ThpSettings, order: Order): number {
  return REACH.indexOf(effectiveWord(settings, order));
}

function effectiveWord(settings: ThpSettings, order: Order): TopLevelWord {
  const word = wordOf(settings, order);
  return word === 'inherit' ? settings.enabled : word;
}

function wordOf({ sizes }: ThpSettings, order: Order): SizeWord {
  return sizes.get(order) ?? 'never';
}
