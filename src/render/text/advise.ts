import { formatBytes } from '../../core/base/bytes.ts';
import { type Geometry, pageBytes } from '../../core/memory/geometry.ts';
import { type PolicyCounts, sumOf } from '../../core/plan/policy-counts.ts';
import {
  type AdviceView,
  adviceInWords,
  blindSpots,
  outcomeInWords,
  worthOfGrowth,
} from '../words/advise-view.ts';
import { type Column, layOutTable } from './columns.ts';
import { grouped, plural } from '../words/plural.ts';
import { printable } from '../words/printable.ts';
import type { Style } from './style.ts';
import { field } from './tally.ts';

const PROCESSES_SHOWN = 15;

const COLUMNS: readonly Column[] = [
  { title: 'pid', align: 'right' },
  { title: 'command', align: 'left' },
  { title: 'memory', align: 'right' },
  { title: 'huge now', align: 'right' },
  { title: 'then', align: 'right' },
  { title: 'RSS', align: 'right' },
  { title: 'attempts', align: 'right' },
  { title: 'later', align: 'right' },
];

/** The policy that fits, what it gains and costs, and how to set it and undo it. */
export function adviseText(view: AdviceView, style: Style): string {
  const { memory, model, budget, chosen, withoutGrowth, counts, currentCounts, set, restore } = view;
  const { geometry } = memory;
  const size = (pages: number) => formatBytes(pages * pageBytes(geometry));
  const limits = [
    `growth of at most ${size(budget.growthPages)}`,
    ...(budget.laterAttempts === undefined
      ? []
      : [`at most ${plural(budget.laterAttempts, 'attempt')} in every later pass`]),
  ];
  const worth = worthOfGrowth(chosen, withoutGrowth, memory.residentPages, geometry);
  const writes = (list: readonly { path: string; value: string }[]) =>
    list.length === 0 ? ['  nothing to write'] : list.map(({ path, value }) => `  echo ${value} > ${path}`);
  return [
    `${size(memory.residentPages)} of anonymous memory in ${plural(view.source.processes.length, 'process', 'processes')}; ${limits.join(', ')}; rules of ${model.name}`,
    '',
    `  ${style.bold(adviceInWords(chosen.policy, geometry))}`,
    '',
    ...outcomeLines(counts, memory.hugePages, memory.residentPages, geometry),
    ...(worth === undefined ? [] : [`  ${worth}`]),
    ...(currentCounts
      ? [
          '',
          style.dim('  The settings in force would come to this:'),
          '',
          ...outcomeLines(currentCounts, memory.hugePages, memory.residentPages, geometry).map(style.dim),
        ]
      : []),
    '',
    ...processLines(view, style),
    '',
    style.bold('To set it, as root:'),
    ...writes(set),
    ...(restore
      ? [style.bold('To go back:'), ...writes(restore)]
      : ['The current settings are not known, so neither is the way back.']),
    '',
    style.bold('What this could not see or promise:'),
    ...blindSpots(view).map((line) => `  - ${line}`),
    ...(chosen.policy.orders === 0 ? ['  - nothing fits the budget but to enable no size'] : []),
    '',
  ].join('\n');
}

function outcomeLines(
  counts: PolicyCounts,
  hugePages: number,
  residentPages: number,
  geometry: Geometry,
): string[] {
  const { gains, atOnce, later } = outcomeInWords(counts, hugePages, residentPages, geometry);
  return [field('gains', gains), field('costs at once', atOnce), field('later passes', later)];
}

function processLines({ byProcess, memory }: AdviceView, style: Style): string[] {
  const size = (pages: number) => formatBytes(pages * pageBytes(memory.geometry));
  const [head, ...lines] = layOutTable(
    COLUMNS,
    byProcess
      .slice(0, PROCESSES_SHOWN)
      .map(({ process, residentPages, hugePages, counts }) => [
        String(process.pid),
        printable(process.command),
        size(residentPages),
        size(hugePages),
        size(hugePages + counts.newlyHugePages),
        `+${size(counts.filledPages + counts.swappedInPages)}`,
        grouped(sumOf(counts.attempts)),
        grouped(sumOf(counts.laterAttempts)),
      ]),
  );
  const rest = byProcess.length - lines.length;
  return [
    style.dim(head),
    ...lines,
    ...(rest > 0 ? [`and ${plural(rest, 'process', 'processes')} that change less`] : []),
  ];
}
