import type { PolicyWorth } from '../digest/policy-worth.ts';
import { metricAt, policyAt, policyCount, type SweepSpace, type SweptPolicy } from '../sweep/sweep.ts';
import type { GrowthKind } from './growth-kinds.ts';

/** What a policy may cost. */
export interface PolicyBudget {
  readonly growth: GrowthKind;
  /** Pages by which the memory of the machine may grow, each way that counts. */
  readonly growthPages: number;
  /** Attempts in vain in every later pass; undefined for any number. */
  readonly laterAttempts: number | undefined;
  /** Policies whose TLB entries exceed the fewest by at most this share of the resident pages are alike. */
  readonly within: number;
}

/** What policies are compared by. Restarts are NaN where a digest does not know. */
export interface PolicyMeasures {
  readonly tlbEntries: number;
  readonly restartTlbEntries: number;
  readonly growthPages: number;
  readonly restartGrowthPages: number;
  readonly laterAttempts: number;
}

export function measuresOf({ tlbEntries, growthPages, laterAttempts, restart }: PolicyWorth): PolicyMeasures {
  return {
    tlbEntries,
    restartTlbEntries: restart?.tlbEntries ?? Number.NaN,
    growthPages,
    restartGrowthPages: restart?.growthPages ?? Number.NaN,
    laterAttempts,
  };
}

/** The measures of a policy of a sweep. */
export function measuresAt(values: Float64Array, index: number): PolicyMeasures {
  return {
    tlbEntries: metricAt(values, index, 'tlbEntries'),
    restartTlbEntries: metricAt(values, index, 'restartTlbEntries'),
    growthPages: metricAt(values, index, 'machineGrowthPages'),
    restartGrowthPages: metricAt(values, index, 'restartGrowthPages'),
    laterAttempts: metricAt(values, index, 'laterAttempts'),
  };
}

/** The same with growth of the page cache, which is memory of the machine as well: budgets hold for both. */
export function withCacheGrowth(measures: PolicyMeasures, cacheGrowthPages: number): PolicyMeasures {
  return { ...measures, growthPages: measures.growthPages + cacheGrowthPages };
}

/** TLB entries that count: now and after a restart together where both do, because both will come. */
export function countedEntries(measures: PolicyMeasures, growth: GrowthKind): number {
  const { tlbEntries, restartTlbEntries } = measures;
  return counted(tlbEntries, restartTlbEntries, growth, (now, restart) => now + restart);
}

/** Pages of growth that count: the larger of both. */
export function countedGrowth(measures: PolicyMeasures, growth: GrowthKind): number {
  return counted(measures.growthPages, measures.restartGrowthPages, growth, Math.max);
}

function counted(
  now: number,
  restart: number,
  growth: GrowthKind,
  both: (now: number, restart: number) => number,
): number {
  if (growth === 'now' || Number.isNaN(restart)) return now;
  return growth === 'restart' ? restart : both(now, restart);
}

/** Whether a policy keeps a budget; limits of control groups are asked elsewhere. */
export function keepsBudget(measures: PolicyMeasures, budget: PolicyBudget): boolean {
  return (
    countedGrowth(measures, budget.growth) <= budget.growthPages &&
    measures.laterAttempts <= (budget.laterAttempts ?? Number.POSITIVE_INFINITY)
  );
}

/** Whether a policy maps the memory with no more TLB entries than another, now and after a restart. */
export function losesNoReach(a: PolicyMeasures, b: PolicyMeasures, growth: GrowthKind): boolean {
  const now = growth === 'restart' || a.tlbEntries <= b.tlbEntries;
  // Where restarts are not known nothing is lost by them.
  const restart = growth === 'now' || !(a.restartTlbEntries > b.restartTlbEntries);
  return now && restart;
}

/** Why the control groups of some memory have no room for a policy. */
export type NoRoom = 'now' | 'restart';

/** What is to be chosen from, besides the policies of a sweep. */
export interface Choosing {
  readonly budget: PolicyBudget;
  readonly residentPages: number;
  /** The same, what processes share by fork counted once. */
  readonly machinePages: number;
  /** The settings in force, if they are known: no policy may lose reach against them. */
  readonly inForce: PolicyMeasures | undefined;
  /** Settings that may be the choice beside the sweep: they keep the budget and lose no reach. */
  readonly mayStay: PolicyMeasures | undefined;
  /** Pages by which the page cache grows more under a policy than under the settings in force. */
  readonly cacheGrowth?: (policy: SweptPolicy) => number;
  /** Files of sysfs that a policy changes. */
  readonly filesChanged: (policy: SweptPolicy) => number;
  /** Whether control groups have no room for a policy, and when. */
  readonly noRoom: (policy: SweptPolicy) => NoRoom | undefined;
}

/** Growth in the steps in which it is compared: thousandths of the memory of the machine, not rounded. */
export function growthSteps(measures: PolicyMeasures, growth: GrowthKind, machinePages: number): number {
  return (1000 * countedGrowth(measures, growth)) / Math.max(1, machinePages);
}

/**
 * Which policy of a sweep to follow; undefined where none is better than what may stay, or none keeps the
 * budget. In this order: fewest TLB entries within the budget; of those alike in them the least growth, then
 * the fewest attempts in vain, the fewest files to change, the smallest max_ptes_none, and the first. See
 * docs/advice.md#choosing.
 */
export function choosePolicy(
  space: SweepSpace,
  values: Float64Array,
  choosing: Choosing,
): number | undefined {
  const candidates = candidatesOf(space, values, choosing);
  const rejected = new Uint8Array(policyCount(space));
  for (;;) {
    const chosen = firstChoice(space, candidates, choosing, rejected);
    if (chosen === undefined) return undefined;
    const noRoom = choosing.noRoom(policyAt(space, chosen));
    if (!noRoom) return chosen;
    rejectLike(space, chosen, noRoom, choosing, rejected);
  }
}

/** A policy that keeps the budget and loses no reach, and what it is compared by. */
interface Ranked {
  readonly index: number;
  readonly entries: number;
  readonly growthSteps: number;
  readonly laterAttempts: number;
  /** Asked for at the first tie: it is slow. */
  files?: number;
}

function candidatesOf(
  space: SweepSpace,
  values: Float64Array,
  { budget, machinePages, inForce, cacheGrowth }: Choosing,
): Ranked[] {
  const { growth } = budget;
  const candidates: Ranked[] = [];
  for (let index = 0; index < policyCount(space); index++) {
    const swept = measuresAt(values, index);
    const measures = cacheGrowth ? withCacheGrowth(swept, cacheGrowth(policyAt(space, index))) : swept;
    if (!keepsBudget(measures, budget) || (inForce && !losesNoReach(measures, inForce, growth))) continue;
    candidates.push({
      index,
      entries: countedEntries(measures, growth),
      growthSteps: Math.floor(growthSteps(measures, growth, machinePages)),
      laterAttempts: measures.laterAttempts,
    });
  }
  return candidates;
}

/**
 * With a policy go those of the same sizes that cannot need less room: at a restart all of them, now those
 * from the lowest max_ptes_none on for which there is none.
 */
function rejectLike(
  space: SweepSpace,
  index: number,
  noRoom: NoRoom,
  choosing: Choosing,
  rejected: Uint8Array,
): void {
  const first = index - (index % space.maxPtesNone.length);
  let from = first;
  for (let end = index; noRoom === 'now' && from < end; ) {
    const middle = (from + end) >>> 1;
    if (choosing.noRoom(policyAt(space, middle))) end = middle;
    else from = middle + 1;
  }
  rejected.fill(1, from, first + space.maxPtesNone.length);
}

function firstChoice(
  space: SweepSpace,
  candidates: readonly Ranked[],
  { budget, residentPages, mayStay, filesChanged }: Choosing,
  rejected: Uint8Array,
): number | undefined {
  const entriesStaying = mayStay ? countedEntries(mayStay, budget.growth) : Number.POSITIVE_INFINITY;
  let fewest = entriesStaying;
  for (const { index, entries } of candidates) if (entries < fewest && !rejected[index]) fewest = entries;
  const alike = fewest + budget.within * residentPages;
  if (mayStay && entriesStaying <= alike) return undefined;
  let best: Ranked | undefined;
  for (const each of candidates) {
    if (each.entries > alike || rejected[each.index]) continue;
    if (!best || isBefore(each, best, space, filesChanged)) best = each;
  }
  return best?.index;
}

function isBefore(a: Ranked, b: Ranked, space: SweepSpace, filesChanged: Choosing['filesChanged']): boolean {
  if (a.growthSteps !== b.growthSteps) return a.growthSteps < b.growthSteps;
  if (a.laterAttempts !== b.laterAttempts) return a.laterAttempts < b.laterAttempts;
  const filesOf = (each: Ranked) => (each.files ??= filesChanged(policyAt(space, each.index)));
  const files = filesOf(a) - filesOf(b);
  if (files !== 0) return files < 0;
  const none = policyAt(space, a.index).maxPtesNone - policyAt(space, b.index).maxPtesNone;
  return none !== 0 ? none < 0 : a.index < b.index;
}
