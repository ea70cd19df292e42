import type { CounterChange } from '../../../analysis/difference/counter-changes.ts';
import { type Foretold, SURPRISES } from '../../../analysis/difference/foretold.ts';
import type { MachineDifference } from '../../../analysis/difference/machine-difference.ts';
import type {
  MemoryDifference,
  ProcessDifference,
  VmaDifference,
} from '../../../analysis/difference/memory-difference.ts';
import type { PageChanges } from '../../../analysis/difference/page-changes.ts';
import type { ReadingDifference } from '../../../analysis/difference/reading-difference.ts';
import { serviceDifferences } from '../../../analysis/difference/service-difference.ts';
import { formatBytes } from '../../../core/base/bytes.ts';
import { formatDuration } from '../../../core/base/duration.ts';
import { percent } from '../../../core/base/percent.ts';
import { grouped, plural } from '../../../core/base/plural.ts';
import { sum } from '../../../core/base/sum.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import type { Geometry } from '../../../core/memory/geometry.ts';
import { asOrder, formatOrder } from '../../../core/memory/order.ts';
import type { ThpSettings } from '../../../core/rules/thp-settings.ts';
import { machineLines, machineRows } from '../../words/diff-of-machine.ts';
import {
  cutWords,
  matchWords,
  missedLines,
  ONLY_ONCE_WORDS,
  presenceWords,
  roundsWords,
  SURPRISE_WORDS,
} from '../../words/diff-words.ts';
import { printable } from '../../words/printable.ts';
import { settingsWords } from '../../words/sizes.ts';
import { layOutTable } from '../layout/columns.ts';
import { field } from '../layout/lines.ts';
import type { Style } from '../layout/style.ts';

export interface DiffView {
  readonly difference: ReadingDifference;
  /** What was asked of the earlier reading; undefined where nothing was. */
  readonly asked: { readonly settings: ThpSettings; readonly inForce: boolean } | undefined;
  /** What the table is of. */
  readonly by: 'process' | 'service';
  /** The VMAs of each process, and all control groups, too. */
  readonly verbose: boolean;
  /** Processes that are listed at most. */
  readonly top: number;
}

/** What changed between two readings of memory, as a person reads it. */
export function diffText(view: DiffView, style: Style): string {
  const { difference } = view;
  const { processes } = difference.memory;
  const lines = [
    ...timeLines(difference, style),
    '',
    ...totalsTable(difference.memory, style),
    ...machineLines(difference.memory.repeated),
    '',
    ...happenedLines(difference.memory),
    ...settingLines(difference, style),
    ...counterLines(difference, style),
    ...groupLines(view, style),
    ...foretoldLines(view, style),
    ...(view.by === 'service' ? serviceTable(view, style) : processTable(processes, view, style)),
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

export function timeLines(difference: MachineDifference, style: Style): string[] {
  const { elapsedMs } = difference;
  const seconds = Math.max(1, Math.round(elapsedMs / 1000));
  const time =
    elapsedMs >= 0
      ? `${formatDuration(seconds * 1e9)} from the first reading to the second`
      : 'the second reading is older than the first: did you mean the other order?';
  const match = matchWords(difference);
  if (match === '') return [time];
  return [time, difference.isOneMachine === false ? style.warn(match) : match];
}

function totalsTable(
  { total: { before, after }, repeated, geometry }: MemoryDifference,
  style: Style,
): string[] {
  const huge = (pages: readonly number[]) => sum(pages.slice(1));
  const sizes = before
    .map((was, order) => ({ order, was, is: after[order] }))
    .filter(({ order, was, is }) => order > 0 && was + is > 0)
    .map(({ order, was, is }) => [`  in ${formatOrder(asOrder(order), geometry)}`, was, is] as const)
    .toReversed();
  const rows = [
    ['anonymous memory', sum(before), sum(after)],
    ...machineRows(repeated, sum(before), sum(after)),
    ['huge', huge(before), huge(after)],
    ...sizes,
    ['small', before[0], after[0]],
  ] as const;
  return changeTable(rows, geometry, style);
}

/** Pages before and after by what they are, with the difference. */
export function changeTable(
  rows: readonly (readonly [name: string, before: number, after: number])[],
  geometry: Geometry,
  style: Style,
): string[] {
  const size = (pages: number) => formatSize(pages, geometry);
  const [title, ...lines] = layOutTable(
    ['', 'BEFORE', 'AFTER', 'CHANGE'].map((each, i) => ({ title: each, align: i === 0 ? 'left' : 'right' })),
    rows.map(([name, was, is]) => [name, size(was), size(is), signed(is - was, geometry)]),
  );
  return [style.bold(title), ...lines];
}

/** What happened to the pages of the processes that were there both times. */
function happenedLines(memory: MemoryDifference): string[] {
  const { processes, total, geometry } = memory;
  const same = processes.filter(({ isSame }) => isSame).length;
  const others = otherProcesses(memory);
  if (same === 0) return [...others, ''];
  const size = (pages: number) => formatSize(pages, geometry);
  const into = total.collapsed
    .map((pages, order) => (pages > 0 ? `${size(pages)} into ${formatOrder(asOrder(order), geometry)}` : ''))
    .filter((text) => text !== '')
    .toReversed();
  const inRanges = (count: number) =>
    `in ${plural(count, 'range')} of ${formatOrder(asOrder(geometry.pmdOrder), geometry)}`;
  const { ranges } = total;
  const facts: (readonly [name: string, pages: number, words: string])[] = [
    ['collapsed', sum(total.collapsed), `${inRanges(ranges.collapsed)}: ${into.join(', ')}`],
    [
      'filled',
      total.filled,
      `${inRanges(ranges.filled)}: it was empty, and is in one folio with pages from before`,
    ],
    ['split', total.split, `${inRanges(ranges.split)}: it is in smaller folios than before`],
    ['touched', total.touched, 'that is new, in folios of its own'],
    ['swapped in', total.swappedIn, ''],
    ['swapped out', total.swappedOut, ''],
    ['freed', total.freed, inRanges(ranges.freed)],
    [
      'not seen',
      total.unseen,
      'whose folios were not visible at one of the readings: read both times as root',
    ],
  ];
  const lines = facts
    .filter(([, pages]) => pages > 0)
    .map(([name, pages, words]) => field(name, `${size(pages)} ${words}`.trimEnd()));
  const title = `${plural(same, 'process is', 'processes are')} in both readings; page by page:`;
  return [title, ...(lines.length > 0 ? lines : ['  nothing changed']), ...others, ''];
}

/** Processes that are not known to be the same, with what those that are in one reading only have in it. */
function otherProcesses({ processes, geometry }: MemoryDifference): string[] {
  const others = processes.filter(({ isSame }) => !isSame);
  const matched = others.filter(({ before, after }) => before && after).length;
  const sizeOf = (some: readonly ProcessDifference[]) =>
    formatSize(sum(some.map(({ changes }) => sum(changes.before) + sum(changes.after))), geometry);
  const once = (
    [
      ['first', others.filter(({ after }) => !after)],
      ['second', others.filter(({ before }) => !before)],
    ] as const
  ).filter(([, some]) => some.length > 0);
  const parts = [
    ...(matched > 0 ? [`${grouped(matched)} matched`] : []),
    ...once.map(([name, some]) => `${grouped(some.length)} only in the ${name} reading (${sizeOf(some)})`),
  ];
  if (parts.length === 0) return [];
  return [`other processes: ${parts.join(', ')}`, ...(once.length > 0 ? [`  ${ONLY_ONCE_WORDS}`] : [])];
}

export function settingLines({ settings: changes }: MachineDifference, style: Style): string[] {
  if (changes.length === 0) return [];
  const rows = changes.map((each) => [`  ${each.file}`, each.before, '->', each.after]);
  const [, ...body] = layOutTable(
    ['', '', '', ''].map((title) => ({ title, align: 'left' })),
    rows,
  );
  return [style.bold('settings that changed'), ...body, ''];
}

export function counterLines({ boot, counters }: MachineDifference, style: Style): string[] {
  if (boot !== 'same') return [];
  if (!counters)
    return [
      'counters of the kernel: one of the readings has none, as those of older versions of thpscope',
      '',
    ];
  if (counters.length === 0) return ['counters of the kernel: none about huge pages moved', ''];
  const lines = movedLines(counters.map((counter) => [counter.name, moved(counter, grouped)]));
  return [style.bold('counters of the whole machine that moved'), ...lines, ''];
}

/** Control groups whose huge memory moved; in detail all of them, with all that moved. */
function groupLines({ difference: { groups }, verbose }: DiffView, style: Style): string[] {
  const rows = groups.flatMap(({ path, counters }) =>
    counters
      .filter(({ name }) => verbose || /thp|huge/.test(name))
      .map((counter) => {
        const words = moved(counter, counter.isGauge ? formatBytes : grouped);
        return [`${printable(path)} ${counter.name}`, words] as const;
      }),
  );
  if (rows.length === 0) return [];
  return [style.bold('control groups: what memory.stat counts that moved'), ...movedLines(rows), ''];
}

/** "1 -> 2" of what there is, "+1" of events. */
function moved({ before, after, isGauge }: CounterChange, words: (count: number) => string): string {
  if (isGauge) return `${words(before)} -> ${words(after)}`;
  return `${after < before ? '-' : '+'}${words(Math.abs(after - before))}`;
}

function movedLines(rows: readonly (readonly [name: string, words: string])[]): string[] {
  const [, ...lines] = layOutTable(
    [
      { title: '', align: 'left' },
      { title: '', align: 'right' },
    ],
    rows.map(([name, words]) => [`  ${name}`, words]),
  );
  return lines;
}

/** What was predicted of the earlier reading, and what became of it; none where nothing was. */
export function foretoldLines(
  { difference, asked }: Pick<DiffView, 'difference' | 'asked'>,
  style: Style,
): string[] {
  const { foretold, geometry } = difference.memory;
  if (!foretold || !asked) return [];
  const { predicted, happened } = foretold;
  const [cut, rounds] = [cutWords(foretold, geometry), roundsWords(foretold, difference.fullScans)];
  const size = (pages: number) => formatSize(pages, geometry);
  const lines = [
    `${style.bold('predicted from the first reading')} under ${settingsWords(asked.settings, geometry)}`,
  ];
  if (!asked.inForce)
    lines.push(style.warn('  these are not the settings that the second reading found in force'));
  if (predicted.pages === 0)
    lines.push(
      field('predicted', foretold.absent.pages > 0 ? 'nothing of processes that are in both' : 'nothing'),
    );
  else {
    const share = percent(happened.pages, predicted.pages);
    lines.push(
      field('predicted', `${size(predicted.pages)} in ${plural(predicted.windows, 'collapse')}`),
      field('came true', `${size(happened.pages)} (${share})${cut && `; ${cut}`}`),
    );
  }
  for (const { name, pages, words } of missedLines(foretold))
    lines.push(field(name, `${size(pages)} ${words}`));
  if (rounds) lines.push(`  ${rounds}`);
  for (const surprise of SURPRISES) {
    const pages = foretold.surprises[surprise];
    if (pages > 0) lines.push(field('besides', `${size(pages)} ${SURPRISE_WORDS[surprise]}`));
  }
  return [...lines, ''];
}

/** How much a process changed, for the order of lists: in huge memory and in size. */
function weight({ before, after, split, freed, touched }: PageChanges): number {
  const huge = Math.abs(sum(after.slice(1)) - sum(before.slice(1)));
  return huge + Math.abs(sum(after) - sum(before)) + split + (freed + touched) / 4;
}

/** Columns of what changed, after those that say whose memory it is. */
const CHANGE_TITLES = ['MEMORY', 'CHANGE', 'HUGE', 'CHANGE', 'COLLAPSED', 'FILLED', 'SPLIT'];

function processTable(
  processes: readonly ProcessDifference[],
  { top, verbose, difference }: DiffView,
  style: Style,
): string[] {
  const { geometry, foretold } = difference.memory;
  const isForetold = foretold !== undefined;
  const listed = processes
    .filter(({ changes }) => sum(changes.before) + sum(changes.after) > 0)
    .sort((a, b) => weight(b.changes) - weight(a.changes));
  const changed = listed.filter(({ changes }) => weight(changes) > 0);
  if (changed.length === 0) return [];
  const shown = changed.slice(0, top);
  const rows = shown.flatMap((process) => [
    [
      pidCell(process),
      commandCell(process),
      ...changeCells(process.changes, geometry),
      ...(isForetold ? [cameTrueCell(process.foretold)] : []),
    ],
    ...(verbose ? process.vmas.filter(({ changes }) => changes.ranges.changed > 0) : []).map((vma) => [
      ...vmaCells(vma, geometry),
      ...(isForetold ? [''] : []),
    ]),
  ]);
  const [title, ...body] = layOutTable(
    ['PID', 'COMMAND', ...CHANGE_TITLES, ...(isForetold ? ['CAME TRUE'] : [])].map((each, i) => ({
      title: each,
      align: i === 1 ? 'left' : 'right',
    })),
    rows,
  );
  const left = changed.length - shown.length;
  const unchanged = listed.length - changed.length;
  return [
    style.bold(title),
    ...body,
    ...(left > 0 ? [`and ${grouped(left)} more that changed less`] : []),
    ...(unchanged > 0 ? [`${plural(unchanged, 'process', 'processes')} did not change`] : []),
  ];
}

function serviceTable({ difference: { memory }, top }: DiffView, style: Style): string[] {
  const { geometry, processes, foretold } = memory;
  const changed = serviceDifferences(processes, geometry)
    .filter(({ changes }) => weight(changes) > 0)
    .sort((a, b) => weight(b.changes) - weight(a.changes));
  if (changed.length === 0) return [];
  const isForetold = foretold !== undefined;
  const rows = changed
    .slice(0, top)
    .map(({ name, before, after, changes, foretold: ofService }) => [
      printable(name),
      before === after ? String(after) : `${before} -> ${after}`,
      ...changeCells(changes, geometry),
      ...(isForetold ? [cameTrueCell(ofService)] : []),
    ]);
  const titles = ['SERVICE', 'PROCESSES', ...CHANGE_TITLES, ...(isForetold ? ['CAME TRUE'] : [])];
  const [title, ...body] = layOutTable(
    titles.map((each, i) => ({ title: each, align: i === 0 ? 'left' : 'right' })),
    rows,
  );
  const left = changed.length - rows.length;
  return [style.bold(title), ...body, ...(left > 0 ? [`and ${grouped(left)} more that changed less`] : [])];
}

function pidCell({ before, after, isSame }: ProcessDifference): string {
  if (isSame || !before || !after || before.pid === after.pid) return String((after ?? before)?.pid);
  return `${before.pid} -> ${after.pid}`;
}

function commandCell({ before, after }: ProcessDifference): string {
  return printable((after ?? before)?.command ?? '') + presenceWords({ before, after });
}

function changeCells(changes: PageChanges, geometry: Geometry): string[] {
  const [was, is] = [sum(changes.before), sum(changes.after)];
  const [hugeWas, hugeIs] = [sum(changes.before.slice(1)), sum(changes.after.slice(1))];
  const size = (pages: number) => formatSize(pages, geometry);
  return [
    size(is),
    signed(is - was, geometry),
    size(hugeIs),
    signed(hugeIs - hugeWas, geometry),
    size(sum(changes.collapsed)),
    size(changes.filled),
    size(changes.split),
  ];
}

/** Empty where nothing was predicted of a process. */
function cameTrueCell(foretold: Foretold | undefined): string {
  if (!foretold || foretold.predicted.pages === 0) return '';
  return percent(foretold.happened.pages, foretold.predicted.pages);
}

function vmaCells({ vma, changes }: VmaDifference, geometry: Geometry): string[] {
  const where = `  ${vma.start.toString(16)}-${vma.end.toString(16)} ${printable(vma.name)}`.trimEnd();
  return ['', where, ...changeCells(changes, geometry)];
}

export function signed(pages: number, geometry: Geometry): string {
  return pages > 0 ? `+${formatSize(pages, geometry)}` : formatSize(pages, geometry);
}
