import { grouped, plural } from '../../../core/base/plural.ts';
import type { Cover } from '../../../verify/best-cover.ts';
import { assumesHoles, type CaseRun, firstDifference, type RunStep } from '../../../verify/cases/case-run.ts';
import type { SearchCase } from '../../../verify/cases/search-case.ts';
import { EVERY_RESULT } from '../../../verify/cases/stages.ts';
import type { Coverage } from '../../../verify/check-run.ts';
import { DIFFERENCES } from '../../../verify/difference.ts';
import type { Gap } from '../../../verify/optimality.ts';
import {
  departsByDesign,
  PROPERTY_NAMES,
  type PropertyName,
  propertyLine,
} from '../../../verify/properties.ts';
import { RELATIONS } from '../../../verify/relation.ts';
import type { ExplainedFinding, PropertyState, VerifyReport } from '../../../verify/verification.ts';
import { printable } from '../../words/printable.ts';
import { findingsByCase } from '../../words/verify/verify-checks.ts';
import { caseCommand, caseFlags, type TriedFlags, wholeCommand } from '../../words/verify/verify-command.ts';
import { layOutTable } from '../layout/columns.ts';
import type { Style } from '../layout/style.ts';

export interface VerifyView {
  readonly report: VerifyReport;
  /** The only case that was asked about, if it was one. */
  readonly single: SearchCase | undefined;
  /** What was to be tried, as it was written. */
  readonly flags: TriedFlags;
  readonly seconds: number;
}

/** What verification found: the verdict, every finding step by step, and what was tried. */
export function verifyText(view: VerifyView, style: Style): string {
  const { report, single } = view;
  const lines = [
    ...verdictLines(view, style),
    ...findingsByCase(report.findings).flatMap((group) => ['', ...findingLines(group, view, style)]),
  ];
  if (single) {
    const shown =
      report.findings.length > 0
        ? []
        : ['', ...sideBySide(report.runs, style), ...armedLines(report.runs, single, style)];
    return `${[...lines, ...shown].join('\n')}\n`;
  }
  return [...lines, '', ...triedLines(view, style), ''].join('\n');
}

/** What was tried: spaces, results, cases, and the command that does it again. */
function triedLines(view: VerifyView, style: Style): string[] {
  const { report, flags, seconds } = view;
  const { coverage, cases, shrinkingSteps } = report;
  const columns = ['PMD ORDER', 'TRIED', 'CASES'].map((title, i) => {
    return { title, align: i === 1 ? ('left' as const) : ('right' as const) };
  });
  const rows = coverage.map(({ pmdOrder, what, complete, cases: tried }) => {
    const much = complete ? '' : tried > 0 ? ' (not all)' : ' (none)';
    return [String(pmdOrder), what + much, grouped(tried)];
  });
  const more = shrinkingSteps > 0 ? `, and ${grouped(shrinkingSteps)} to make those found smaller` : '';
  return [
    ...layOutTable(columns, rows),
    ...resultLines(coverage),
    style.dim(`${plural(cases, 'case')}${more}; ${seconds.toFixed(1)} s`),
    `everything again: ${printable(wholeCommand(report, flags))}`,
  ];
}

/** The results that attempts had, by how many they are: as the table says it. */
function resultLines(coverage: readonly Coverage[]): string[] {
  const lists = new Map(coverage.map(({ results }) => [results.length, results]));
  lists.delete(1);
  return [...lists]
    .sort(([a], [b]) => a - b)
    .map(([count, results]) =>
      count === EVERY_RESULT.length
        ? `${count} results: all that there are (docs/results.md)`
        : `${count} results: ${results.join(', ')}`,
    );
}

function verdictLines(view: VerifyView, style: Style): string[] {
  const { report, single } = view;
  const { asked, names, cases, findings, properties, gap } = report;
  const tried = single ? 'in this case' : `in ${plural(cases, 'case')}`;
  const bad = badLines(report, style);
  if (bad.length > 0) return bad;
  const [a, b] = names.map(printable);
  switch (asked.kind) {
    case 'properties':
      return propertyLines(names[0], properties ?? {}, tried, style);
    case 'equivalence': {
      const relation = RELATIONS[asked.relation];
      if (findings.length === 0)
        return [`${style.good('no difference')} between ${a} and ${b} ${tried}: ${relation}`];
      const lines = [`${a} and ${b} ${style.bad('differ')}: not always ${relation}`];
      return single ? lines : [...lines, '', ...differenceLines(findings, style)];
    }
    case 'optimality': {
      const found = findings.length > 0;
      const lines = [
        found
          ? `${style.bad('not the best')}: there is a better cover than that of ${a} (${asked.objective})`
          : `${style.good('no better cover')} than that of ${a} ${tried} (${asked.objective})`,
      ];
      return gap && gap.ranges > 0 ? [...lines, gapLine(gap)] : lines;
    }
  }
}

/** What no algorithm may do comes first, and alone. */
function badLines({ findings }: VerifyReport, style: Style): string[] {
  return findings.flatMap(({ wrong, runs }) => {
    if (wrong.kind === 'unsteady') {
      return [
        style.bad(printable(`${wrong.algorithm} does not do the same twice for the same case`)),
        'It keeps something from one range to the next, or draws by chance: nothing else can be said of it.',
        'What is kept over a pass belongs to a search that startPass() makes: docs/verify.md.',
      ];
    }
    if (wrong.kind !== 'fault') return [];
    const run = runs.find(({ fault }) => fault);
    return [style.bad(printable(`${run?.name} ${run?.fault?.message}`))];
  });
}

const STATES = {
  held: 'held',
  broken: 'broken',
  departs: 'departs',
  'not-reported': 'not reported',
} as const;

/** What cases showed; what is proved has a part of its own. */
function propertyLines(
  algorithm: string,
  properties: Partial<Record<PropertyName, PropertyState>>,
  tried: string,
  style: Style,
): string[] {
  const open = PROPERTY_NAMES.filter((name) => properties[name] !== 'proved');
  const stateOf = (name: PropertyName): keyof typeof STATES => {
    const state = properties[name] ?? 'not-reported';
    if (state === 'proved') return 'held';
    return state === 'broken' && departsByDesign(algorithm, name) ? 'departs' : state;
  };
  const width = Math.max(...open.map((name) => STATES[stateOf(name)].length));
  const line = (state: keyof typeof STATES, text: string) => {
    const tone = { held: style.good, broken: style.bad, departs: style.warn, 'not-reported': style.dim }[
      state
    ];
    return `${tone(STATES[state].padEnd(width))}  ${text}`;
  };
  const departs = open.some((name) => stateOf(name) === 'departs');
  return [
    `${tried}:`,
    ...open.map((name) => line(stateOf(name), propertyLine(name))),
    line('held', 'every attempt is inside the range, aligned and enabled'),
    ...(departs
      ? [`departs: from Linux 7.3, as ${algorithm} means to (docs/khugepaged.md#rounds-results)`]
      : []),
  ];
}

/** Results by which algorithms part that are named; the others are counted. */
const NAMED_CAUSES = 4;

/** Each kind of difference, in how many cases, and what leads to it. */
function differenceLines(findings: readonly ExplainedFinding[], style: Style): string[] {
  const columns = ['CASES', 'DIFFERENCE', 'THEY PART AFTER'].map((title, i) => {
    return { title, align: i === 0 ? ('right' as const) : ('left' as const) };
  });
  const rows = findings.map(({ wrong, count, causes }) => {
    const sorted = [...causes].sort(([, x], [, y]) => y - x).map(([result]) => result);
    const rest = sorted.length - NAMED_CAUSES;
    const named = sorted.slice(0, NAMED_CAUSES).join(', ') + (rest > 0 ? ` and ${rest} more` : '');
    return [grouped(count), wrong.kind === 'difference' ? DIFFERENCES[wrong.name] : '', named];
  });
  const [head, ...lines] = layOutTable(columns, rows);
  return [style.dim(head), ...lines];
}

function gapLine({ ranges, behind, worth, best }: Gap): string {
  return `behind in ${grouped(behind)} of ${plural(ranges, 'range')}; worth ${round(worth)} of ${round(best)} in all`;
}

/** How far an algorithm stays behind on recorded memory. */
export function gapText(name: string, objective: string, gap: Gap): string {
  return `${printable(name)} against the best covers (${objective}): ${gapLine(gap)}\n`;
}

function round(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 1 });
}

function findingLines(group: readonly ExplainedFinding[], view: VerifyView, style: Style): string[] {
  const { report, single } = view;
  const [{ runs, best, after, wrong, case: searchCase }] = group;
  const isSmallest = group.every((finding) => finding.exhaustive);
  // What does not happen twice can be neither made smaller nor shown again.
  const unsteady = wrong.kind === 'unsteady';
  const how = isSmallest
    ? '; none of those tried of this PMD order has fewer PTEs'
    : unsteady
      ? ''
      : `, then made smaller step by step${smallerOrder(searchCase, view.flags)}`;
  return [
    ...headlines(group, view).map((line) => style.bold(line)),
    `case: ${caseFlags(searchCase).join(' ')}`,
    '',
    ...sideBySide(runs, style),
    ...armedLines(runs, searchCase, style),
    ...(best ? [`best: ${coverLine(best)}, worth ${round(best.worth)}`] : []),
    '',
    ...(single ? [] : [style.dim(`found after ${plural(after, 'case')}${how}`)]),
    ...(unsteady ? [] : [`again: ${printable(caseCommand(report, searchCase))}`]),
  ];
}

/** That a case is of another PMD order than was asked for. */
function smallerOrder({ range }: SearchCase, { pmdOrder }: TriedFlags): string {
  const found = range.geometry.pmdOrder;
  return pmdOrder === undefined || pmdOrder === found ? '' : `, down to PMD order ${found}`;
}

/** What is only assumed of a case with userfaultfd, and what its columns leave out. */
function armedLines(runs: readonly CaseRun[], { range }: SearchCase, style: Style): string[] {
  if (!range.uffdArmed) return [];
  const assumed = assumesHoles(runs)
    ? [
        'assumed: attempts on windows with holes succeed; where userfaultfd is armed they end in SCAN_EXCEED_NONE_PTE (--outcome)',
      ]
    : [];
  const needed =
    'pages needed are those that Linux asks for, which does not look at userfaultfd before an attempt';
  return [...assumed, needed].map((line) => style.dim(line));
}

/** What a case shows, where that is not said by the verdict. */
function headlines(group: readonly ExplainedFinding[], { report, single }: VerifyView): string[] {
  const [{ wrong, count }] = group;
  if (wrong.kind === 'property') {
    const often = single ? '' : ` in ${grouped(count)} of ${plural(report.cases, 'case')}`;
    const how = departsByDesign(report.names[0], wrong.name) ? 'departs' : 'broken';
    return [`${how}${often}: ${propertyLine(wrong.name)}`];
  }
  const names = group.flatMap((each) =>
    each.wrong.kind === 'difference' ? [DIFFERENCES[each.wrong.name]] : [],
  );
  return names.length === 0 || single || group.length === report.findings.length ? [] : [names.join(', ')];
}

function coverLine({ windows }: Cover): string {
  return windows.map(({ offset, order }) => `${offset}:${order}`).join(' ') || 'no window';
}

/** The attempts of the runs side by side, the first one that differs marked. */
function sideBySide(runs: readonly CaseRun[], style: Style): string[] {
  const [a, b] = runs;
  const first = b ? firstDifference(a, b) : undefined;
  const steps = Math.max(...runs.map((run) => run.steps.length));
  const rows = Array.from({ length: steps }, (_, i) => [
    String(i + 1),
    ...runs.map((run) => cell(run.steps[i], run)),
    i === first ? '<- first difference' : '',
  ]);
  if (steps > MOST_STEPS) leaveOut(rows, first ?? steps - 1);
  const results = runs.map(({ result, fault }) => printable(fault?.message ?? result ?? ''));
  const differ = b && results[0] !== results[1] && first === undefined;
  rows.push(['=', ...results, differ ? '<- first difference' : '']);
  for (const { visits, stackDepth } of b ? [] : runs) {
    const depth = stackDepth === undefined ? '' : `, ${stackDepth} on the stack at once`;
    if (visits > 0) rows.push(['', `${plural(visits, 'visit')}${depth}`, '']);
  }
  const columns = ['#', ...runs.map(({ name }) => printable(name)), ''].map((title) => ({
    title,
    align: 'left' as const,
  }));
  const [head, ...lines] = layOutTable(columns, rows);
  return [style.dim(head), ...lines.map((line) => (line.includes('<-') ? style.warn(line) : line))];
}

/** Steps of a case that are all shown; of more, those around the first difference. */
const MOST_STEPS = 24;
const STEPS_AROUND = 6;

function leaveOut(rows: string[][], around: number): void {
  const cut = (first: number, end: number) => {
    if (end - first < 2) return;
    const blank = Array.from({ length: rows[0].length - 1 }, () => '');
    rows.splice(first, end - first, ['…', `${end - first} steps`, ...blank.slice(1)]);
  };
  cut(around + STEPS_AROUND, rows.length);
  cut(1, around - STEPS_AROUND);
}

function cell(step: RunStep | undefined, run: CaseRun): string {
  if (!step) return '-';
  const batched = run.steps.some(({ round }, i) => round !== i + 1);
  const round = batched ? `round ${step.round}  ` : '';
  const window = `${step.offset}:${step.order}${step.reclaim ? '*' : ''}`;
  return `${round}${window}  ${step.occupied}/${step.needed}  ${step.result}`;
}
