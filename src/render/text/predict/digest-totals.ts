import type { CacheAsked, CacheQuery } from '../../../analysis/cache/cache-query.ts';
import {
  apartRanges,
  type MemoryDigest,
  machinePages,
  otherBytesOf,
} from '../../../analysis/digest/memory-digest.ts';
import { copyingGrowthOf, type PolicyWorth } from '../../../analysis/digest/policy-worth.ts';
import { growthOf } from '../../../analysis/ranges/tally.ts';
import type { ReadOn } from '../../../analysis/reading/read-on.ts';
import { percent } from '../../../core/base/percent.ts';
import { plural } from '../../../core/base/plural.ts';
import { sum } from '../../../core/base/sum.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import type { CollapsePolicy } from '../../../core/rules/policy.ts';
import { restartJson } from '../../json/restart.ts';
import { cacheSizeWords, cacheWorthWords, unreadLines } from '../../words/advise/advised-cache.ts';
import { kernelWords, otherKernelLine } from '../../words/kernel-words.ts';
import { notCovered } from '../../words/not-covered.ts';
import { RESTART_IS_A_BOUND } from '../../words/restart-sentence.ts';
import { sizesLine } from '../../words/sizes.ts';
import { field } from '../layout/lines.ts';
import type { Style } from '../layout/style.ts';
import { restartLines } from './restart.ts';

/** The totals of a prediction, as `predict --json` prints them for other sources. */
export function digestTotalsJson(
  memory: MemoryDigest,
  { counts, restart }: Pick<PolicyWorth, 'counts' | 'restart'>,
): object {
  const collapses = [...counts.collapses].flatMap((count, order) => (count > 0 ? [[order, count]] : []));
  return {
    ranges: memory.ranges,
    collapses: Object.fromEntries(collapses),
    coveredPages: counts.copiedPages + counts.filledPages,
    filledPages: counts.filledPages,
    hugePages: { before: memory.hugePages, after: memory.hugePages + counts.newlyHugePages },
    restart: restartJson(restart?.counts, memory.residentPages),
  };
}

/** Memory of the machine, as `predict --json` prints it; null where it is not known what processes share. */
export function digestMachineJson(
  memory: MemoryDigest,
  { counts, restart }: Pick<PolicyWorth, 'counts' | 'restart'>,
): object | null {
  if (!memory.repeated) return null;
  const residentPages = machinePages(memory);
  return {
    residentPages,
    repeatedPages: memory.repeated.pages,
    growthPages: copyingGrowthOf(counts),
    restart: restartJson(restart?.machineCounts, residentPages),
  };
}

/** What a digest can say of a policy: totals. */
export function digestTotalsText(
  memory: MemoryDigest,
  { counts, restart }: Pick<PolicyWorth, 'counts' | 'restart'>,
  processes: number,
  policy: CollapsePolicy,
  readOn: ReadOn,
  style: Style,
  cache: CacheQuery | undefined,
  settings: CacheAsked,
): string {
  const { geometry, residentPages, hugePages } = memory;
  const growth = growthOf(counts);
  const huge = (pages: number, inUse: number) =>
    `${formatSize(pages, geometry)} of ${formatSize(inUse, geometry)} in use (${percent(pages, inUse)})`;
  const filled = counts.filledPages > 0 ? `, and ${formatSize(counts.filledPages, geometry)} filled` : '';
  const later = sum(counts.laterAttempts);
  const walked = apartRanges(memory);
  const other = otherKernelLine(policy.model, readOn, geometry);
  return [
    `as ${style.bold(kernelWords(policy.model, readOn))} decides`,
    ...(other === undefined ? [] : [style.dim(`(${other})`)]),
    `${plural(processes, 'process', 'processes')} from a digest, ${sizesLine(policy.orders, geometry)}, max_ptes_none ${policy.maxPtesNone}`,
    field(
      'memory',
      `${formatSize(residentPages, geometry)} anonymous in ${plural(memory.ranges, 'PMD range')}`,
    ),
    ...sharedOfMachine(memory),
    field('huge now', huge(hugePages, residentPages)),
    field(
      'huge then',
      `khugepaged: ${style.good(`${huge(hugePages + counts.newlyHugePages, residentPages + counts.swappedInPages)}${filled}`)}`,
    ),
    field(
      'RSS',
      growth === 0
        ? 'stays the same'
        : style.warn(`grows by ${formatSize(growth, geometry)} (+${percent(growth, residentPages)})`),
    ),
    field(
      'work',
      `${plural(sum([...counts.collapses]), 'collapse')} in ${plural(sum(counts.attempts), 'attempt')}, ${formatSize(counts.copiedPages, geometry)} copied`,
    ),
    field(
      'later passes',
      later === 0 ? 'nothing is tried again' : `${plural(later, 'attempt')} each that change nothing`,
    ),
    ...restartLines(
      restart?.machineCounts,
      machinePages(memory),
      geometry,
      memory.repeated?.pages ? 'machine' : 'RSS',
    ),
    ...(processes > 1 && restart && restart.counts.sharedPages > 0 && !memory.repeated
      ? [field('', 'each process counts what it shares: predict of processes or a snapshot counts it once')]
      : []),
    ...otherLines(memory, processes, cache, settings),
    ...(walked > 0 ? [style.dim(field('walked', plural(walked, 'range')))] : []),
    ...(restart ? [style.dim(RESTART_IS_A_BOUND)] : []),
    '',
  ].join('\n');
}

/** How much of it the machine has, where processes share pages by fork. */
function sharedOfMachine(memory: MemoryDigest): string[] {
  const { repeated, geometry } = memory;
  if (!repeated?.pages) return [];
  const once = formatSize(machinePages(memory), geometry);
  const shared = formatSize(repeated.pages, geometry);
  return [field('', `${once} of the machine: ${shared} are pages that they share with each other`)];
}

/** Memory that is not anonymous: what becomes of the page cache, apart from RSS, where the digest has it. */
function otherLines(
  memory: MemoryDigest,
  processes: number,
  cache: CacheQuery | undefined,
  settings: CacheAsked,
): string[] {
  const { geometry } = memory;
  const others = notCovered(otherBytesOf(memory), processes);
  if (!cache) return [field('not covered', others)];
  const worth = cache.worth(settings);
  return [
    field('files', others),
    field('page cache', `${cacheSizeWords(worth, geometry)}: ${cacheWorthWords(worth, geometry)}`),
    ...unreadLines(cache).map((line) => field('', line)),
  ];
}
