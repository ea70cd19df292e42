import type { ProcessOutcome } from '../../analysis/advise.ts';
import { otherBytesOf } from '../../analysis/memory-digest.ts';
import { type ListedFigures, listProcesses } from '../../analysis/process-list.ts';
import type { SysfsWrite } from '../../analysis/sysfs-writes.ts';
import { growthOf } from '../../analysis/tally.ts';
import { grouped, plural } from '../../core/base/plural.ts';
import { sum } from '../../core/base/sum.ts';
import { formatSize } from '../../core/memory/format-size.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import type { PolicyCounts } from '../../core/plan/policy-counts.ts';
import {
  type AdviceView,
  adviceLine,
  blindSpots,
  outcomeLines,
  reachLines,
  tightGroupLines,
  worthLine,
} from '../words/advise-view.ts';
import { kernelWords, otherKernelLine } from '../words/kernel-words.ts';
import { notCovered } from '../words/not-covered.ts';
import { othersLine } from '../words/others-line.ts';
import { printable } from '../words/printable.ts';
import { recordedIn } from '../words/recorded-in.ts';
import { type Column, layOutTable } from './columns.ts';
import { field } from './lines.ts';
import type { Style } from './style.ts';
import { writeLines } from './write-script.ts';

const PROCESSES_SHOWN = 15;

const COLUMNS: readonly Column[] = [
  { title: 'pid', align: 'right' },
  { title: 'command', align: 'left' },
  { title: 'memory', align: 'right' },
  { title: 'huge now', align: 'right' },
  { title: 'huge then', align: 'right' },
  { title: 'RSS', align: 'right' },
  { title: 'attempts', align: 'right' },
  { title: 'later', align: 'right' },
];

/** The policy that fits, what it gains and costs, and how to set it and undo it. */
export function adviseText(view: AdviceView, style: Style): string {
  const { memory, model, readOn, budget, chosen, withoutGrowth, counts, currentCounts, set, restore } = view;
  const { geometry } = memory;
  const limits = [
    `growth of at most ${formatSize(budget.growthPages, geometry)}`,
    ...(budget.laterAttempts === undefined
      ? []
      : [`at most ${plural(budget.laterAttempts, 'attempt')} in every later pass`]),
  ];
  const other = otherKernelLine(model, readOn, geometry);
  const worth = worthLine(chosen, withoutGrowth, memory.residentPages, geometry);
  const writes = (list: readonly SysfsWrite[]) =>
    list.length === 0 ? ['  nothing to write'] : writeLines(list).map((line) => `  ${line}`);
  return [
    `${formatSize(memory.residentPages, geometry)} of anonymous memory in ${plural(view.source.processes.length, 'process', 'processes')}; ${limits.join(', ')}`,
    `not covered: ${notCovered(otherBytesOf(memory), view.source.processes.length)}`,
    `as ${kernelWords(model, readOn)} decides`,
    ...(other === undefined ? [] : [style.dim(`(${other})`)]),
    '',
    `  ${style.bold(adviceLine(chosen.policy, geometry))}`,
    '',
    ...outcomeFields(counts, memory.hugePages, memory.residentPages, geometry),
    ...(worth === undefined ? [] : [`  ${worth}`]),
    ...(currentCounts
      ? [
          '',
          style.dim('  The settings in force would come to this:'),
          '',
          ...outcomeFields(currentCounts, memory.hugePages, memory.residentPages, geometry).map(style.dim),
        ]
      : []),
    '',
    ...processLines(view, style),
    '',
    ...reachPart(view, style),
    style.bold('To set it, as root:'),
    ...writes(set),
    ...(restore
      ? [style.bold('To go back:'), ...writes(restore)]
      : ['The current settings are not known, so neither is the way back.']),
    '',
    style.bold('What this could not see or promise:'),
    ...[...tightGroupLines(view), ...blindSpots(view)].map((line) => `  - ${line}`),
    ...(chosen.policy.orders === 0 ? ['  - nothing fits the budget but to enable no size'] : []),
    '',
  ].join('\n');
}

function reachPart(view: AdviceView, style: Style): string[] {
  const lines = reachLines(view);
  if (lines.length === 0 || view.set.length === 0) return [];
  return [style.bold('Processes that run now may need a restart:'), ...lines.map((line) => `  ${line}`), ''];
}

function outcomeFields(
  counts: PolicyCounts,
  hugePages: number,
  residentPages: number,
  geometry: Geometry,
): string[] {
  const { gains, atOnce, later } = outcomeLines(counts, hugePages, residentPages, geometry);
  return [field('gains', gains), field('costs at once', atOnce), field('later passes', later)];
}

function processLines({ byProcess, listing, memory }: AdviceView, style: Style): string[] {
  const { shown, others } = listProcesses(byProcess, figuresOf, {
    sort: listing.sort,
    top: listing.top ?? PROCESSES_SHOWN,
  });
  const isRecorded = byProcess.some(({ process }) => process.recording);
  const [head, ...lines] = layOutTable(
    isRecorded ? [...COLUMNS, { title: 'recorded in', align: 'left' }] : COLUMNS,
    shown.map(({ process, residentPages, hugePages, counts }) => [
      String(process.pid),
      printable(process.command),
      formatSize(residentPages, memory.geometry),
      formatSize(hugePages, memory.geometry),
      formatSize(hugePages + counts.newlyHugePages, memory.geometry),
      `+${formatSize(growthOf(counts), memory.geometry)}`,
      grouped(sum(counts.attempts)),
      grouped(sum(counts.laterAttempts)),
      ...(isRecorded ? [process.recording ? recordedIn(process.recording) : ''] : []),
    ]),
  );
  const rest = othersLine(others, memory.geometry);
  return [style.dim(head), ...lines, ...(rest === undefined ? [] : [rest])];
}

/** What a list says of a process. */
function figuresOf({ residentPages, hugePages, counts }: ProcessOutcome): ListedFigures {
  const hugeThen = hugePages + counts.newlyHugePages;
  return { residentPages, hugeNow: hugePages, hugeThen, growthPages: growthOf(counts) };
}
