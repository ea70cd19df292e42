import { type Advice, type AdviceSource, Adviser } from '../../analysis/advice/advise.ts';
import type { PolicyBudget } from '../../analysis/advice/choose-policy.ts';
import type { LimitedGroup } from '../../analysis/advice/group-room.ts';
import type { GrowthKind } from '../../analysis/advice/growth-kinds.ts';
import { type ShmemOffer, shmemOffer } from '../../analysis/advice/shmem-offer.ts';
import { CacheQuery } from '../../analysis/cache/cache-query.ts';
import {
  type MemoryDigest,
  machinePages,
  type ProcessDigest,
  type SourceDigest,
  totalDigest,
} from '../../analysis/digest/memory-digest.ts';
import { worthByProcess } from '../../analysis/digest/process-worth.ts';
import { scannedRanges } from '../../analysis/digest/scanned-ranges.ts';
import { type PassTime, passTime } from '../../analysis/metrics/pass-time.ts';
import { assumesRegistration } from '../../analysis/ranges/assumptions.ts';
import type { FleetFacts, GrowingHost } from '../../analysis/reading/fleet-facts.ts';
import { readOnKernel } from '../../analysis/reading/read-on.ts';
import { dropInsOf } from '../../analysis/services/drop-ins.ts';
import { planByService, type ServicePlan } from '../../analysis/services/service-plan.ts';
import { bootParameters } from '../../analysis/sweep/boot-parameters.ts';
import { adviceSpace } from '../../analysis/sweep/sweep-space.ts';
import { allWrites } from '../../analysis/sweep/sysfs-writes.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { LIMIT_FILES } from '../../core/base/sysfs.ts';
import { pageBytes } from '../../core/memory/geometry.ts';
import type { KernelModel } from '../../core/rules/kernel-model.ts';
import type { MemoryOrigin } from '../../core/rules/memory-source.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';
import { KernelTree } from '../../linux/kernel/kernel-tree.ts';
import { readSystemdVersion } from '../../linux/machine/systemd.ts';
import { adviseJson } from '../../render/json/advise.ts';
import { adviseText } from '../../render/text/advise/advise.ts';
import { planText } from '../../render/text/advise/plan.ts';
import { type LastingWrites, writesText } from '../../render/text/advise/write-formats.ts';
import { askedLines } from '../../render/words/advise/advice-reasons.ts';
import { type AdviceView, adviceLine } from '../../render/words/advise/advise-view.ts';
import type { MeasuredWalks } from '../../render/words/advise/measured-walks.ts';
import { type PlanView, planLine } from '../../render/words/advise/plan-view.ts';
import { originLine } from '../../render/words/origin-line.ts';
import { type Context, print, printText, styleFor, warn } from '../shared/context.ts';
import { digestFromFlags } from '../shared/digest/digest-source.ts';
import { runSweep } from '../shared/digest/sweep-run.ts';
import { kernelAsked } from '../shared/flags/asked-kernel.ts';
import { settingsFromFlags } from '../shared/flags/command-policy.ts';
import { parseGrowthLimit } from '../shared/flags/growth-limit.ts';
import { shareOf } from '../shared/flags/share.ts';
import { interruptible } from '../shared/interrupt.ts';
import { originField, printOrigin } from '../shared/memory/origin.ts';
import { sourceInputs } from '../shared/memory/source.ts';
import { readVersion } from '../shared/version.ts';
import type { AdvisedFlags, AdviseFlags } from './command.ts';
import { measureTime, measureWalks } from './measure.ts';

/** `thpscope advise`: the policy that fits a budget. It prints what to write and writes nothing. */
export async function advise(this: Context, flags: AdviseFlags, ...files: string[]): Promise<void> {
  await interruptible(this, (signal) => adviseSource(this, flags, files, signal));
}

async function adviseSource(
  context: Context,
  asked: AdviseFlags,
  words: string[],
  signal: AbortSignal,
): Promise<Result<void>> {
  const budgetOf = parseBudget(asked);
  if (!budgetOf.ok) return budgetOf;
  const watched = measureTime(asked.measure, words);
  if (!watched.ok) return watched;
  const inputs = await sourceInputs(context, asked, words);
  if (!inputs.ok) return inputs;
  const { flags, files } = inputs.value;
  const digested = await digestFromFlags(context, flags, files, { signal });
  if (!digested.ok) return digested;
  const source = digested.value;
  const systemd = files.length === 0 ? readSystemdVersion(new KernelTree(context.kernelRoot)) : undefined;
  const pids = source.processes.map(({ process }) => process.pid);
  const measure = async () =>
    watched.value === undefined ? undefined : await measureWalks(context, pids, watched.value, signal);
  const { origins } = source;
  const runsHere = files.length === 0;
  return adviseDigest(context, flags, { source, origins, runsHere, systemd, measure }, signal);
}

/** Memory that is to be advised about. */
export interface AdvisedMemory {
  readonly source: SourceDigest;
  /** Whose it is. */
  readonly origins: readonly MemoryOrigin[];
  /** Memory of this machine, and not a recording. */
  readonly runsHere: boolean;
  /** The version of systemd there; undefined where it is not known. */
  readonly systemd?: number | undefined;
  /** Counts page walks while the programs run, if that was asked for. */
  readonly measure?: () => Promise<MeasuredWalks | undefined>;
  /** The hosts of a fleet, which are not looked at one by one unless asked. */
  readonly fleet?: AdvisedFleet;
}

export interface AdvisedFleet {
  readonly facts: FleetFacts;
  /** Control groups without room for settings; others may have none either. */
  withoutRoom(settings: ThpSettings, model: KernelModel, growth: GrowthKind): Promise<Result<LimitedGroup[]>>;
  /** Hosts that grow, but for services that opt out. */
  growingHosts(
    settings: ThpSettings,
    model: KernelModel,
    optOuts: readonly string[],
  ): Promise<Result<GrowingHost[]>>;
}

/** Advises about a digest and prints it. */
export async function adviseDigest(
  context: Context,
  flags: AdvisedFlags,
  { source, origins, runsHere, systemd, measure, fleet }: AdvisedMemory,
  signal: AbortSignal,
): Promise<Result<void>> {
  const budgetOf = parseBudget(flags);
  if (!budgetOf.ok) return budgetOf;
  const memory = totalDigest(source);
  const { geometry, settings: known, kernelRelease } = source.host;
  if (!memory.restart && flags.growth === 'restart')
    return fail('usage', '--growth restart: the digest is of a version that does not know restarts');
  const kernel = kernelAsked(flags.kernel, kernelRelease);
  if (!kernel.ok) return kernel;
  const model = kernel.value;
  const base = await settingsFromFlags(flags, geometry, source.host, isKept);
  if (!base.ok) return base;
  const { shrinkUnderused: _, shmem: __, ...kept } = base.value;
  const space = adviceSpace(memory, model, [flags.words], kept);
  const values = await runSweep(context, memory, space, { workers: flags.workers, signal });
  const budget = budgetOf.value(machinePages(memory), pageBytes(geometry));
  // Whether a kernel before 7.2 was built to collapse files nobody knows: what it may do is counted.
  const ofFiles = { collapsesFiles: true };
  const cache = source.cache && new CacheQuery(source.cache, source.host.shmem, ofFiles);
  const isAsked = [flags.policy, flags.enabled, flags.set].some((flag) => flag !== undefined);
  const question = { source, memory, model, base: kept, isAsked, space, values, cache };
  const found = await adviseWithRoom(question, budget, fleet);
  if (!found.ok) return found;
  const { adviser, advice } = found.value;
  const growing =
    flags.by === 'process' ? await fleet?.growingHosts(advice.advised.settings, model, []) : undefined;
  if (growing && !growing.ok) return growing;
  const view = {
    source,
    memory,
    model,
    readOn: readOnKernel(kernelRelease, runsHere),
    budget,
    advice,
    byProcess: worthByProcess(source, advice.advised.settings, model),
    listing: { sort: flags.sort, top: flags.top },
    pass: passOver(source, memory, advice.advised.settings, model),
    assumesRegistration: assumesRegistration({ settings: known }, advice.advised.settings, geometry),
    measured: await measure?.(),
    fleet: fleet && { facts: fleet.facts, growing: growing?.value ?? [] },
    cache,
    offer: offerBeside(advice, cache, budget),
  };
  if (flags.by === 'process') return printAdvice(context, flags, { view, planned: undefined, origins });
  if (!memory.restart)
    return fail('usage', '--by service: the digest is of a version that does not know restarts');
  const sweep = async (rest: MemoryDigest) => {
    const ofRest = adviceSpace(rest, model, [flags.words], kept);
    return {
      space: ofRest,
      values: await runSweep(context, rest, ofRest, { workers: flags.workers, signal }),
    };
  };
  const manager = { kernelRelease, systemd };
  const from = { ...question, budget, advice, manager };
  const plan = await planByService(from, sweep);
  const registration = assumesRegistration({ settings: known }, plan.settings, geometry);
  const out = plan.services.filter(({ optOut }) => optOut).map(({ service }) => service.name);
  const growingThen = await fleet?.growingHosts(plan.settings, model, out);
  if (growingThen && !growingThen.ok) return growingThen;
  // A plan that breaks its budget is what advice has come to: to leave what is there.
  const following = plan.keepsBudget ? adviser.follow(plan.settings, budget) : advice;
  const viewOfPlan = {
    ...view,
    offer: offerBeside(following, cache, budget),
    // Who has opted out is not scanned.
    pass: passOver(source, totalDigest({ ...source, processes: stayingIn(plan) }), plan.settings, model),
    assumesRegistration: registration,
    fleet: fleet && { facts: fleet.facts, growing: growingThen?.value ?? [] },
  };
  const planned = {
    plan,
    following,
    dropIns: dropInsOf(plan),
    systemd,
  };
  return printAdvice(context, flags, { view: viewOfPlan, planned, origins });
}

/** How long khugepaged takes for what it scans of some memory under settings. */
function passOver(
  { host: { geometry, khugepaged } }: SourceDigest,
  memory: MemoryDigest,
  settings: ThpSettings,
  model: KernelModel,
): PassTime | undefined {
  return khugepaged && passTime(scannedRanges(memory, settings, model), geometry, khugepaged);
}

/** The processes of services that do not opt out. */
function stayingIn({ services }: ServicePlan): ProcessDigest[] {
  return services.flatMap(({ service, optOut }) => (optOut ? [] : service.processes));
}

/** What could be set for shared memory beside an advice, in what the advice leaves of its budget. */
function offerBeside(
  { advised: { settings, worth, cache: judged } }: Advice,
  cache: CacheQuery | undefined,
  { growthPages, within }: PolicyBudget,
): ShmemOffer | undefined {
  if (!cache || !judged) return undefined;
  const left = Math.max(0, growthPages - worth.growthPages - judged.moreGrowthPages);
  return shmemOffer(cache, settings, { growthPages: left, within });
}

interface GivenAdvice {
  readonly view: AdviceView;
  readonly planned: PlanView | undefined;
  readonly origins: readonly MemoryOrigin[];
}

/** Rounds of advice in which limits of control groups come in. */
const MAX_ROUNDS = 8;

/**
 * The advice that control groups have room for. Those of a fleet are too many to be asked about each policy:
 * they come in when an advice has no room in them, and it is asked for again.
 */
async function adviseWithRoom(
  question: AdviceSource,
  budget: PolicyBudget,
  fleet: AdvisedFleet | undefined,
): Promise<Result<{ readonly adviser: Adviser; readonly advice: Advice }>> {
  let groups: readonly LimitedGroup[] | undefined = fleet && [];
  for (let round = 1; ; round++) {
    const adviser = new Adviser({ ...question, groups });
    const advice = adviser.advise(budget);
    if (!fleet || !groups || advice.leave || round === MAX_ROUNDS) return succeed({ adviser, advice });
    const found = await fleet.withoutRoom(advice.advised.settings, question.model, budget.growth);
    if (!found.ok) return found;
    const known = new Set(groups.map(({ group }) => group.path));
    const others = found.value.filter(({ group }) => !known.has(group.path));
    if (others.length === 0) return succeed({ adviser, advice });
    groups = [...groups, ...others];
  }
}

/** Prints an advice, or a plan by service, in the form asked for. */
async function printAdvice(
  context: Context,
  flags: AdvisedFlags,
  { view, planned, origins }: GivenAdvice,
): Promise<Result<void>> {
  const format = flags.json ? 'json' : (flags.format ?? 'text');
  if (format === 'systemd' && !planned)
    return fail('usage', '--format systemd: drop-ins are of services that opt out; add --by service');
  const style = styleFor(context, flags.color);
  if (format === 'json') {
    const json = { ...adviseJson(view, planned), ...originField(origins) };
    await print(context, `${JSON.stringify(json)}\n`);
  } else if (format === 'text') {
    await printOrigin(context, origins);
    await printText(context, planned ? planText(view, planned, style) : adviseText(view, style));
  } else {
    const origin = originLine(origins, readVersion());
    await print(context, writesText(format, { ...lastingWrites(view, planned), origin }));
  }
  if (format !== 'json') for (const note of view.source.notes) warn(context, note);
  return succeed(undefined);
}

/** Whether advice keeps what a file says: it chooses sizes and max_ptes_none. */
function isKept(path: string): boolean {
  const { maxPtesSwap, maxPtesShared } = LIMIT_FILES;
  return ['enabled', `khugepaged/${maxPtesSwap}`, `khugepaged/${maxPtesShared}`].includes(path);
}

function lastingWrites(
  { source, memory, model, budget, advice }: AdviceView,
  planned: PlanView | undefined,
): Omit<LastingWrites, 'origin'> {
  const { settings: known, kernelRelease } = source.host;
  const followed = planned?.following ?? advice;
  const boot = (each: ThpSettings) => bootParameters(each, kernelRelease, memory.geometry);
  return {
    advice: [
      planned ? planLine(planned, memory.geometry) : adviceLine(advice, memory.geometry),
      ...askedLines(advice.asked, budget, memory),
    ].join(' '),
    set: followed.set,
    all: allWrites(followed.advised.settings, model, memory.geometry),
    restore: followed.restore,
    boot: boot(followed.advised.settings),
    bootNow: known && boot(known),
    dropIns: planned?.dropIns ?? [],
  };
}

type Budget = (machinePages: number, bytesPerPage: number) => PolicyBudget;

/** Reads a budget; growth as a share of the memory read (2%), a size (512M) or `none`. */
function parseBudget({ maxGrowth, maxWork, growth, within }: AdvisedFlags): Result<Budget> {
  const tolerance = shareOf(within);
  if (tolerance === undefined) return fail('usage', `--within ${within}: write a share such as 1%`);
  const limit = parseGrowthLimit(maxGrowth);
  if (!limit.ok) return limit;
  return succeed((ofMachine, bytesPerPage) => ({
    growth,
    growthPages: limit.value(ofMachine, bytesPerPage),
    laterAttempts: maxWork,
    within: tolerance,
  }));
}
