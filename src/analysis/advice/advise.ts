import { sum } from '../../core/base/sum.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import {
  anonOrders,
  intersectOrders,
  type Order,
  type OrderSet,
  ordersOf,
  subtractOrders,
} from '../../core/memory/order.ts';
import { collapsibleOrders, faultableOrders, type KernelModel } from '../../core/rules/kernel-model.ts';
import type { Process } from '../../core/rules/memory-source.ts';
import { enabledOrders, type ThpSettings } from '../../core/rules/thp-settings.ts';
import type { CacheAsked, CacheQuery, CacheWorth } from '../cache/cache-query.ts';
import { DigestQuery } from '../digest/digest-query.ts';
import {
  type MemoryDigest,
  machinePages,
  RESTART_CLASSES,
  type SourceDigest,
} from '../digest/memory-digest.ts';
import { type PolicyWorth, policyWorthOf } from '../digest/policy-worth.ts';
import { policyAt, type SweepSpace, type SweptPolicy } from '../sweep/sweep.ts';
import {
  allWrites,
  type SysfsWrite,
  settingsFor,
  sizeReach,
  topLevelUnder,
  withSize,
  writesBetween,
} from '../sweep/sysfs-writes.ts';
import {
  choosePolicy,
  countedEntries,
  keepsBudget,
  losesNoReach,
  measuresOf,
  type PolicyBudget,
  withCacheGrowth,
} from './choose-policy.ts';
import {
  type HeldBack,
  heldBack,
  type LimitedGroup,
  limitedGroups,
  type TightGroup,
  tightGroups,
  withinLimits,
} from './group-room.ts';

/** What settings enable, by whose memory it is. */
export interface EnabledOrders {
  readonly forAll: OrderSet;
  /** For memory with MADV_HUGEPAGE alone. */
  readonly onlyAdvised: OrderSet;
  /** Of both, what page faults may use and khugepaged of the kernel does not have. */
  readonly onlyFaults: OrderSet;
}

/** What settings enable in a kernel. */
export function ordersEnabledBy(
  settings: ThpSettings,
  model: KernelModel,
  geometry: Geometry,
): EnabledOrders {
  const forAll = enabledOrders(settings, false, geometry);
  const all = enabledOrders(settings, true, geometry);
  const ofFaults = intersectOrders(all, faultableOrders(model, geometry));
  return {
    forAll,
    onlyAdvised: subtractOrders(all, forAll),
    onlyFaults: subtractOrders(ofFaults, collapsibleOrders(model, geometry)),
  };
}

/** Settings with what they come to. */
export interface JudgedSettings {
  readonly settings: ThpSettings;
  readonly orders: EnabledOrders;
  readonly worth: PolicyWorth;
  /** Control groups that have no room for it. */
  readonly tight: readonly TightGroup[];
  /** What limits of control groups hold back of it now: growth of `worth` is without that. */
  readonly held: HeldBack;
  /** What they do to the page cache; undefined where that is not known. */
  readonly cache?: JudgedCache | undefined;
}

/** What settings do to the page cache: apart from RSS, and never added to it. */
export interface JudgedCache {
  readonly worth: CacheWorth;
  /**
   * Pages by which it grows more than under the settings in force, or by which it grows where these are not
   * known: a budget holds for it together with the growth of anonymous memory.
   */
  readonly moreGrowthPages: number;
}

/** Settings with whether they keep a budget. */
export interface BudgetedSettings extends JudgedSettings {
  readonly keepsBudget: boolean;
}

/** Settings that were asked about, beside those in force. */
export interface AskedSettings extends BudgetedSettings {
  /** Whether they map the memory with more TLB entries than the settings in force. */
  readonly losesReach: boolean;
  /** Whether they need fewer than these, by what is worth a change; true where these are not known. */
  readonly gains: boolean;
}

/** What to do for a budget, and the way there and back. */
export interface Advice {
  /** Whether the settings in force are to stay. */
  readonly leave: boolean;
  /** What is advised: the settings in force where they are to stay. */
  readonly advised: JudgedSettings;
  /** Undefined where the recording does not say what is in force. */
  readonly inForce: BudgetedSettings | undefined;
  /** Undefined where no other settings were asked about. */
  readonly asked?: AskedSettings | undefined;
  readonly set: readonly SysfsWrite[];
  /** Undefined where the settings in force are not known. */
  readonly restore: readonly SysfsWrite[] | undefined;
  /** Sizes that fewer VMAs may use then, largest first, with the processes that have memory in them now. */
  readonly switchedOff: readonly SwitchedOff[];
  /** Control groups that had no room for other settings, one policy each. */
  readonly withoutRoom: readonly TightGroup[];
}

interface SwitchedOff {
  readonly order: Order;
  readonly processes: readonly {
    readonly process: Process;
    /** See ProcessDigest. */
    readonly count: number | undefined;
    readonly pages: number;
  }[];
}

/** Whether khugepaged does to the memory what it does not do under the settings in force. */
export function changesKhugepaged({ advised, inForce }: Pick<Advice, 'advised' | 'inForce'>): boolean {
  const collapses = ({ worth }: JudgedSettings) => worth.counts.collapses.join();
  return sum(advised.worth.counts.collapses) > 0 && (!inForce || collapses(advised) !== collapses(inForce));
}

/** What is to be advised. `space` and `values` are a sweep of `memory`, which is all of the source. */
export interface AdviceSource {
  readonly source: SourceDigest;
  readonly memory: MemoryDigest;
  readonly model: KernelModel;
  /**
   * What the advice changes: sizes and max_ptes_none. Where they are not the settings in force they are asked
   * about: they are advised only if they keep the budget.
   */
  readonly base: ThpSettings;
  /** Whether somebody asked about `base`, where the settings in force are not known. */
  readonly isAsked?: boolean;
  readonly space: SweepSpace;
  readonly values: Float64Array;
  /** The page cache of the source; undefined where it is not known. */
  readonly cache?: CacheQuery | undefined;
  /** Control groups whose limits count: by default all of the source. */
  readonly groups?: readonly LimitedGroup[];
}

/** A source that is advised about many budgets. */
export class Adviser {
  readonly #source: SourceDigest;
  readonly #query: DigestQuery;
  readonly #groups: readonly LimitedGroup[];
  readonly #cache: CacheQuery | undefined;
  readonly #model: KernelModel;
  readonly #base: ThpSettings;
  readonly #isAsked: boolean;
  readonly #space: SweepSpace;
  readonly #values: Float64Array;

  constructor({ source, memory, model, base, isAsked = false, space, values, cache, groups }: AdviceSource) {
    this.#source = source;
    this.#query = new DigestQuery(memory);
    this.#groups = groups ?? limitedGroups(source, model);
    this.#cache = cache;
    this.#model = model;
    this.#base = base;
    this.#isAsked = isAsked;
    this.#space = space;
    this.#values = values;
  }

  /** What settings come to. */
  judge(settings: ThpSettings, budget: PolicyBudget): JudgedSettings {
    const { geometry } = this.#source.host;
    const held = heldBack(this.#groups, settings, this.#model);
    const worth = withinLimits(policyWorthOf(this.#query, settings, this.#model), held, geometry);
    const orders = ordersEnabledBy(settings, this.#model, geometry);
    return {
      settings,
      orders,
      worth,
      tight: this.#tight(settings, budget),
      held,
      cache: this.#judgeCache(settings),
    };
  }

  #judgeCache(settings: CacheAsked): JudgedCache | undefined {
    const worth = this.#cache?.worth(settings);
    return worth && { worth, moreGrowthPages: cacheGrowthFrom(this.#cache, this.#source, settings) };
  }

  /** The settings to follow within a budget: see docs/advice.md#choosing. */
  advise(budget: PolicyBudget): Advice {
    const { geometry, settings: known } = this.#source.host;
    const { memory } = this.#query;
    const inForce = this.#inForce(budget);
    const asked = this.#askedSettings(inForce, budget);
    // What is asked about is kept if it may be; else the settings in force are what may stay.
    const mayStay = asked?.keepsBudget && !asked.losesReach ? asked : inForce;
    const stays = known && mayStay;
    const { maxPtesSwap, maxPtesShared, kept } = this.#space;
    const withoutRoom = new Map<string, TightGroup>();
    const settingsOf = (policy: SweptPolicy) =>
      settingsFor({ ...this.#base, maxPtesSwap, maxPtesShared }, policy, geometry, kept);
    const chosen = choosePolicy(this.#space, this.#values, {
      budget,
      residentPages: memory.residentPages,
      machinePages: machinePages(memory),
      inForce: inForce && measuresOf(inForce.worth),
      mayStay: stays?.keepsBudget ? measuresOf(stays.worth) : undefined,
      cacheGrowth: this.#cache && ((policy) => this.#cacheGrowth(policy)),
      filesChanged: known ? countingWrites(known, settingsOf, geometry) : () => 0,
      noRoom: (policy) => {
        const [tight] = this.#tight(settingsOf(policy), budget);
        if (tight) withoutRoom.set(tight.group.path, tight);
        return tight?.when;
      },
    });
    if (chosen === undefined) {
      // Nobody knows them, and memory that asks for huge pages keeps its own whatever else is chosen.
      const following = stays
        ? this.#following(stays, inForce)
        : { ...this.#following(this.judge(this.#base, budget), undefined), leave: true, set: [] };
      return { ...following, asked, withoutRoom: [...withoutRoom.values()] };
    }
    const wanted = settingsOf(policyAt(this.#space, chosen));
    const advised = known
      ? this.#putBack(this.judge(wanted, budget), known, budget)
      : this.judge(wanted, budget);
    return { ...this.#following(advised, inForce), asked, withoutRoom: [...withoutRoom.values()] };
  }

  #cacheGrowth(policy: SweptPolicy): number {
    const { kept, maxPtesSwap } = this.#space;
    const enabled = topLevelUnder(this.#base, policy, kept);
    return cacheGrowthFrom(this.#cache, this.#source, {
      enabled,
      maxPtesNone: policy.maxPtesNone,
      maxPtesSwap,
    });
  }

  /** What it means to follow these settings, whatever the budget. */
  follow(settings: ThpSettings, budget: PolicyBudget): Advice {
    return this.#following(this.judge(settings, budget), this.#inForce(budget));
  }

  #following(advised: JudgedSettings, inForce: Advice['inForce']): Advice {
    const { geometry, settings: known } = this.#source.host;
    const { settings } = advised;
    const set = known ? writesBetween(known, settings, geometry) : allWrites(settings, this.#model, geometry);
    return {
      leave: set.length === 0,
      advised,
      inForce,
      set,
      restore: known && writesBetween(settings, known, geometry),
      switchedOff: known ? this.#switchedOff(known, settings) : [],
      withoutRoom: [],
    };
  }

  /** Groups without room for settings, where those in force do not need as much. */
  #tight(settings: ThpSettings, { growth }: PolicyBudget): TightGroup[] {
    return tightGroups(this.#groups, settings, this.#model, growth);
  }

  #inForce(budget: PolicyBudget): Advice['inForce'] {
    const { settings } = this.#source.host;
    return settings && this.#judgeKeeping(settings, budget);
  }

  /** The base, where it is not what is in force anyway. */
  #askedSettings(inForce: Advice['inForce'], budget: PolicyBudget): AskedSettings | undefined {
    const { geometry, settings: known } = this.#source.host;
    const isAsked = known ? writesBetween(known, this.#base, geometry).length > 0 : this.#isAsked;
    if (!isAsked) return undefined;
    const judged = this.#judgeKeeping(this.#base, budget);
    const measures = measuresOf(judged.worth);
    if (!inForce) return { ...judged, losesReach: false, gains: true };
    const before = measuresOf(inForce.worth);
    const saved = countedEntries(before, budget.growth) - countedEntries(measures, budget.growth);
    const worthIt = budget.within * this.#query.memory.residentPages;
    return { ...judged, losesReach: !losesNoReach(measures, before, budget.growth), gains: saved > worthIt };
  }

  #judgeKeeping(settings: ThpSettings, budget: PolicyBudget): BudgetedSettings {
    const judged = this.judge(settings, budget);
    return { ...judged, keepsBudget: this.#keeps(judged, budget) };
  }

  /** Puts sizes back that were on, unless that breaks the budget, loses reach or adds attempts in vain. */
  #putBack(chosen: JudgedSettings, known: ThpSettings, budget: PolicyBudget): JudgedSettings {
    const { geometry } = this.#source.host;
    let advised = chosen;
    for (const order of narrowed(known, chosen.settings, geometry)) {
      const tried = this.judge(withSize(advised.settings, order, known), budget);
      const was = measuresOf(advised.worth);
      const is = measuresOf(tried.worth);
      if (!this.#keeps(tried, budget) || is.laterAttempts > was.laterAttempts) continue;
      if (losesNoReach(is, was, budget.growth)) advised = tried;
    }
    return advised;
  }

  #keeps({ worth, tight, cache }: JudgedSettings, budget: PolicyBudget): boolean {
    const measures = withCacheGrowth(measuresOf(worth), cache?.moreGrowthPages ?? 0);
    return keepsBudget(measures, budget) && tight.length === 0;
  }

  #switchedOff(known: ThpSettings, settings: ThpSettings): SwitchedOff[] {
    const { geometry } = this.#source.host;
    return narrowed(known, settings, geometry).map((order) => ({
      order,
      processes: this.#source.processes
        .map(({ process, memory, count }) => ({ process, count, pages: pagesInFolios(memory, order) }))
        .filter(({ pages }) => pages > 0)
        .sort((a, b) => b.pages - a.pages),
    }));
  }
}

/** Pages by which the page cache grows more under settings than under those in force, if these are known. */
export function cacheGrowthFrom(
  cache: CacheQuery | undefined,
  { host: { settings: known } }: Pick<SourceDigest, 'host'>,
  settings: CacheAsked,
): number {
  if (!cache) return 0;
  const inForce = known ? cache.worth(known).growthPages : 0;
  return Math.max(0, cache.worth(settings).growthPages - inForce);
}

/** Sizes that fewer VMAs may use under the second settings, largest first. */
function narrowed(from: ThpSettings, to: ThpSettings, geometry: Geometry): Order[] {
  return ordersOf(anonOrders(geometry))
    .filter((order) => sizeReach(to, order) < sizeReach(from, order))
    .reverse();
}

/** Resident pages in folios of this order; none where a digest does not know. */
function pagesInFolios({ restart }: MemoryDigest, order: Order): number {
  if (!restart) return 0;
  return RESTART_CLASSES.reduce((pages, name) => pages + restart[name].folioPages[order], 0);
}

/**
 * Counts the writes that policies take from the settings in force. Sizes are asked once: max_ptes_none is one
 * file more wherever it changes.
 */
function countingWrites(
  known: ThpSettings,
  settingsOf: (policy: SweptPolicy) => ThpSettings,
  geometry: Geometry,
): (policy: SweptPolicy) => number {
  const { maxPtesNone } = known;
  const ofSizes = new Map<string, number>();
  return (policy) => {
    const key = `${policy.enabled} ${policy.orders}`;
    let writes = ofSizes.get(key);
    if (writes === undefined) {
      writes = writesBetween(known, settingsOf({ ...policy, maxPtesNone }), geometry).length;
      ofSizes.set(key, writes);
    }
    return policy.maxPtesNone === maxPtesNone ? writes : writes + 1;
  };
}
