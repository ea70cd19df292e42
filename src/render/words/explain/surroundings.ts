import type { ProcessPrediction } from '../../../analysis/prediction/prediction.ts';
import type { ProcessAssumption } from '../../../analysis/ranges/assumptions.ts';
import type { GroupGrowth, GroupOutcome } from '../../../analysis/ranges/group-limits.ts';
import { formatBytes } from '../../../core/base/bytes.ts';
import { plural } from '../../../core/base/plural.ts';
import { type Geometry, pageBytes, pagesPerRange, rangeBytes } from '../../../core/memory/geometry.ts';
import { ASSUMPTIONS, type ObservableFact } from '../../../core/memory/range-state.ts';

import type { MemoryGroup } from '../../../core/rules/memory-source.ts';
import { printable } from '../printable.ts';

/** What a prediction takes for granted about processes as a whole. */
const PROCESS_ASSUMPTIONS: Record<ProcessAssumption, string> = {
  registration: 'khugepaged visits the process, though other sizes are in force than those asked about',
  prctl: 'no prctl(PR_SET_THP_DISABLE) of the process forbids it, for all memory or "except advised"',
  pins: 'no page is pinned where something would collapse',
  ksm: 'no page that KSM merged is mapped twice in a PMD range, which would keep the range as it is',
  nodes: 'no PMD range has pages on two NUMA nodes, which zone_reclaim_mode would keep as it is',
  sharing:
    'no page is shared by two of these processes: what they take together, now and after a restart, counts shared pages once for each (root sees which pages are shared, outside of containers)',
};

/**
 * How a process comes to be visited by khugepaged, and what to do about it (docs/khugepaged.md#registration).
 */
export const REGISTRATION_ADVICE = [
  'khugepaged visits only processes on its list. What puts one there: a page',
  'fault in an untouched PMD range where the PMD size is allowed, MADV_HUGEPAGE',
  'on touched memory, memory mapped or grown next to it, a fork from a process',
  'that is there; page faults of smaller sizes do not.',
  'To be sure: restart the process under the new settings. thpscope apply',
  '--collapse makes the folios of the PMD size at once (MADV_COLLAPSE), and',
  'changes no setting.',
];

/** All that is assumed, a sentence each; what is known of pins takes the place of the fact about pages. */
export function assumedSentences(
  ofProcesses: ReadonlySet<ProcessAssumption>,
  ofRanges: ReadonlySet<ObservableFact>,
): string[] {
  const facts = [...ofRanges].filter((fact) => fact !== 'pinned' || !ofProcesses.has('pins'));
  return [
    ...[...ofProcesses].map((each) => PROCESS_ASSUMPTIONS[each]),
    ...facts.map((fact) => ASSUMPTIONS[fact]),
  ];
}

/** What the limits of control groups do to collapses and restarts: nothing is said where all of it fits. */
export function limitSentences(limits: readonly GroupOutcome[]): string[] {
  return [...collapseLimits(limits), ...restartLimits(limits)];
}

function restartLimits(limits: readonly GroupOutcome[]): string[] {
  return limits
    .filter(({ group, restartGrowthBytes }) => group.usedBytes + restartGrowthBytes > group.limitBytes)
    .map(({ group: { path, limitBytes, usedBytes }, restartGrowthBytes }) => {
      const room = formatBytes(Math.max(0, limitBytes - usedBytes));
      return `control group ${printable(path)}: after a restart page faults would add up to ${formatBytes(restartGrowthBytes)}, and ${room} are left below its limit of ${formatBytes(limitBytes)}: folios that do not fit are smaller ones`;
    });
}

/**
 * Where growth that is counted as if there were no limits does not fit below those of control groups: nothing
 * is said where all of it fits.
 */
export function growthBeyondLimits(groups: readonly GroupGrowth[]): string[] {
  return groups.flatMap(({ group, growthBytes, restartGrowthBytes }) => {
    const room = Math.max(0, group.limitBytes - group.usedBytes);
    const beyond = [
      ...(growthBytes > room
        ? [`khugepaged would add ${formatBytes(growthBytes)}: collapses that do not fit fail`]
        : []),
      ...(restartGrowthBytes > room
        ? [
            `page faults after a restart would add up to ${formatBytes(restartGrowthBytes)}: folios that do not fit are smaller ones`,
          ]
        : []),
    ];
    if (beyond.length === 0) return [];
    const left = `${formatBytes(room)} are left below the limit of ${formatBytes(group.limitBytes)}`;
    return [
      `control group ${printable(group.path)}: ${left}; ${beyond.join('; ')}. predict counts what fits`,
    ];
  });
}

/**
 * That sums over control groups know none of their limits, where one has less room than they grow by: a
 * sentence.
 */
export function limitsLeftOut(
  groups: readonly MemoryGroup[],
  growthPages: number,
  geometry: Geometry,
): string[] {
  const roomOf = ({ limitBytes, usedBytes }: MemoryGroup) => Math.max(0, limitBytes - usedBytes);
  const tight = groups
    .filter((group) => roomOf(group) < growthPages * pageBytes(geometry))
    .toSorted((a, b) => roomOf(a) - roomOf(b));
  if (tight.length === 0) return [];
  const [{ path, limitBytes }] = tight;
  const others = tight.length > 1 ? ` (and of ${plural(tight.length - 1, 'other')})` : '';
  return [
    `Limits of control groups are left out: ${printable(path)} has ${formatBytes(roomOf(tight[0]))} of room below its ${formatBytes(limitBytes)}${others}. What does not fit stays as it is, and every pass tries it again in vain; predict of processes or a snapshot counts what fits.`,
  ];
}

function collapseLimits(limits: readonly GroupOutcome[]): string[] {
  const short = limits.filter(({ collapses, fit }) => fit < collapses);
  const sentences = short.map(({ group, collapses, fit }) => {
    const { path, limitBytes, usedBytes } = group;
    const used = `${formatBytes(usedBytes)} of its ${formatBytes(limitBytes)} are used`;
    return `control group ${printable(path)}: ${fit} of ${plural(collapses, 'collapse')} fit below its limit, ${collapses - fit} fail: ${used}, and a collapse needs its whole size at once`;
  });
  if (sentences.length === 0) return [];
  return [
    ...sentences,
    'a failure ends its range at every order; every pass tries again, each time with reclaim in the group, which may make room',
  ];
}

/** The room that the collapses of one range have in its control groups, whether they fit or not. */
export function roomSentences(limits: readonly GroupOutcome[]): string[] {
  const fitting = limits.filter(({ collapses, fit }) => collapses > 0 && fit === collapses);
  return [
    ...fitting.map(({ group: { path, limitBytes, usedBytes } }) => {
      const room = formatBytes(limitBytes - usedBytes);
      return `control group ${printable(path)}: it fits, with ${room} of room below its limit of ${formatBytes(limitBytes)}`;
    }),
    ...limitSentences(limits),
  ];
}

/** What max_ptes_none lets reclaim do to huge pages, where it lets it. */
export function shrinkerSentence(limit: number, pmdSize: string, geometry: Geometry): string {
  return `under memory pressure reclaim splits ${pmdSize} pages that are zeros in more than ${limit} of their ${pagesPerRange(geometry)} pages (shrink_underused, armed by max_ptes_none), also those that page faults made`;
}

/** What is known around a process, where it matters: a name and a line each. */
export function surroundingFacts(prediction: ProcessPrediction): [name: string, line: string][] {
  const { process, assumed, uncheckedBytes, tally } = prediction;
  const facts: [string, string][] = [];
  if (process.unplacedHugeBytes)
    facts.push([
      'huge, unseen',
      `${formatBytes(process.unplacedHugeBytes)} are mapped by PMD entries already (AnonHugePages of smaps), and in which ranges cannot be seen: the lines above take them for memory mapped by page tables`,
    ]);
  if (assumed.includes('pins'))
    facts.push([
      'pinned',
      `${formatBytes(process.pinnedBytes ?? 0)} for long (VmPin: io_uring, RDMA): the PMD ranges that hold them, ${fewestRanges(process.pinnedBytes ?? 0, tally.geometry)} or more, do not collapse; which these are cannot be seen`,
    ]);
  if (assumed.includes('ksm'))
    facts.push([
      'merged by KSM',
      `${formatBytes(process.ksmBytes ?? 0)}: a range in which one merged page is mapped twice does not collapse`,
    ]);
  if (assumed.includes('prctl'))
    facts.push([
      'prctl',
      process.thpDisabled === undefined
        ? 'this kernel does not tell whether THP is disabled for the process (from Linux 5.0 on it does)'
        : `whether "except advised" leaves ${formatBytes(uncheckedBytes)} as they are does not show under the settings in force`,
    ]);
  return facts;
}

function fewestRanges(bytes: number, geometry: Geometry): number {
  return Math.ceil(bytes / rangeBytes(geometry));
}
