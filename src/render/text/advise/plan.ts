import { processCount } from '../../../analysis/digest/memory-digest.ts';
import { FIRST_MEMORY_THP_SYSTEMD } from '../../../analysis/services/opt-out-ways.ts';
import { grouped, plural } from '../../../core/base/plural.ts';
import {
  type AdviceView,
  blindSpots,
  lossLines,
  passTimeLines,
  reachLines,
} from '../../words/advise/advise-view.ts';
import { measuredLine } from '../../words/advise/measured-walks.ts';
import {
  dropInCommands,
  exceptionLines,
  insteadLine,
  noExceptionsLine,
  type PlanView,
  planLine,
  planReasonLines,
  switchLines,
  unmovedLine,
  worthOfPlan,
} from '../../words/advise/plan-view.ts';
import { notCountedLines, whoseMemory } from '../../words/fleet-words.ts';
import { printable } from '../../words/printable.ts';
import { hostLines } from '../fleet/fleet-tables.ts';
import { type Column, layOutTable } from '../layout/columns.ts';
import type { Style } from '../layout/style.ts';
import {
  adviceHead,
  cachePart,
  offerPart,
  othersFigures,
  settingsLines,
  WORTH_COLUMNS,
  worthFigures,
  worthTable,
} from './advice-parts.ts';
import { writeLines } from './write-script.ts';

const SERVICES_SHOWN = 20;

/** Settings for all services, and those that opt out: what it brings each, the way there and back. */
export function planText(view: AdviceView, planned: PlanView, style: Style): string {
  const { memory, model, source } = view;
  const { geometry } = memory;
  const { plan } = planned;
  const instead = insteadLine(planned, view);
  const unmoved = unmovedLine(planned, geometry);
  const exceptions = exceptionLines(planned, geometry);
  const none = noExceptionsLine(planned);
  const { following } = planned;
  const changes = !following.leave || plan.services.some(({ optOut }) => optOut);
  const stops = following.leave
    ? []
    : [...lossLines(following, geometry), ...reachLines(view), ...passTimeLines(view.pass)];
  return [
    ...adviceHead(view, `${plural(plan.services.length, 'service')} (${whoseMemory(view)})`, style),
    '',
    `  ${style.bold(planLine(planned, geometry))}`,
    ...planReasonLines(planned, view).map((line) => `  ${line}`),
    ...exceptions.map((line) => `  ${line}.`),
    ...(instead === undefined ? [] : [`  ${instead}`]),
    '',
    ...settingsLines(view),
    ...worthTable(view, changes ? worthOfPlan(plan) : undefined, style),
    '',
    ...serviceTable(planned, view, style),
    ...(unmoved === undefined ? [] : [unmoved]),
    ...(view.measured ? [measuredLine(view.measured)] : []),
    '',
    ...(view.fleet ? hostLines(view, following.leave, style) : []),
    ...cachePart(view, following, style),
    ...writesPart(planned, style),
    ...part('Before you do:', stops, style),
    ...part('What programs can do by themselves:', switchLines(planned), style),
    ...offerPart(view, following, style),
    style.bold('What this could not see or promise:'),
    ...[
      ...(none === undefined ? [] : [none]),
      ...blindSpots({ source, memory, model, advised: following.advised, leave: following.leave }),
    ].map((line) => `  - ${line}`),
    ...(view.fleet ? notCountedLines(view.fleet.facts).map((line) => `  - ${line}`) : []),
    '',
  ].join('\n');
}

function part(title: string, lines: readonly string[], style: Style): string[] {
  return lines.length === 0 ? [] : [style.bold(title), ...lines.map((line) => `  ${line}`), ''];
}

function writesPart({ following, dropIns, systemd }: PlanView, style: Style): string[] {
  const { set: writes, restore } = following;
  const { set: exceptions, back } = dropInCommands(dropIns);
  const needs =
    systemd === undefined
      ? ` (MemoryTHP= needs systemd ${FIRST_MEMORY_THP_SYSTEMD}; what runs there is not known)`
      : '';
  const way = [...writeLines(restore ?? []), ...back];
  return [
    ...part(`First, as root, who opts out, before anything reaches it${needs}:`, exceptions, style),
    ...part(exceptions.length > 0 ? 'Then the settings:' : 'To set it, as root:', writeLines(writes), style),
    ...(restore
      ? part('To go back:', way, style)
      : ['The settings in force are not known, so neither is the way back.', '']),
  ];
}

const COLUMNS: readonly Column[] = [
  { title: 'service', align: 'left' },
  { title: 'processes', align: 'right' },
  ...WORTH_COLUMNS,
  { title: '', align: 'left' },
];

function serviceTable({ plan }: PlanView, { memory }: AdviceView, style: Style): string[] {
  const moved = plan.services.filter((each) => each.matters);
  const rows = moved.slice(0, SERVICES_SHOWN).map(({ service, worth, optOut }) => {
    return [
      printable(service.name),
      grouped(processCount(service.processes)),
      ...worthFigures(service.query.memory, optOut?.worth ?? worth),
      optOut ? `opts out: ${optOut.word}` : '',
    ];
  });
  const others = moved.slice(SERVICES_SHOWN).map(({ service, worth, optOut }) => ({
    processes: service.processes,
    memory: service.query.memory,
    worth: optOut?.worth ?? worth,
  }));
  const rest = [
    `and ${plural(others.length, 'service')} with less memory`,
    grouped(processCount(others.flatMap(({ processes }) => processes))),
    ...othersFigures(others, memory),
    '',
  ];
  const [head, ...lines] = layOutTable(COLUMNS, others.length > 0 ? [...rows, rest] : rows);
  return lines.length > 0 ? [style.dim(head), ...lines] : [];
}
