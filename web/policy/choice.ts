import type { SweptPolicy } from '../../src/analysis/sweep/sweep.ts';
import { settingsWith } from '../../src/analysis/sweep/sysfs-writes.ts';
import { type Geometry, pagesPerRange } from '../../src/core/memory/geometry.ts';
import {
  anonOrders,
  asOrderSet,
  formatOrders,
  hasOrder,
  NO_ORDERS,
  type Order,
  type OrderSet,
  ordersOf,
  parseOrders,
  subtractOrders,
  uniteOrders,
  withOrder,
  withoutOrder,
} from '../../src/core/memory/order.ts';
import { collapsibleOrders, faultableOrders, KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { KernelModelName } from '../../src/core/rules/kernel-names.ts';
import { modelOfRelease, NEWEST_MODEL } from '../../src/core/rules/kernel-release.ts';
import type { Host } from '../../src/core/rules/memory-source.ts';
import type { SizeWord, TopLevelWord } from '../../src/core/rules/settings-words.ts';
import { defaultSettings, type ThpSettings } from '../../src/core/rules/thp-settings.ts';

/**
 * A policy as the panel shows it: each size for all memory, for advised memory, or off. It crosses to workers
 * as it is.
 */
export interface PolicyChoice {
  readonly always: OrderSet;
  readonly madvise: OrderSet;
  readonly maxPtesNone: number;
  readonly maxPtesSwap: number;
  readonly maxPtesShared: number;
  readonly model: KernelModelName;
}

/** The settings of a machine as a choice: `inherit` becomes what it inherits. */
export function choiceOf(settings: ThpSettings, geometry: Geometry, model: KernelModelName): PolicyChoice {
  let always = 0;
  let madvise = 0;
  for (const order of ordersOf(anonOrders(geometry))) {
    const word = settings.sizes.get(order) ?? 'never';
    const effective = word === 'inherit' ? settings.enabled : word;
    if (effective === 'always') always |= 1 << order;
    if (effective === 'madvise') madvise |= 1 << order;
  }
  const { maxPtesNone, maxPtesSwap, maxPtesShared } = settings;
  return {
    always: asOrderSet(always),
    madvise: asOrderSet(madvise),
    maxPtesNone,
    maxPtesSwap,
    maxPtesShared,
    model,
  };
}

/**
 * The choice that memory starts with: the kernel that it was read on, with its own settings or those of an
 * untouched kernel.
 */
export function firstChoice({
  geometry,
  settings,
  kernelRelease,
}: Pick<Host, 'geometry' | 'settings' | 'kernelRelease'>): PolicyChoice {
  const model = modelOfRelease(kernelRelease) ?? NEWEST_MODEL;
  return choiceOf(settings ?? defaultSettings(geometry), geometry, model.name);
}

/** The orders that memory with MADV_HUGEPAGE may have. */
export function hugepageOrders({ always, madvise }: Pick<PolicyChoice, 'always' | 'madvise'>): OrderSet {
  return uniteOrders(always, madvise);
}

export function settingsOf({ always, madvise, ...limits }: PolicyChoice): ThpSettings {
  const sizes = new Map<Order, SizeWord>();
  for (const order of ordersOf(madvise)) sizes.set(order, 'madvise');
  for (const order of ordersOf(always)) sizes.set(order, 'always');
  const { maxPtesNone, maxPtesSwap, maxPtesShared } = limits;
  return { enabled: 'madvise', sizes, maxPtesNone, maxPtesSwap, maxPtesShared };
}

/** What a choice says of a size. */
export function wordFor({ always, madvise }: PolicyChoice, order: Order): TopLevelWord {
  return hasOrder(always, order) ? 'always' : hasOrder(madvise, order) ? 'madvise' : 'never';
}

/** What changes when a size gets another word. */
export function switchedTo(
  { always, madvise }: PolicyChoice,
  order: Order,
  word: TopLevelWord,
): Pick<PolicyChoice, 'always' | 'madvise'> {
  const changed = (set: OrderSet, into: boolean) => (into ? withOrder(set, order) : withoutOrder(set, order));
  return { always: changed(always, word === 'always'), madvise: changed(madvise, word === 'madvise') };
}

/**
 * What a choice takes over from a policy of a sweep. Sizes that its kernel does not have stay as they are.
 */
export function choiceOfPolicy(
  { model, orders, enabled, maxPtesNone }: SweptPolicy,
  current: Pick<PolicyChoice, 'always' | 'madvise'>,
  geometry: Geometry,
): Pick<PolicyChoice, 'always' | 'madvise' | 'maxPtesNone'> {
  const swept = uniteOrders(collapsibleOrders(model, geometry), faultableOrders(model, geometry));
  const word = (name: SweptPolicy['enabled']) =>
    uniteOrders(subtractOrders(current[name], swept), enabled === name ? orders : NO_ORDERS);
  return { always: word('always'), madvise: word('madvise'), maxPtesNone };
}

/**
 * The settings of a machine after the choice is set there; sizes that come to the same already keep their
 * word.
 */
export function settingsFrom(current: ThpSettings, choice: PolicyChoice, geometry: Geometry): ThpSettings {
  return settingsWith(current, settingsOf(choice).sizes, choice, geometry);
}

/**
 * The choice that parameters of a link make of another one; what a link does not say, or says wrongly, stays.
 */
export function choiceFromParams(
  params: Readonly<Record<string, string>>,
  first: PolicyChoice,
  geometry: Geometry,
): PolicyChoice {
  const orders = (text: string | undefined, otherwise: OrderSet): OrderSet => {
    if (text === 'none') return NO_ORDERS;
    const parsed = text === undefined ? undefined : parseOrders(text, geometry);
    return parsed?.ok ? parsed.value : otherwise;
  };
  const limit = (text: string | undefined, otherwise: number): number => {
    const value = /^\d+$/.test(text ?? '') ? Number(text) : Infinity;
    return value < pagesPerRange(geometry) ? value : otherwise;
  };
  const always = orders(params.always, first.always);
  return {
    always,
    madvise: subtractOrders(orders(params.madvise, first.madvise), always),
    maxPtesNone: limit(params.none, first.maxPtesNone),
    maxPtesSwap: limit(params.swap, first.maxPtesSwap),
    maxPtesShared: limit(params.shared, first.maxPtesShared),
    model:
      params.kernel !== undefined && Object.hasOwn(KERNEL_MODELS, params.kernel)
        ? (params.kernel as KernelModelName)
        : first.model,
  };
}

/** The parameters of a link that say this choice, whatever the memory's own settings are. */
export function paramsOfChoice(choice: PolicyChoice): Record<string, string> {
  return {
    always: formatOrders(choice.always),
    madvise: formatOrders(choice.madvise),
    none: String(choice.maxPtesNone),
    swap: String(choice.maxPtesSwap),
    shared: String(choice.maxPtesShared),
    kernel: choice.model,
  };
}
