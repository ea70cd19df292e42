import { LIMIT_FILES, LIMITS, sizeFolder, THP_FOLDER } from '../core/base/sysfs.ts';
import { type Geometry, orderBytes } from '../core/memory/geometry.ts';
import { anonOrders, hasOrder, type Order, ordersOf } from '../core/memory/order.ts';
import { collapsibleOrders } from '../core/rules/kernel-model.ts';
import type { CollapseLimits } from '../core/rules/policy.ts';
import type { SizeWord, TopLevelWord } from '../core/rules/settings-words.ts';
import type { ThpSettings } from '../core/rules/thp-settings.ts';
import type { SweptPolicy } from './sweep.ts';

/** A value for a file of sysfs. */
export interface SysfsWrite {
  readonly path: string;
  readonly value: string;
}

/**
 * The settings that enable exactly these orders with this word, and set max_ptes_none: see `settingsWith`.
 * Sizes that khugepaged of the policy's kernel does not have are those of page faults: they stay as they are.
 */
export function settingsFor(
  current: ThpSettings,
  { model, orders, enabled, maxPtesNone }: SweptPolicy,
  geometry: Geometry,
): ThpSettings {
  const wanted = new Map<Order, SizeWord>();
  for (const order of current.sizes.keys()) wanted.set(order, effectiveWord(current, order));
  for (const order of ordersOf(collapsibleOrders(model, geometry)))
    wanted.set(order, hasOrder(orders, order) ? enabled : 'never');
  return settingsWith(current, wanted, { ...current, maxPtesNone }, geometry);
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

/**
 * The writes that lead from one state of the settings to another: first sizes that fewer VMAs may use then,
 * next the limits, then the others. The top-level file is first of all where it gives fewer VMAs sizes that
 * inherit it, else the last. So at no moment may memory use a size that it may not use at both ends.
 */
export function writesBetween(from: ThpSettings, to: ThpSettings, geometry: Geometry): SysfsWrite[] {
  const changed = ordersOf(anonOrders(geometry)).filter((order) => wordOf(from, order) !== wordOf(to, order));
  const sizeWrite = (order: Order): SysfsWrite => ({
    path: `${THP_FOLDER}/${sizeFolder(orderBytes(order, geometry))}/enabled`,
    value: wordOf(to, order),
  });
  const narrower = changed.filter((order) => reach(to, order) < reach(from, order));
  const others = changed.filter((order) => !narrower.includes(order));
  const limits = LIMITS.filter((key) => from[key] !== to[key]).map(
    (key): SysfsWrite => ({ path: `${THP_FOLDER}/khugepaged/${LIMIT_FILES[key]}`, value: String(to[key]) }),
  );
  const topLevel = from.enabled === to.enabled ? [] : [{ path: `${THP_FOLDER}/enabled`, value: to.enabled }];
  const isNarrower = REACH.indexOf(to.enabled) < REACH.indexOf(from.enabled);
  return [
    ...(isNarrower ? topLevel : []),
    ...narrower.map(sizeWrite),
    ...limits,
    ...others.map(sizeWrite),
    ...(isNarrower ? [] : topLevel),
  ];
}

/** Words by how much memory they let have a size: none, what asks for it, all. */
const REACH: readonly TopLevelWord[] = ['never', 'madvise', 'always'];

/** The place among REACH of what a size says. */
function reach(settings: ThpSettings, order: Order): number {
  return REACH.indexOf(effectiveWord(settings, order));
}

function effectiveWord(settings: ThpSettings, order: Order): TopLevelWord {
  const word = wordOf(settings, order);
  return word === 'inherit' ? settings.enabled : word;
}

function wordOf({ sizes }: ThpSettings, order: Order): SizeWord {
  return sizes.get(order) ?? 'never';
}
