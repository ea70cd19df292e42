import type { CachePrediction } from '../../../analysis/cache/cache-prediction.ts';
import {
  assumptionsOf,
  type Prediction,
  type ProcessPrediction,
  type VmaPrediction,
} from '../../../analysis/prediction/prediction.ts';
import {
  type ListedFigures,
  type Listing,
  listProcesses,
} from '../../../analysis/prediction/process-list.ts';
import type { RangeOutcome } from '../../../analysis/prediction/range-outcome.ts';
import {
  growthOf,
  hugeAfterRestart,
  hugeInUse,
  restartGrowthOf,
  type Tally,
} from '../../../analysis/ranges/tally.ts';
import type { SearchedPolicy } from '../../../analysis/ranges/verdict.ts';
import { leftOutOf } from '../../../analysis/reading/left-out.ts';
import type { ReadOn } from '../../../analysis/reading/read-on.ts';
import { grouped, plural } from '../../../core/base/plural.ts';
import { sum } from '../../../core/base/sum.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import { asOrder, formatOrder, type OrderSet } from '../../../core/memory/order.ts';
import type { Process } from '../../../core/rules/memory-source.ts';
import type { ProcessCost } from '../../../core/rules/reading-cost.ts';
import type { ThpSettings } from '../../../core/rules/thp-settings.ts';
import type { TlbReach } from '../../../core/rules/tlb-reach.ts';
import { unalignedSentence } from '../../words/cache-words.ts';
import {
  assumedSentences,
  limitSentences,
  REGISTRATION_ADVICE,
  shrinkerSentence,
  surroundingFacts,
} from '../../words/explain/surroundings.ts';
import { kernelWords, otherKernelLine } from '../../words/kernel-words.ts';
import { leftOutWords, withoutLeftOut } from '../../words/left-out.ts';
import { ignoredLimitLine } from '../../words/none-limit-note.ts';
import { notCovered } from '../../words/not-covered.ts';
import { othersLine } from '../../words/others-line.ts';
import { printable } from '../../words/printable.ts';
import { costWords } from '../../words/reading-cost.ts';
import { recordedIn } from '../../words/recorded-in.ts';
import { RESTART_IS_A_BOUND } from '../../words/restart-sentence.ts';
import { sizeSettingsLine } from '../../words/sizes.ts';
import { type Column, layOutTable } from '../layout/columns.ts';
import { field } from '../layout/lines.ts';
import type { Style } from '../layout/style.ts';
import { cacheLines } from './cache.ts';
import { mainRefusal, refusedLine, tallyLines, togetherLines } from './tally.ts';
import { vmaRangesTable } from './vma-ranges.ts';

/** Processes that a summary shows in full when there are few, and as lines of a table when there are more. */
const FEW_PROCESSES = 3;
const TABLE_ROWS = 20;
/** Processes that could not be read are named one by one when there are few. */
const FEW_FAILURES = 3;

export interface PredictView {
  readonly prediction: Prediction;
  readonly settings: ThpSettings;
  /** The policy of memory with VM_HUGEPAGE. */
  readonly policy: SearchedPolicy;
  readonly readOn: ReadOn;
  /** What TLB entries are counted by. */
  readonly reach: TlbReach;
  /** One section a process and one line a VMA, however many there are. */
  readonly verbose: boolean;
  /** The VMAs of each process, with what page faults do to each after a restart. */
  readonly restart: boolean;
  /** How the processes, or the ranges of a VMA, are listed. */
  readonly listing: Partial<Listing>;
  /** What reading each process took; undefined for recordings. */
  readonly costs?: readonly ProcessCost[];
  /** The ranges of the VMA that was asked about in each process; undefined where none was. */
  readonly ranges?: ReadonlyMap<Process, readonly RangeOutcome[]>;
}

/** A prediction of processes as a person reads it. */
export function predictText(view: PredictView, style: Style): string {
  const { prediction, policy } = view;
  const showsVmas = view.verbose || view.restart;
  const withMemory = prediction.processes.filter(({ tally }) => tally.ranges > 0);
  const empty = prediction.processes.length - withMemory.length;
  const lines = [...questionLines(view, style), ''];
  if (showsVmas || view.ranges || withMemory.length <= FEW_PROCESSES) {
    const { shown, others } = sections(withMemory, view.ranges ? {} : view.listing);
    for (const process of shown) lines.push(...processLines(process, view, style), '');
    if (others !== undefined) lines.push(others, '');
  } else {
    lines.push(...processTable(withMemory, view, style), '');
  }
  if (withMemory.length > 1) {
    const title = `${style.bold('all together')}: ${plural(withMemory.length, 'process', 'processes')}${withoutLeftOut(prediction.skipped)}`;
    const { total, otherBytes } = prediction;
    lines.push(title, ...togetherLines(total, policy, view.reach, style));
    if (!view.ranges) lines.push(otherLine(prediction, otherBytes, prediction.processes.length));
    lines.push('');
  }
  if (prediction.cache && !view.ranges) lines.push(...cacheLines(prediction.cache, style));
  if (empty > 0) lines.push(`${plural(empty, 'process has', 'processes have')} no anonymous memory.`);
  if (withMemory.length > 0) lines.push(RESTART_IS_A_BOUND);
  lines.push(
    ...limitLines(prediction),
    ...shrinkerLines(prediction),
    ...skippedLines(prediction),
    ...assumptionLines(prediction),
    ...collapseNowLines(view),
  );
  return `${lines.join('\n').trimEnd()}\n`;
}

/** What was asked: the model, the settings, the limits. */
function questionLines({ settings, policy, prediction, readOn }: PredictView, style: Style): string[] {
  const { maxPtesNone, maxPtesSwap, maxPtesShared } = settings;
  const { geometry } = prediction.total;
  const lines = [
    `as ${style.bold(kernelWords(policy.model, readOn))} decides; enabled ${settings.enabled}, sizes: ${sizeSettingsLine(settings, geometry)}`,
    `max_ptes_none ${maxPtesNone}, max_ptes_swap ${maxPtesSwap}, max_ptes_shared ${maxPtesShared}`,
  ];
  const ignored = ignoredLimitLine(policy, geometry);
  if (ignored) lines.push(style.warn(ignored));
  const other = otherKernelLine(policy.model, readOn, geometry);
  if (other !== undefined) lines.push(style.dim(`(${other})`));
  return lines;
}

function processLines(prediction: ProcessPrediction, view: PredictView, style: Style): string[] {
  const { process, tally, otherBytes } = prediction;
  const cgroup =
    process.cgroup && process.cgroup !== '/' ? style.dim(`  cgroup ${printable(process.cgroup)}`) : '';
  const [{ vma }] = prediction.vmas;
  const { recording } = process;
  const recorded = recording ? style.dim(`  recorded in ${recordedIn(recording)}`) : '';
  const alone = view.ranges ? `, VMA ${vma.start.toString(16)}-${vma.end.toString(16)} alone` : '';
  const lines = [
    `${style.bold(`${printable(process.command)} (pid ${process.pid})`)}${alone}${cgroup}${recorded}`,
    ...tallyLines(tally, view.policy, view.reach, style),
  ];
  if (!view.ranges) lines.push(otherLine(view.prediction, otherBytes, 1));
  for (const [name, line] of surroundingFacts(prediction)) lines.push(field(name, line));
  const cost = view.costs?.find(({ pid }) => pid === process.pid);
  if (view.verbose && cost) lines.push(field('reading it', costWords(cost)));
  const { orders } = view.policy;
  if (view.verbose || view.restart || view.ranges)
    lines.push('', ...vmaTable(prediction.vmas, orders, view.restart));
  const ranges = view.ranges?.get(process);
  if (ranges) lines.push('', ...vmaRangesTable(ranges, view.listing, orders, tally.geometry));
  return lines;
}

/** RSS outside of anonymous memory: not covered where a recording does not have it. */
function otherLine({ cache }: Prediction, otherBytes: number | undefined, processes: number): string {
  if (!cache || otherBytes === undefined) return field('not covered', notCovered(otherBytes, processes));
  return field('files', `${notCovered(otherBytes, processes)}; ${othersFate(cache)}`);
}

function othersFate({ byKind, unread, unalignedBytes }: CachePrediction): string {
  if (byKind.size + unread.length > 0) return 'what becomes of it is said below, by the page cache';
  const none =
    'no mapping of it has a whole aligned PMD range in memory, so khugepaged makes none of it huge';
  return unalignedBytes > 0 ? `${none}; ${unalignedSentence(unalignedBytes)}` : none;
}

const MEMORY_COLUMNS: readonly Column[] = [
  { title: 'MEMORY', align: 'right' },
  { title: 'HUGE NOW', align: 'right' },
  { title: 'HUGE THEN', align: 'right' },
  { title: 'GROWTH', align: 'right' },
];

/** Said where several recordings are read. */
const RECORDED: Column = { title: 'RECORDED IN', align: 'left' };

/** Of page faults, while the other columns speak of khugepaged. */
const RESTART_HUGE: Column = { title: 'HUGE AFTER RESTART', align: 'right' };
const RESTART_GROWTH: Column = { title: 'GROWTH BY RESTART', align: 'right' };

function memoryCells(tally: Tally): string[] {
  const { before, after } = hugeInUse(tally);
  const growth = growthOf(tally);
  return [
    formatSize(tally.residentPages, tally.geometry),
    formatSize(before, tally.geometry),
    formatSize(after, tally.geometry),
    growth > 0 ? `+${formatSize(growth, tally.geometry)}` : '0B',
  ];
}

/** What page faults do after a restart, at most. */
function restartCells(tally: Tally): string[] {
  const growth = restartGrowthOf(tally);
  return [
    formatSize(hugeAfterRestart(tally.restart), tally.geometry),
    growth > 0 ? `+${formatSize(growth, tally.geometry)}` : '0B',
  ];
}

/** What a list says of a process. */
function figuresOf({ tally }: ProcessPrediction): ListedFigures {
  const { before, after } = hugeInUse(tally);
  return {
    residentPages: tally.residentPages,
    hugeNow: before,
    hugeThen: after,
    growthPages: growthOf(tally),
    restartGrowthPages: restartGrowthOf(tally),
  };
}

/** The processes that have sections: unless otherwise asked all, in the order of reading. */
function sections(processes: readonly ProcessPrediction[], { sort, top }: Partial<Listing>) {
  if (sort === undefined && top === undefined) return { shown: processes, others: undefined };
  const { shown, others } = listProcesses(processes, figuresOf, { sort, top: top ?? Infinity });
  return { shown, others: othersLine(others, processes[0].tally.geometry) };
}

function processTable(
  processes: readonly ProcessPrediction[],
  { listing, policy }: PredictView,
  style: Style,
): string[] {
  const bySize = [...processes].sort((a, b) => b.tally.residentPages - a.tally.residentPages);
  const { shown, others } = listProcesses(bySize, figuresOf, {
    sort: listing.sort,
    top: listing.top ?? TABLE_ROWS,
  });
  const growsAtRestart = processes.some(({ tally }) => restartGrowthOf(tally) > 0);
  const isRecorded = processes.some(({ process }) => process.recording);
  const rows = shown.map(({ process, tally }) => [
    String(process.pid),
    printable(process.command),
    ...memoryCells(tally),
    ...(growsAtRestart ? [restartCells(tally)[1]] : []),
    String(sum(tally.collapses)),
    mainRefusal(tally, policy.orders),
    ...(isRecorded ? [process.recording ? recordedIn(process.recording) : ''] : []),
  ]);
  const [title, ...body] = layOutTable(
    [
      { title: 'PID', align: 'right' },
      { title: 'COMMAND', align: 'left' },
      ...MEMORY_COLUMNS,
      ...(growsAtRestart ? [RESTART_GROWTH] : []),
      { title: 'COLLAPSES', align: 'right' },
      { title: 'UNCHANGED, MOSTLY', align: 'left' },
      ...(isRecorded ? [RECORDED] : []),
    ],
    rows,
  );
  const rest = othersLine(others, processes[0].tally.geometry);
  return [style.bold(title), ...body, ...(rest === undefined ? [] : [rest])];
}

function vmaTable(vmas: readonly VmaPrediction[], orders: OrderSet, restart: boolean): string[] {
  const rows = vmas
    .filter(({ tally }) => tally.ranges > 0)
    .map(({ vma, tally }) => [
      `  ${vma.start.toString(16)}-${vma.end.toString(16)}`,
      printable(vma.name) || 'anonymous',
      ...memoryCells(tally),
      ...(restart ? restartCells(tally) : []),
      [...tally.refused].map((refused) => refusedLine(refused, tally.geometry, orders)).join(', '),
    ]);
  return layOutTable(
    [
      { title: '  VMA', align: 'left' },
      { title: 'NAME', align: 'left' },
      ...MEMORY_COLUMNS,
      ...(restart ? [RESTART_HUGE, RESTART_GROWTH] : []),
      { title: 'UNCHANGED', align: 'left' },
    ],
    rows,
  );
}

/** Said where there are huge pages of the PMD size, now or then: which are full of zeros nobody knows. */
function shrinkerLines({ splitsAbove, total }: Prediction): string[] {
  const { geometry, pagesBefore, pagesAfter } = total;
  const { pmdOrder } = geometry;
  if (splitsAbove === undefined || pagesBefore[pmdOrder] + pagesAfter[pmdOrder] === 0) return [];
  const size = formatOrder(asOrder(pmdOrder), geometry);
  const now = formatSize(pagesBefore[pmdOrder], geometry);
  const unseen = `; how much of the ${now} that are such pages now cannot be seen without reading them`;
  const sentence = shrinkerSentence(splitsAbove, size, geometry);
  return [`${sentence}${pagesBefore[pmdOrder] > 0 ? unseen : ''}.`, ''];
}

function limitLines({ limits }: Prediction): string[] {
  const sentences = limitSentences(limits);
  if (sentences.length === 0) return [];
  const isCut = limits.some(({ collapses, fit }) => fit < collapses);
  return [...sentences, ...(isCut ? ['The figures above count the collapses that fit.'] : []), ''];
}

function skippedLines(prediction: Prediction): string[] {
  const leftOut = leftOutOf(prediction.skipped);
  const skipped = prediction.skipped.filter(({ leftOutBytes }) => leftOutBytes === undefined);
  const denied = skipped.filter(({ failure }) => failure.kind === 'permission').length;
  const others = skipped.filter(({ failure }) => failure.kind !== 'permission');
  return [
    ...(denied > 0
      ? [`${plural(denied, 'process', 'processes')} may not be read by this user (permission denied).`]
      : []),
    ...(others.length <= FEW_FAILURES
      ? others.map(({ failure }) => printable(failure.message))
      : [`${others.length} processes ended before or while they were read.`]),
    ...(leftOut.length > 0 ? [`Not counted: ${leftOutWords(leftOut)}.`] : []),
  ];
}

/** How folios of the PMD size are had without waiting for khugepaged, where there are any to be had. */
function collapseNowLines({ prediction, costs }: PredictView): string[] {
  const { collapses, geometry } = prediction.total;
  const count = collapses[geometry.pmdOrder];
  // Of recordings nothing can be collapsed; where khugepaged may not come, the assumptions say it.
  if (costs === undefined || count === 0 || assumptionsOf(prediction).has('registration')) return [];
  const size = formatOrder(asOrder(geometry.pmdOrder), geometry);
  return [
    `thpscope apply --collapse makes ${count === 1 ? 'the collapse' : `the ${grouped(count)} collapses`} to ${size} at once, without a change of settings, and shows first what it would do`,
  ];
}

function assumptionLines(prediction: Prediction): string[] {
  const ofProcesses = assumptionsOf(prediction);
  const sentences = assumedSentences(ofProcesses, prediction.total.unknown);
  if (sentences.length === 0) return [];
  const registration = ofProcesses.has('registration') ? REGISTRATION_ADVICE : [];
  return [
    'assumed, because it cannot be seen:',
    ...[...sentences, ...registration].map((line) => `  ${line}`),
  ];
}
