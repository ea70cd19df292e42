import { type Geometry, pageBytes } from '../core/memory/geometry.ts';
import type { PolicyCounts } from '../core/plan/policy-counts.ts';
import type { KernelModel } from '../core/rules/kernel-model.ts';
import type { MemoryGroup, Process } from '../core/rules/memory-source.ts';
import type { ThpSettings } from '../core/rules/thp-settings.ts';
import { DigestQuery } from './digest-query.ts';
import type { SourceDigest } from './memory-digest.ts';
import { preferred, resultAt, type SweptResult } from './pareto.ts';
import { metricAt, policyCount, type SweepSpace } from './sweep.ts';
import { growthOf } from './tally.ts';

/** What a policy may cost. */
export interface Budget {
  /** Pages by which resident memory may grow. */
  readonly growthPages: number;
  /** Attempts in every later pass, once nothing changes; undefined for any number. */
  readonly laterAttempts: number | undefined;
}

/**
 * The policy of a sweep that brings most of the memory in use into huge pages within a budget; of those that
 * do, the one with the fewest attempts in later passes, then the least growth. Undefined when none fits, not
 * even an empty set.
 */
export function bestWithin(space: SweepSpace, values: Float64Array, budget: Budget): SweptResult | undefined {
  let best: SweptResult | undefined;
  const policies = policyCount(space);
  for (let index = 0; index < policies; index++) {
    if (metricAt(values, index, 'growthPages') > budget.growthPages) continue;
    if (metricAt(values, index, 'laterAttempts') > (budget.laterAttempts ?? Infinity)) continue;
    if (best && metricAt(values, index, 'hugePages') < best.metrics.hugePages) continue;
    const result = resultAt(space, values, index);
    if (!best || compare(result, best) < 0) best = result;
  }
  return best;
}

/**
 * The policy for a budget, and the best for the same later attempts that grows nothing. Enabling no size fits
 * any budget.
 */
export function adviceWithin(
  space: SweepSpace,
  values: Float64Array,
  budget: Budget,
): { readonly chosen: SweptResult; readonly withoutGrowth: SweptResult } {
  const chosen = bestWithin(space, values, budget);
  const withoutGrowth = bestWithin(space, values, { ...budget, growthPages: 0 });
  if (!chosen || !withoutGrowth) throw new Error('bug: not even an empty set of sizes fits a budget');
  return { chosen, withoutGrowth };
}

function compare(a: SweptResult, b: SweptResult): number {
  return (
    b.metrics.hugePages - a.metrics.hugePages ||
    a.metrics.laterAttempts - b.metrics.laterAttempts ||
    a.metrics.growthPages - b.metrics.growthPages ||
    preferred(a, b)
  );
}

/** What settings do to one process. */
export interface ProcessOutcome {
  readonly process: Process;
  readonly residentPages: number;
  readonly hugePages: number;
  readonly counts: PolicyCounts;
}

/** A control group whose limit leaves less room than its processes would grow by. */
interface TightGroup {
  readonly group: MemoryGroup;
  readonly growthPages: number;
}

/** The groups that have no room for what their processes grow by. */
export function tightGroups(outcomes: readonly ProcessOutcome[], geometry: Geometry): TightGroup[] {
  const groups = new Map<string, { group: MemoryGroup; growthPages: number }>();
  for (const { process, counts } of outcomes)
    for (const group of process.memoryGroups ?? []) {
      const known = groups.get(group.path) ?? { group, growthPages: 0 };
      known.growthPages += growthOf(counts);
      groups.set(group.path, known);
    }
  return [...groups.values()].filter(
    ({ group, growthPages }) => group.usedBytes + growthPages * pageBytes(geometry) > group.limitBytes,
  );
}

/** What settings do to each process, those that change most first. */
export function outcomesByProcess(
  { processes }: SourceDigest,
  settings: ThpSettings,
  model: KernelModel,
): ProcessOutcome[] {
  return processes
    .map(({ process, memory }) => ({
      process,
      residentPages: memory.residentPages,
      hugePages: memory.hugePages,
      counts: new DigestQuery(memory).ask(settings, model),
    }))
    .sort((a, b) => changedPages(b.counts) - changedPages(a.counts));
}

/** Pages that a collapse moves or makes. */
export function changedPages({ newlyHugePages, filledPages }: PolicyCounts): number {
  return newlyHugePages + filledPages;
}
