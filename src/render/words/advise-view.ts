import { type Budget, type ProcessOutcome, tightGroups } from '../../analysis/advise.ts';
import { splitsAbove } from '../../analysis/assumptions.ts';
import { apartRanges, type MemoryDigest, type SourceDigest } from '../../analysis/memory-digest.ts';
import type { SweptResult } from '../../analysis/pareto.ts';
import type { Listing } from '../../analysis/process-list.ts';
import type { ReadOn } from '../../analysis/read-on.ts';
import type { SweptPolicy } from '../../analysis/sweep.ts';
import type { SysfsWrite } from '../../analysis/sysfs-writes.ts';
import { growthOf } from '../../analysis/tally.ts';
import { formatBytes } from '../../core/base/bytes.ts';
import { percent } from '../../core/base/percent.ts';
import { plural } from '../../core/base/plural.ts';
import { FIRST_MTHP_SERIES, isBefore, seriesOf } from '../../core/base/release.ts';
import { sum } from '../../core/base/sum.ts';
import { formatSize } from '../../core/memory/format-size.ts';
import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import { ASSUMPTIONS } from '../../core/memory/range-state.ts';
import type { PolicyCounts } from '../../core/plan/policy-counts.ts';
import type { KernelModel } from '../../core/rules/kernel-model.ts';
import { printable } from './printable.ts';
import { sizesLine } from './sizes.ts';
import { REGISTRATION_ADVICE, shrinkerSentence } from './surroundings.ts';

/** An advice with all that it rests on. */
export interface AdviceView {
  readonly source: SourceDigest;
  readonly memory: MemoryDigest;
  readonly model: KernelModel;
  readonly readOn: ReadOn;
  readonly budget: Budget;
  readonly chosen: SweptResult;
  /** The best for the same later attempts that grows nothing. */
  readonly withoutGrowth: SweptResult;
  /** What the chosen settings do to all memory. */
  readonly counts: PolicyCounts;
  /** What the current settings do; undefined where they are not known. */
  readonly currentCounts: PolicyCounts | undefined;
  readonly byProcess: readonly ProcessOutcome[];
  /** How the processes are listed. */
  readonly listing: Partial<Listing>;
  readonly set: readonly SysfsWrite[];
  /** Whether khugepaged may not visit processes that run now: other sizes are in force. */
  readonly assumesRegistration: boolean;
  /** Undefined where the current settings are not known. */
  readonly restore: readonly SysfsWrite[] | undefined;
}

/** A policy as a piece of advice: one sentence. */
export function adviceLine(
  { orders, enabled, maxPtesNone }: Omit<SweptPolicy, 'model'>,
  geometry: Geometry,
): string {
  if (orders === 0) return 'Enable no size: nothing that helps fits.';
  const who = enabled === 'madvise' ? 'for memory that asks for it (madvise)' : 'for all memory (always)';
  return `Enable ${sizesLine(orders, geometry)} ${who} and set max_ptes_none to ${maxPtesNone}.`;
}

/** What a policy does to memory with so many pages, of which so many lie in large folios now: a line each. */
export function outcomeLines(
  counts: PolicyCounts,
  hugePages: number,
  residentPages: number,
  geometry: Geometry,
): { readonly gains: string; readonly atOnce: string; readonly later: string } {
  const growth = growthOf(counts);
  const then = hugePages + counts.newlyHugePages;
  const later = sum(counts.laterAttempts);
  return {
    gains: `${formatSize(counts.newlyHugePages, geometry)} more in huge pages: ${percent(hugePages, residentPages)} -> ${percent(then, residentPages)} of the memory in use`,
    atOnce: `${growth === 0 ? 'no memory' : `${formatSize(growth, geometry)} of memory (+${percent(growth, residentPages)})`}, ${plural(sum(counts.attempts), 'attempt')}, ${formatSize(counts.copiedPages, geometry)} copied`,
    later:
      later === 0
        ? 'nothing is tried again'
        : `${plural(later, 'attempt')} each that change nothing: allocate, detach the PMD under the mmap write lock, skip`,
  };
}

interface WithMetrics {
  readonly metrics: Pick<SweptResult['metrics'], 'growthPages' | 'hugePages' | 'laterAttempts'>;
}

/**
 * What an advice brings over the best policy without growth, on memory with so many pages: a line. Undefined
 * where it grows nothing either.
 */
export function worthLine(
  { metrics }: WithMetrics,
  { metrics: without }: WithMetrics,
  residentPages: number,
  geometry: Geometry,
): string | undefined {
  if (metrics.growthPages === 0) return undefined;
  const share = (100 * (metrics.hugePages - without.hugePages)) / residentPages;
  const points = share > 0 && share < 0.05 ? 'less than 0.1' : share.toFixed(1);
  const fewer = without.laterAttempts - metrics.laterAttempts;
  const work =
    fewer === 0
      ? ''
      : ` and ${plural(Math.abs(fewer), `${fewer > 0 ? 'fewer' : 'more'} attempt`)} in every later pass`;
  return `without growth: ${percent(without.hugePages, residentPages)}; the ${formatSize(metrics.growthPages, geometry)} buy ${points} percentage points${work}`;
}

/** What writes to sysfs do beside what is said of them on memory read under this kernel, a sentence each. */
export function writeCaveats(kernelRelease: string, model: KernelModel): string[] {
  const out = [
    'page faults: an enabled size is also used when memory is first touched, which can grow processes at once',
    'what is collapsed stays collapsed when the settings are put back',
  ];
  if (!model.pmdOrderOnly && isBefore(kernelRelease, FIRST_MTHP_SERIES))
    out.push(
      `the memory was read on Linux ${seriesOf(kernelRelease).join('.')}, whose khugepaged knows only the PMD size: this is what ${model.name} would do`,
    );
  return out;
}

/** Whom the advice reaches without a restart: nothing is said where the sizes are those in force. */
export function reachLines({ assumesRegistration }: Pick<AdviceView, 'assumesRegistration'>): string[] {
  return assumesRegistration ? REGISTRATION_ADVICE : [];
}

/** Control groups whose limits leave too little room, a sentence each. */
export function tightGroupLines({ byProcess, memory }: Pick<AdviceView, 'byProcess' | 'memory'>): string[] {
  return tightGroups(byProcess, memory.geometry).map(({ group, growthPages }) => {
    const room = formatBytes(Math.max(0, group.limitBytes - group.usedBytes));
    const growth = formatSize(growthPages, memory.geometry);
    return `control group ${printable(group.path)} has ${room} of room below its limit and its processes would grow by ${growth}: collapses without room fail, and every pass tries them again with reclaim in the group`;
  });
}

/** What an advice cannot know or promise, a sentence each. */
export function blindSpots({
  source,
  memory,
  model,
  chosen,
}: Pick<AdviceView, 'memory' | 'model' | 'chosen'> & {
  readonly source: Pick<SourceDigest, 'host' | 'skipped'>;
}): string[] {
  const { geometry } = memory;
  const pmdSize = formatSize(pagesPerRange(geometry), geometry);
  const out = [
    ...writeCaveats(source.host.kernelRelease, model),
    ...(model.pmdOrderOnly
      ? [`sizes below ${pmdSize} are for page faults alone there: they stay as they are`]
      : []),
    'memory that is allocated, freed or swapped after it was read',
  ];
  const limit = splitsAbove(source.host, chosen.policy, geometry);
  if (limit !== undefined) out.push(shrinkerSentence(limit, pmdSize, geometry));
  if (memory.unknown.size > 0)
    out.push(`assumed: ${[...memory.unknown].map((fact) => ASSUMPTIONS[fact]).join('; ')}`);
  if (source.skipped.length > 0)
    out.push(`${plural(source.skipped.length, 'process', 'processes')} could not be read`);
  const walked = apartRanges(memory);
  if (walked > 0)
    out.push(
      `${plural(walked, 'range')} with swapped, shared or unreferenced pages: what becomes of them depends on whether these still are so`,
    );
  const pages = [...memory.refused.values()].reduce((sum, refused) => sum + refused.pages, 0);
  if (pages > 0)
    out.push(
      `${formatSize(pages, memory.geometry)} lie where no setting of sizes reaches (VMA edges, MADV_NOHUGEPAGE, locked pages, ...)`,
    );
  if (chosen.policy.enabled === 'always') out.push('programs that call madvise or prctl later');
  return out;
}
