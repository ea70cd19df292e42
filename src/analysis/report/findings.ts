import type { RestartCounts } from '../../core/fault/restart-counts.ts';
import { anonOrders } from '../../core/memory/order.ts';
import type { PolicyCounts } from '../../core/plan/policy-counts.ts';
import type { KernelModel } from '../../core/rules/kernel-model.ts';
import type { Process } from '../../core/rules/memory-source.ts';
import type { CollapsePolicy } from '../../core/rules/policy.ts';
import {
  defaultSettings,
  hugepagePolicy,
  type ThpSettings,
  withOrdersAlways,
} from '../../core/rules/thp-settings.ts';
import { ALGORITHMS } from '../../core/search/algorithms.ts';
import { type Advice, Adviser } from '../advice/advise.ts';
import type { PolicyBudget } from '../advice/choose-policy.ts';
import { DigestQuery } from '../digest/digest-query.ts';
import { type MemoryDigest, machinePages, type SourceDigest, totalDigest } from '../digest/memory-digest.ts';
import { digestEntries, policyWorthOf } from '../digest/policy-worth.ts';
import { changedPages } from '../digest/process-worth.ts';
import type { Tally } from '../ranges/tally.ts';
import { growthOf } from '../ranges/tally.ts';
import type { EntryCounts } from '../ranges/tally-entries.ts';
import { paretoFront, type SweptResult } from '../sweep/pareto.ts';
import type { SweepSpace } from '../sweep/sweep.ts';
import type { RangeTable } from '../table/range-table.ts';
import { type JudgedRanges, judgeTable } from '../table/table-judge.ts';
import { type TellingRange, tellingRange } from './telling-range.ts';

/** Memory that was read for a report. */
export interface ReadMemory {
  readonly digest: SourceDigest;
  /** Every range, its processes in the order of the digest; undefined where the source has counts only. */
  readonly table: RangeTable | undefined;
}

/** What settings do to all memory that was read. */
export interface PolicyFinding {
  readonly settings: ThpSettings;
  readonly counts: PolicyCounts;
  /** Pages in use that lie in large folios afterwards. */
  readonly hugePages: number;
  /** Pages by which resident memory grows. */
  readonly growthPages: number;
  /**
   * What page faults leave when the programs start again, at most; undefined where a digest does not know.
   */
  readonly restart: RestartCounts | undefined;
  /** The same of the machine: what processes share by fork counts once, as far as that is known. */
  readonly machineRestart: RestartCounts | undefined;
  readonly entries: EntryCounts;
}

/** The same with what becomes of each range. */
export interface RangesFinding extends PolicyFinding {
  /** Undefined where the source has counts only. */
  readonly ranges: JudgedRanges | undefined;
}

/** What to do for a budget of growth. */
export interface Recommendation {
  /** Growth that is allowed, as a share of the memory in use. */
  readonly share: number;
  readonly budget: PolicyBudget;
  readonly advice: Advice;
  /** What the advised settings do. */
  readonly finding: RangesFinding;
}

/** Whether two budgets lead to the same settings. */
export function isSameAdvice(a: Recommendation, b: Recommendation): boolean {
  return sameWrites(a.advice.set, b.advice.set) && a.advice.leave === b.advice.leave;
}

function sameWrites(a: Advice['set'], b: Advice['set']): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** One process under the settings asked about. */
export interface ProcessFinding {
  /** Its place in the digest and the table. */
  readonly index: number;
  readonly process: Process;
  readonly memory: MemoryDigest;
  readonly counts: PolicyCounts;
  readonly restart: RestartCounts | undefined;
  readonly tally: Tally | undefined;
  /** Undefined where the source has counts only, or no range of the process. */
  readonly telling: TellingRange | undefined;
}

/** All that a report says about memory. */
export interface Findings {
  readonly read: ReadMemory;
  readonly memory: MemoryDigest;
  readonly model: KernelModel;
  /** The policy asked about, for memory that asked for huge pages. */
  readonly policy: CollapsePolicy;
  readonly asked: RangesFinding;
  /** The settings of the machine, where they are known. */
  readonly inForce: PolicyFinding | undefined;
  readonly kernelDefault: PolicyFinding;
  /** Every size, filling nothing. */
  readonly allSizes: PolicyFinding;
  /** By rising budget. */
  readonly advice: readonly Recommendation[];
  /** Those with most memory to change first. */
  readonly processes: readonly ProcessFinding[];
  readonly space: SweepSpace;
  readonly values: Float64Array;
  readonly front: readonly SweptResult[];
}

/** Shares of the memory in use by which it may grow, for which a report gives advice. */
const BUDGETS = [0, 0.05, 0.2];

/**
 * What a report says of memory under the settings asked about. `space` and `values` are a sweep of all
 * policies that advice may choose among, for the same model.
 */
export function findingsOf(
  read: ReadMemory,
  settings: ThpSettings,
  model: KernelModel,
  space: SweepSpace,
  values: Float64Array,
): Findings {
  const { host, processes } = read.digest;
  const { geometry, settings: known } = host;
  const memory = totalDigest(read.digest);
  const query = new DigestQuery(memory);
  const runPolicy = { settings, model, algorithm: ALGORITHMS[model.algorithm], outcomes: [] };
  const find = (each: ThpSettings) => policyFinding(query, each, model);
  const found = new Map<string, RangesFinding>();
  const findRanges = (each: ThpSettings): RangesFinding => {
    // Several budgets often lead to the same settings, and judging all ranges takes longest.
    const key = JSON.stringify({ ...each, sizes: [...each.sizes].sort(([a], [b]) => a - b) });
    const known = found.get(key);
    if (known) return known;
    const ranges = read.table && judgeTable(read.table, { ...runPolicy, settings: each });
    const finding = { ...find(each), ranges };
    found.set(key, finding);
    return finding;
  };
  const asked = findRanges(settings);
  const start = known ?? defaultSettings(geometry);
  const adviser = new Adviser({ source: read.digest, memory, model, base: start, space, values });
  const advice = BUDGETS.map((share): Recommendation => {
    const growthPages = Math.floor(machinePages(memory) * share);
    const budget = { growth: 'both', growthPages, laterAttempts: undefined, within: 0.01 } as const;
    const each = adviser.advise(budget);
    return { share, budget, advice: each, finding: findRanges(each.advised.settings) };
  });
  const everySize = anonOrders(geometry);
  return {
    read,
    memory,
    model,
    policy: hugepagePolicy({ settings, model }, geometry),
    asked,
    inForce: known && find(known),
    kernelDefault: find(defaultSettings(geometry)),
    allSizes: find({ ...withOrdersAlways(start, everySize), maxPtesNone: 0 }),
    advice,
    processes: processes
      .map(({ process, memory: own }, index) => ({
        index,
        process,
        memory: own,
        counts: new DigestQuery(own).ask(settings, model),
        restart: new DigestQuery(own).restart(settings, model),
        tally: asked.ranges?.tallies[index],
        telling: read.table && asked.ranges && tellingRange(read.table, asked.ranges, index, runPolicy),
      }))
      .sort(
        (a, b) =>
          changedPages(b.counts) - changedPages(a.counts) || b.memory.residentPages - a.memory.residentPages,
      ),
    space,
    values,
    front: paretoFront(space, values),
  };
}

function policyFinding(query: DigestQuery, settings: ThpSettings, model: KernelModel): PolicyFinding {
  const worth = policyWorthOf(query, settings, model);
  const { counts, restart } = worth;
  return {
    settings,
    counts,
    hugePages: query.memory.hugePages + counts.newlyHugePages,
    growthPages: growthOf(counts),
    restart: restart?.counts,
    machineRestart: restart?.machineCounts,
    entries: digestEntries(query.memory, worth),
  };
}
