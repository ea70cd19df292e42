import { type Advice, changesKhugepaged } from '../../../analysis/advice/advise.ts';
import type { SysfsWrite } from '../../../analysis/sweep/sysfs-writes.ts';
import { grouped } from '../../../core/base/plural.ts';
import { sum } from '../../../core/base/sum.ts';
import { reasonLines } from '../../words/advise/advice-reasons.ts';
import {
  type AdviceView,
  adviceLine,
  blindSpots,
  everyoneLine,
  groupLines,
  inVainLines,
  lossLines,
  otherGrowthLines,
  passTimeLines,
  reachLines,
} from '../../words/advise/advise-view.ts';
import { measuredLine } from '../../words/advise/measured-walks.ts';
import { notCountedLines, whoseMemory } from '../../words/fleet-words.ts';
import { printable } from '../../words/printable.ts';
import { recordedIn } from '../../words/recorded-in.ts';
import { hostLines, partLines } from '../fleet/fleet-tables.ts';
import { type Column, layOutTable } from '../layout/columns.ts';
import type { Style } from '../layout/style.ts';
import {
  adviceHead,
  cachePart,
  listedWorth,
  offerPart,
  othersFigures,
  settingsLines,
  WORTH_COLUMNS,
  worthFigures,
  worthTable,
} from './advice-parts.ts';
import { writeLines } from './write-script.ts';

const PROCESSES_SHOWN = 15;

/** The settings that fit, what they gain and cost, how to set them and to undo it. */
export function adviseText(view: AdviceView, style: Style): string {
  const { memory, model, budget, advice, source } = view;
  const { geometry } = memory;
  const unseen = [
    ...groupLines(advice, geometry),
    ...blindSpots({ source, memory, model, advised: advice.advised, leave: advice.leave }),
  ];
  return [
    ...adviceHead(view, whoseMemory(view), style),
    '',
    `  ${style.bold(adviceLine(advice, geometry))}`,
    ...reasonLines(advice, budget, memory).map((line) => `  ${line}`),
    '',
    ...settingsLines(view),
    ...worthTable(view, advice.leave ? undefined : advice.advised, style),
    ...(view.measured ? [measuredLine(view.measured)] : []),
    '',
    ...(view.fleet ? partLines(view, style) : processLines(view, style)),
    '',
    ...(view.fleet ? hostLines(view, advice.leave, style) : []),
    ...cachePart(view, advice, style),
    ...writesPart(advice, style),
    ...stopPart(view, style),
    ...offerPart(view, advice, style),
    style.bold('What this could not see or promise:'),
    ...unseen.map((line) => `  - ${line}`),
    ...(view.fleet ? notCountedLines(view.fleet.facts).map((line) => `  - ${line}`) : []),
    '',
  ].join('\n');
}

function writesPart({ leave, set, restore }: Advice, style: Style): string[] {
  if (leave) return [];
  const lines = (list: readonly SysfsWrite[]) => writeLines(list).map((line) => `  ${line}`);
  return [
    style.bold('To set it, as root, until the next boot (--format tmpfiles or cmdline: for good):'),
    ...lines(set),
    ...(restore
      ? [style.bold('To go back:'), ...lines(restore)]
      : ['The settings in force are not known, so neither is the way back.']),
    '',
  ];
}

/** Said instead of whom khugepaged visits where it has nothing new to do. */
const FAULTS_ALONE = [
  'khugepaged does nothing new to this memory: what is said comes by page faults, when the programs start again',
];

/** What would make a careful person stop. */
function stopPart(view: AdviceView, style: Style): string[] {
  const { advice, budget, memory } = view;
  if (advice.leave) return [];
  const lines = [
    everyoneLine(view),
    ...otherGrowthLines(advice, budget, memory),
    ...lossLines(advice, memory.geometry),
    ...(changesKhugepaged(advice) ? reachLines(view) : FAULTS_ALONE),
    ...(changesKhugepaged(advice) ? passTimeLines(view.pass) : []),
    ...inVainLines(advice),
  ];
  return [style.bold('Before you do:'), ...lines.map((line) => `  ${line}`), ''];
}

const COLUMNS: readonly Column[] = [
  { title: 'pid', align: 'right' },
  { title: 'command', align: 'left' },
  ...WORTH_COLUMNS,
];

function processLines(view: AdviceView, style: Style): string[] {
  const { byProcess, memory } = view;
  const { shown, others } = listedWorth(view, PROCESSES_SHOWN);
  const isRecorded = byProcess.some(({ process }) => process.recording);
  const inVain = (list: typeof shown) => sum(list.map(({ worth }) => worth.laterAttempts));
  const hasLater = inVain(byProcess) > 0;
  const rows = shown.map(({ process, memory: own, worth }) => [
    String(process.pid),
    printable(process.command),
    ...worthFigures(own, worth),
    ...(hasLater ? [grouped(worth.laterAttempts)] : []),
    ...(isRecorded ? [process.recording ? recordedIn(process.recording) : ''] : []),
  ]);
  const rest = [
    '',
    `and ${grouped(others.length)} more`,
    ...othersFigures(others, memory),
    ...(hasLater ? [grouped(inVain(others))] : []),
    ...(isRecorded ? [''] : []),
  ];
  const [head, ...lines] = layOutTable(
    [
      ...COLUMNS,
      ...(hasLater ? [{ title: 'in vain', align: 'right' } as const] : []),
      ...(isRecorded ? [{ title: 'recorded in', align: 'left' } as const] : []),
    ],
    others.length > 0 ? [...rows, rest] : rows,
  );
  return [style.dim(head), ...lines];
}
