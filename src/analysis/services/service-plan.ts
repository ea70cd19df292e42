import { sum } from '../../core/base/sum.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';
import { type Advice, type AdviceSource, Adviser, cacheGrowthFrom } from '../advice/advise.ts';
import {
  countedEntries,
  growthSteps,
  keepsBudget,
  losesNoReach,
  measuresAt,
  measuresOf,
  type PolicyMeasures,
  withCacheGrowth,
} from '../advice/choose-policy.ts';
import { limitedGroups, tightGroups } from '../advice/group-room.ts';
import { DigestQuery } from '../digest/digest-query.ts';
import { type MemoryDigest, machinePages, totalDigest } from '../digest/memory-digest.ts';
import { policyWorthOf } from '../digest/policy-worth.ts';
import { policyAt, policyCount, type SweepSpace } from '../sweep/sweep.ts';
import { settingsFor, writesBetween } from '../sweep/sysfs-writes.ts';
import {
  type JudgedService,
  type JudgeOfServices,
  judgeService,
  type PlannedService,
} from './judged-service.ts';
import { chooseOptOuts, type Growth } from './opt-outs.ts';
import { memoryByService } from './service-memory.ts';

/** Settings for the machine, and the services that opt out of them. */
export interface ServicePlan {
  readonly settings: ThpSettings;
  /** Those with most memory first. */
  readonly services: readonly PlannedService[];
  /** Over all services, as `PolicyMeasures` has it: those that opt out as they are after their restart. */
  readonly tlbEntries: number;
  readonly restartTlbEntries: number;
  readonly growth: Growth;
  readonly laterAttempts: number;
  /** False where nothing that keeps the budget was found: then the settings are those in force. */
  readonly keepsBudget: boolean;
}

/** Every policy for some memory, and what each does: see `sweepBlock`. */
export interface MemorySweep {
  readonly space: SweepSpace;
  readonly values: Float64Array;
}

/** What a plan is made from: what was to be advised, and the advice without exceptions. */
export interface PlanSource extends JudgeOfServices, AdviceSource {
  readonly advice: Advice;
}

/** Policies that are tried with exceptions, at most. */
const MAX_TRIED = 64;

/**
 * The settings for all services together with the few that opt out: docs/services.md#advice-by-service. It is
 * the advice without exceptions, unless that breaks the budget, or exceptions need fewer TLB entries by more
 * than the budget's `within`.
 * Of plans alike in these: fewest exceptions, least growth, fewest attempts in vain, fewest files changed.
 * Once it is known who opts out, the rest is advised anew, for which its memory is swept.
 */
export async function planByService(
  from: PlanSource,
  sweep: (memory: MemoryDigest) => Promise<MemorySweep>,
): Promise<ServicePlan> {
  const { memory, budget, advice, base, space, source, model } = from;
  const services = memoryByService(source, from.model);
  const judged = (settings: ThpSettings) => services.map((each) => judgeService(from, each, settings));
  // Advice breaks its budget only where nothing is advised.
  const keepsBudget = !advice.leave || advice.inForce?.keepsBudget === true;
  const { settings: advised } = advice.advised;
  const plain = { ...planOf(advised, judged(advised), new Set()), keepsBudget };
  const current = source.host.settings;
  const tried = policiesToTry(from).map((index) =>
    settingsFor(base, policyAt(space, index), memory.geometry, space.kept),
  );
  const first = preferredPlan(
    from,
    plain,
    [...(current ? [current] : []), ...tried].map((settings) =>
      withOptOuts(from, settings, judged(settings)),
    ),
  );
  const out = placesOut(first);
  if (out.size === 0) return first;
  const staying = services.filter((_, at) => !out.has(at));
  const rest = { ...source, processes: staying.flatMap(({ processes }) => processes) };
  const restMemory = totalDigest(rest);
  const { cache } = from;
  const question = { source: rest, memory: restMemory, model, base, cache, ...(await sweep(restMemory)) };
  const { settings } = new Adviser(question).advise(budget).advised;
  const again = judged(settings);
  return preferredPlan(from, plain, [
    first,
    withOptOuts(from, settings, again),
    keptPlan(from, planOf(settings, again, out), again),
  ]);
}

function placesOut({ services }: ServicePlan): Set<number> {
  return new Set([...services.keys()].filter((at) => services[at].optOut));
}

/**
 * The plan to follow of some; `plain`, if it keeps the budget, unless another needs fewer entries by more
 * than what is tolerated.
 */
function preferredPlan(
  { memory, budget, source }: PlanSource,
  plain: ServicePlan,
  plans: readonly (ServicePlan | undefined)[],
): ServicePlan {
  const found = plans.filter((plan) => plan !== undefined);
  const entriesOf = (plan: ServicePlan) => countedEntries(measuresOfPlan(plan), budget.growth);
  const fewest = Math.min(...found.map(entriesOf));
  const tolerated = budget.within * memory.residentPages;
  if (found.length === 0 || (plain.keepsBudget && !(fewest < entriesOf(plain) - tolerated))) return plain;
  const current = source.host.settings;
  const keyOf = (plan: ServicePlan) => [
    placesOut(plan).size,
    Math.floor(growthSteps(measuresOfPlan(plan), budget.growth, machinePages(memory))),
    plan.laterAttempts,
    current ? writesBetween(current, plan.settings, memory.geometry).length : 0,
    plan.settings.maxPtesNone,
  ];
  const [best] = found
    .filter((plan) => entriesOf(plan) <= fewest + tolerated)
    .map((plan) => ({ plan, key: keyOf(plan) }))
    .sort((a, b) => a.key.map((value, i) => value - b.key[i]).find((difference) => difference !== 0) ?? 0);
  return best.plan;
}

/** A plan as its budget sees it. */
function measuresOfPlan({
  tlbEntries,
  restartTlbEntries,
  growth,
  laterAttempts,
}: ServicePlan): PolicyMeasures {
  return {
    tlbEntries,
    restartTlbEntries,
    growthPages: growth.now,
    restartGrowthPages: growth.restart,
    laterAttempts,
  };
}

/**
 * Policies that no other beats in entries and growth, whatever they grow by: the budget is what is left when
 * services have opted out. Thinned evenly.
 */
function policiesToTry({ space, values, budget: { growth }, memory }: PlanSource): number[] {
  const best = new Map<number, { readonly index: number; readonly entries: number }>();
  for (let index = 0; index < policyCount(space); index++) {
    const measures = measuresAt(values, index);
    const step = Math.ceil(growthSteps(measures, growth, machinePages(memory)));
    const entries = countedEntries(measures, growth);
    const known = best.get(step);
    if (!known || entries < known.entries) best.set(step, { index, entries });
  }
  const front: number[] = [];
  let fewest = Number.POSITIVE_INFINITY;
  for (const [, { index, entries }] of [...best].sort(([a], [b]) => a - b)) {
    if (entries >= fewest) continue;
    fewest = entries;
    front.push(index);
  }
  if (front.length <= MAX_TRIED) return front;
  const chosen = Array.from(
    { length: MAX_TRIED },
    (_, i) => front[Math.round((i * (front.length - 1)) / (MAX_TRIED - 1))],
  );
  return [...new Set(chosen)];
}

/** The plan with these settings and those who must opt out; undefined where no choice keeps the budget. */
function withOptOuts(
  from: PlanSource,
  settings: ThpSettings,
  judged: readonly JudgedService[],
): ServicePlan | undefined {
  const out = chooseOptOuts(
    judged.map(({ stake }) => stake),
    from.budget.growthPages - countedCacheGrowth(from, settings),
  );
  return out && keptPlan(from, planOf(settings, judged, out), judged);
}

/**
 * What a budget has to hold besides the growth of services: that of the page cache, as though none opted out,
 * for a digest does not tell whose it is.
 */
function countedCacheGrowth(
  { cache, source, budget }: Pick<PlanSource, 'cache' | 'source' | 'budget'>,
  settings: ThpSettings,
): number {
  return budget.growth === 'restart' ? 0 : cacheGrowthFrom(cache, source, settings);
}

/** A plan, if it keeps the budget and the limits of control groups, and loses no reach. */
function keptPlan(
  from: PlanSource,
  plan: ServicePlan,
  judged: readonly JudgedService[],
): ServicePlan | undefined {
  const { source, model, budget, advice } = from;
  const measures = withCacheGrowth(measuresOfPlan(plan), countedCacheGrowth(from, plan.settings));
  const out = placesOut(plan);
  const cannot = judged.some(({ stake }, at) => (out.has(at) ? !stake.canOptOut : stake.hasNoRoom));
  if (cannot || !keepsBudget(measures, budget)) return undefined;
  if (advice.inForce?.keepsBudget && !losesNoReach(measures, measuresOf(advice.inForce.worth), budget.growth))
    return undefined;
  if (losesForTheRest(from, plan)) return undefined;
  const rest = plan.services.filter(({ service, optOut }) => service.groups.length > 0 && !optOut);
  const groups = limitedGroups(
    { ...source, processes: rest.flatMap(({ service }) => service.processes) },
    model,
  );
  return tightGroups(groups, plan.settings, model, budget.growth).length > 0 ? undefined : plan;
}

/** Whether services that do not opt out lose reach against the settings in force. */
function losesForTheRest(
  { source, model, budget }: PlanSource,
  { settings, services }: ServicePlan,
): boolean {
  const { settings: known } = source.host;
  if (!known) return false;
  const processes = services.flatMap(({ service, optOut }) => (optOut ? [] : service.processes));
  const query = new DigestQuery(totalDigest({ ...source, processes }));
  const worth = (each: ThpSettings) => measuresOf(policyWorthOf(query, each, model));
  return !losesNoReach(worth(settings), worth(known), budget.growth);
}

/** A plan that is taken to keep its budget. */
function planOf(
  settings: ThpSettings,
  judged: readonly JudgedService[],
  out: ReadonlySet<number>,
): ServicePlan {
  const services = judged.map(({ planned, optOut }, at) =>
    out.has(at) ? { ...planned, optOut, matters: true } : planned,
  );
  const worths = services.map(({ worth, optOut }) => optOut?.worth ?? worth);
  return {
    settings,
    services,
    tlbEntries: sum(worths.map(({ tlbEntries }) => tlbEntries)),
    restartTlbEntries: sum(worths.map(({ restart }) => restart?.tlbEntries ?? Number.NaN)),
    growth: {
      now: sum(worths.map(({ growthPages }) => growthPages)),
      restart: sum(worths.map(({ restart }) => restart?.growthPages ?? Number.NaN)),
    },
    laterAttempts: sum(worths.map(({ laterAttempts }) => laterAttempts)),
    keepsBudget: true,
  };
}
