import type { Advice, JudgedSettings } from '../../../analysis/advice/advise.ts';
import type { PolicyBudget } from '../../../analysis/advice/choose-policy.ts';
import type { HeldBack, TightGroup } from '../../../analysis/advice/group-room.ts';
import type { ShmemOffer } from '../../../analysis/advice/shmem-offer.ts';
import type { CacheQuery } from '../../../analysis/cache/cache-query.ts';
import {
  apartRanges,
  type MachineSums,
  type MemoryDigest,
  machinePages,
  type SourceDigest,
} from '../../../analysis/digest/memory-digest.ts';
import type { ProcessWorth } from '../../../analysis/digest/process-worth.ts';
import type { PassTime } from '../../../analysis/metrics/pass-time.ts';
import type { Listing } from '../../../analysis/prediction/process-list.ts';
import { mayArmShrinker, splitsAbove } from '../../../analysis/ranges/assumptions.ts';
import type { FleetFacts, GrowingHost } from '../../../analysis/reading/fleet-facts.ts';
import type { ReadOn } from '../../../analysis/reading/read-on.ts';
import { formatBytes } from '../../../core/base/bytes.ts';
import { formatDuration } from '../../../core/base/duration.ts';
import { percent } from '../../../core/base/percent.ts';
import { grouped, plural } from '../../../core/base/plural.ts';
import { FIRST_MTHP_SERIES, isBefore, seriesOf } from '../../../core/base/release.ts';
import { sum } from '../../../core/base/sum.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import { type Geometry, pagesPerRange } from '../../../core/memory/geometry.ts';
import { formatOrder } from '../../../core/memory/order.ts';
import { ASSUMPTIONS } from '../../../core/memory/range-state.ts';
import type { KernelModel } from '../../../core/rules/kernel-model.ts';
import { REGISTRATION_ADVICE, shrinkerSentence } from '../explain/surroundings.ts';
import { missingLines } from '../left-out.ts';
import { printable } from '../printable.ts';
import { sizesLine } from '../sizes.ts';
import type { MeasuredWalks } from './measured-walks.ts';

/** An advice with all that it rests on. */
export interface AdviceView {
  readonly source: SourceDigest;
  readonly memory: MemoryDigest;
  readonly model: KernelModel;
  readonly readOn: ReadOn;
  readonly budget: PolicyBudget;
  readonly advice: Advice;
  /** What the advised settings do to each process. */
  readonly byProcess: readonly ProcessWorth[];
  /** How the processes are listed. */
  readonly listing: Partial<Listing>;
  /** Under the advised settings; undefined where the pace of khugepaged is not recorded. */
  readonly pass: PassTime | undefined;
  /** The page cache; undefined where it is not known. */
  readonly cache?: CacheQuery | undefined;
  /** Settings of shared memory, which the advice leaves alone, that would make more of it huge. */
  readonly offer?: ShmemOffer | undefined;
  /** Whether khugepaged may not visit processes that run now: other sizes are in force. */
  readonly assumesRegistration: boolean;
  /** Undefined where it was not asked for. */
  readonly measured: MeasuredWalks | undefined;
  /** Where it is about many hosts: what is known of them, and those that grow, the worst first. */
  readonly fleet?: { readonly facts: FleetFacts; readonly growing: readonly GrowingHost[] } | undefined;
}

/** What to do, in one sentence. */
export function adviceLine(
  { leave, advised, inForce }: Pick<Advice, 'leave' | 'advised' | 'inForce'>,
  geometry: Geometry,
): string {
  if (leave) return 'Leave the settings as they are.';
  const { forAll, onlyAdvised } = advised.orders;
  const parts = [
    ...(forAll === 0 ? [] : [`${sizesLine(forAll, geometry)} for all memory (always)`]),
    ...(onlyAdvised === 0
      ? []
      : [`${sizesLine(onlyAdvised, geometry)} for memory that asks for it (madvise)`]),
  ];
  if (parts.length === 0) return 'Switch all sizes off: nothing else keeps the budget.';
  const { maxPtesNone } = advised.settings;
  const stays = inForce?.settings.maxPtesNone === maxPtesNone;
  return `Enable ${parts.join(', ')}; ${stays ? `max_ptes_none stays ${maxPtesNone}` : `set max_ptes_none to ${maxPtesNone}`}.`;
}

/** "growth of at most 3.4M (5%), now by khugepaged and at a restart by page faults". */
export function budgetWords(
  { growth, growthPages, laterAttempts }: PolicyBudget,
  memory: MachineSums,
): string {
  const when = {
    now: 'now by khugepaged',
    restart: 'at a restart by page faults',
    both: 'now by khugepaged and at a restart by page faults',
  }[growth];
  const most = Number.isFinite(growthPages)
    ? `of at most ${formatSize(growthPages, memory.geometry)} (${percent(growthPages, machinePages(memory))})`
    : 'of any size';
  const work =
    laterAttempts === undefined ? '' : `; at most ${plural(laterAttempts, 'attempt')} in vain in every pass`;
  return `growth ${most}, ${when}${work}`;
}

/** What settings come to, by name: for the columns of a table. */
export interface WorthCells {
  readonly entries: string;
  readonly restartEntries: string;
  readonly growth: string;
  readonly restartGrowth: string;
  readonly laterAttempts: string;
}

/** The cells by their names, in the order of the rows of a table. */
export const WORTH_ROWS = [
  ['TLB entries by khugepaged', 'entries'],
  ['TLB entries after a restart', 'restartEntries'],
  ['growth by khugepaged', 'growth'],
  ['growth at a restart, at most', 'restartGrowth'],
  ['attempts in vain in every pass', 'laterAttempts'],
] as const;

/** What settings come to, without what it is made of. */
export interface WorthFigures {
  readonly tlbEntries: number;
  readonly growthPages: number;
  readonly laterAttempts: number;
  /** Undefined where a digest does not know. */
  readonly restart: Pick<WorthFigures, 'tlbEntries' | 'growthPages'> | undefined;
}

export function worthCells(
  { worth, held }: { readonly worth: WorthFigures; readonly held?: HeldBack },
  memory: MachineSums,
): WorthCells {
  // What fits below limits of control groups is known as a sum alone.
  const isHeld = held !== undefined && held.pages > 0;
  const [atLeast, atMost] = isHeld ? ['at least ', 'at most '] : ['', ''];
  const growth = (pages: number) =>
    pages === 0 ? '0B' : `${formatSize(pages, memory.geometry)} (+${percent(pages, machinePages(memory))})`;
  const { restart, laterAttempts } = worth;
  return {
    entries: `${atLeast}${grouped(Math.round(worth.tlbEntries))}`,
    restartEntries: restart ? grouped(Math.round(restart.tlbEntries)) : 'not known',
    growth: `${atMost}${growth(worth.growthPages)}`,
    restartGrowth: restart ? growth(restart.growthPages) : 'not known',
    laterAttempts: `${atLeast}${grouped(laterAttempts)}`,
  };
}

/** What settings come to, in one sentence. */
export function worthSentence(judged: Pick<JudgedSettings, 'worth' | 'held'>, memory: MachineSums): string {
  const { entries, restartEntries, growth, restartGrowth } = worthCells(judged, memory);
  const { restart, laterAttempts } = judged.worth;
  const later = `${judged.held.pages > 0 ? 'at least ' : ''}${plural(laterAttempts, 'attempt')} in vain in every pass`;
  if (!restart)
    return `${entries} TLB entries when khugepaged is done; growth of ${growth} by khugepaged; ${later}. What page faults do after a restart is not known.`;
  return `${entries} TLB entries when khugepaged is done and ${restartEntries} after a restart, if page faults fill as much as they may; growth of ${growth} by khugepaged and at most ${restartGrowth} by page faults at a restart; ${later}.`;
}

/** What writes to sysfs do beside what is said of them on memory read under this kernel, a sentence each. */
export function writeCaveats(kernelRelease: string, model: KernelModel): string[] {
  const out = ['what is collapsed stays collapsed when the settings are put back'];
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

/** For whom the writes are, in a sentence. */
export function everyoneLine({ source, fleet }: Pick<AdviceView, 'source' | 'fleet'>): string {
  if (fleet)
    return `the files hold for every process of every host on which they are written: those of ${plural(fleet.facts.hosts, 'host')} were read, and what others grow by is not in these figures`;
  const read = plural(source.processes.length, 'process was', 'processes were');
  return `the files hold for every process of the machine: ${read} read, and what others grow by is not in these figures; advise --all reads all`;
}

/** What every later pass does in vain, in a sentence. */
export function inVainLines({ advised }: Pick<Advice, 'advised'>): string[] {
  const { laterAttempts } = advised.worth;
  if (laterAttempts === 0) return [];
  return [
    `khugepaged makes ${plural(laterAttempts, 'attempt')} in vain in every later pass, each of which allocates a folio and detaches the PMD under the mmap write lock; --max-work limits that`,
  ];
}

/** Growth beyond the budget that was not asked about, in a sentence. */
export function otherGrowthLines(
  { advised: { worth } }: Pick<Advice, 'advised'>,
  { growth, growthPages }: PolicyBudget,
  memory: MachineSums,
): string[] {
  const other = growth === 'now' ? worth.restart?.growthPages : growth === 'restart' ? worth.growthPages : 0;
  if (other === undefined || other <= growthPages) return [];
  const who = growth === 'now' ? 'page faults, when the programs start again,' : 'khugepaged';
  return [
    `${who} may fill ${formatSize(other, memory.geometry)} (+${percent(other, machinePages(memory))}): the budget was not asked to hold for that (--growth both)`,
  ];
}

/**
 * How long khugepaged takes to get to the memory under the advised settings, and what makes it faster, in a
 * sentence; nothing where its pace is not recorded.
 */
export function passTimeLines(pass: PassTime | undefined): string[] {
  if (!pass) return [];
  const { pace, ranges, millisecs, faster } = pass;
  const duration = (ms: number) => formatDuration(ms * 1e6);
  const sooner = faster
    ? `; with pages_to_scan ${grouped(faster.pagesToScan)} it would be ${duration(faster.millisecs)} (thpscope apply --set khugepaged/pages_to_scan=${faster.pagesToScan})`
    : '';
  return [
    `khugepaged looks at ${grouped(pace.pagesToScan)} PTEs every ${duration(pace.scanSleepMs)}: a pass over the ${plural(ranges, 'PMD range')} that it scans then takes up to ${duration(millisecs)}, and other processes on its list have their turns in between${sooner}`,
  ];
}

/** Sizes that the advice switches off, and who loses them at page faults: a sentence each. */
export function lossLines({ switchedOff }: Pick<Advice, 'switchedOff'>, geometry: Geometry): string[] {
  return switchedOff.map(({ order, processes }) => {
    const size = formatOrder(order, geometry);
    if (processes.length === 0)
      return `${size} is switched off: no process has memory in folios of that size now, and programs that start again get none`;
    const named = processes
      .slice(0, 3)
      .map(
        ({ process, count, pages }) =>
          `${printable(process.command)} (${count === undefined ? process.pid : plural(count, 'process', 'processes')}) ${formatSize(pages, geometry)}`,
      );
    const more = processes.length > named.length ? ` and ${processes.length - named.length} more` : '';
    return `${size} is switched off for page faults, too: in folios of that size lie now ${named.join(', ')}${more}; they stay until freed, and do not come back after a restart`;
  });
}

/** Control groups without room for what is advised, or in force, a sentence each. */
export function groupLines(
  { advised, inForce }: Pick<Advice, 'advised' | 'inForce'>,
  geometry: Geometry,
): string[] {
  const lines = [...advised.tight, ...advised.held.groups, ...(inForce?.held.groups ?? [])];
  return [...new Set(tightGroupLines(lines, geometry))];
}

/** Control groups whose limits leave too little room, a sentence each. */
function tightGroupLines(tight: readonly TightGroup[], geometry: Geometry): string[] {
  return tight.map(({ group, when, growthPages }) => {
    const room = formatBytes(Math.max(0, group.limitBytes - group.usedBytes));
    const growth = formatSize(growthPages, geometry);
    const what =
      when === 'now'
        ? `khugepaged would add ${growth}: collapses without room fail, and every pass tries them again with reclaim in the group`
        : `page faults after a restart may fill ${growth}: without room they get smaller folios, or the group reclaims`;
    return `control group ${printable(group.path)} has ${room} of room below its limit, and ${what}`;
  });
}

/** What an advice cannot know or promise, a sentence each. */
export function blindSpots({
  source,
  memory,
  model,
  advised: { settings, orders },
  leave,
}: {
  readonly source: Pick<SourceDigest, 'host' | 'skipped' | 'cache'>;
  readonly memory: MemoryDigest;
  readonly model: KernelModel;
  readonly advised: Pick<JudgedSettings, 'settings' | 'orders'>;
  /** Whether nothing is to be changed. */
  readonly leave: boolean;
}): string[] {
  const { geometry } = memory;
  const pmdSize = formatSize(pagesPerRange(geometry), geometry);
  const { onlyFaults } = orders;
  const out = [
    ...(leave ? [] : writeCaveats(source.host.kernelRelease, model)),
    ...(onlyFaults === 0
      ? []
      : [
          `${sizesLine(onlyFaults, geometry)} serve page faults alone there: they come with memory that is touched anew`,
        ]),
    'growth at a restart is a bound: it holds where the programs touch the same pages again',
    'memory that is allocated, freed or swapped after it was read',
    ...filledLines(memory),
    ...(source.cache || leave
      ? []
      : [
          'what khugepaged does to shared memory and files under max_ptes_none, which holds for them too: the page cache is not known here',
        ]),
  ];
  const limit = splitsAbove(source.host, settings, geometry);
  if (limit !== undefined) out.push(shrinkerSentence(limit, pmdSize, geometry));
  else if (mayArmShrinker(source.host, settings, geometry))
    out.push(
      `if shrink_underused is 1, the default from Linux 6.13 on (it is not recorded here): ${shrinkerSentence(settings.maxPtesNone, pmdSize, geometry)}`,
    );
  if (memory.unknown.size > 0)
    out.push(`assumed: ${[...memory.unknown].map((fact) => ASSUMPTIONS[fact]).join('; ')}`);
  out.push(...missingLines(source.skipped));
  const walked = apartRanges(memory);
  if (walked > 0)
    out.push(
      `${plural(walked, 'range')} with swapped, shared or unreferenced pages: what becomes of them depends on whether these still are so`,
    );
  out.push(...refusedLines(memory));
  if (orders.forAll !== 0) out.push('programs that call madvise or prctl later');
  return out;
}

/** Huge memory that is there: what of it was filled counts as memory in use, and no growth is left to see. */
function filledLines({ hugePages, residentPages, geometry }: MemoryDigest): string[] {
  if (hugePages === 0) return [];
  const share = percent(hugePages, residentPages);
  return [
    `${formatSize(hugePages, geometry)} (${share}) lie in large folios already: what khugepaged or page faults filled there counts as memory in use, so growth that has happened is in no figure; compare RSS with what the programs say they use, or ask about memory from before it grew (docs/how-to/it-grew.md)`,
  ];
}

/** Memory that khugepaged leaves alone under all settings; what is huge already is no loss. */
function refusedLines({ refused, geometry }: MemoryDigest): string[] {
  const isHuge = (refusal: string) => refusal === 'SCAN_PMD_MAPPED' || refusal === 'SCAN_PTE_MAPPED_HUGEPAGE';
  const pagesWhere = (huge: boolean) =>
    sum([...refused].filter(([refusal]) => isHuge(refusal) === huge).map(([, { pages }]) => pages));
  const [huge, others] = [pagesWhere(true), pagesWhere(false)];
  return [
    ...(huge > 0
      ? [
          `${formatSize(huge, geometry)} are huge already: khugepaged leaves them until they are freed, swapped or split`,
        ]
      : []),
    ...(others > 0
      ? [
          `${formatSize(others, geometry)} lie where khugepaged collapses nothing under any settings (VMA edges, MADV_NOHUGEPAGE, and others that predict names)`,
        ]
      : []),
  ];
}
