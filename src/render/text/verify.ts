import { grouped, plural } from '../../core/base/plural.ts';
import type { Cover } from '../../verify/best-cover.ts';
import { type CaseRun, firstDifference, type RunStep } from '../../verify/case-run.ts';
import type { Gap } from '../../verify/optimality.ts';
import { PROPERTY_NAMES, propertyLine } from '../../verify/properties.ts';
import { RELATIONS } from '../../verify/relation.ts';
import type { SearchCase } from '../../verify/search-case.ts';
import type { ExplainedFinding, VerifyReport } from '../../verify/verification.ts';
import { printable } from '../words/printable.ts';
import { caseCommand, caseFlags, wholeCommand } from '../words/verify-command.ts';
import { layOutTable } from './columns.ts';
import type { Style } from './style.ts';

export interface VerifyView {
  readonly report: VerifyReport;
  /** The only case that was asked about, if it was one. */
  readonly single: SearchCase | undefined;
  /** What attempts were allowed to end with, as it was written. */
  readonly results: string | undefined;
  /** The only PMD order that was asked about, if it was one. */
  readonly pmdOrder: number | undefined;
  readonly seconds: number;
}

/** What verification found: the verdict, every finding step by step, and what was tried. */
export function verifyText(view: VerifyView, style: Style): string {
  const { report, single, seconds } = view;
  const lines = [
    ...verdictLines(report, style),
    ...report.findings.flatMap((finding) => ['', ...findingLines(finding, report, style)]),
  ];
  if (single) {
    const shown = report.findings.length > 0 ? [] : ['', ...sideBySide(report.runs, style)];
    return `${[...lines, ...shown].join('\n')}\n`;
  }
  const columns = ['PMD ORDER', 'TRIED', 'CASES'].map((title, i) => {
    return { title, align: i === 1 ? ('left' as const) : ('right' as const) };
  });
  const rows = report.coverage.map(({ pmdOrder, what, cases }) => [String(pmdOrder), what, grouped(cases)]);
  return [
    ...lines,
    '',
    ...layOutTable(columns, rows),
    style.dim(`${seconds.toFixed(1)} s; everything again: ${printable(wholeCommand(report, view))}`),
    '',
  ].join('\n');
}

function verdictLines({ asked, names, findings, gap }: VerifyReport, style: Style): string[] {
  const faults = findings.filter(({ wrong }) => wrong.kind === 'fault');
  if (faults.length > 0) {
    return faults.map(({ runs }) => {
      const run = runs.find(({ fault }) => fault);
      return style.bad(printable(`${run?.name} ${run?.fault?.message}`));
    });
  }
  const [a, b] = names.map(printable);
  if (asked.kind === 'properties') {
    return PROPERTY_NAMES.map((name) => {
      const broken = findings.some(({ wrong }) => wrong.kind === 'property' && wrong.name === name);
      return `${broken ? style.bad('broken') : style.good('holds ')}  ${propertyLine(name)}`;
    }).concat(`${style.good('holds ')}  every attempt is inside the range, aligned and enabled`);
  }
  const found = findings.length > 0;
  if (asked.kind === 'equivalence') {
    const verdict = found ? style.bad('differ') : style.good('agree');
    return [`${a} and ${b} ${verdict}: ${RELATIONS[asked.relation]}`];
  }
  const lines = [
    found
      ? `${style.bad('not the best')}: there is a better cover than that of ${a} (${asked.objective})`
      : `${style.good('the best')}: no cover is better than that of ${a} (${asked.objective})`,
  ];
  return gap && gap.ranges > 0 ? [...lines, gapLine(gap)] : lines;
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

function findingLines(finding: ExplainedFinding, report: VerifyReport, style: Style): string[] {
  const { runs, wrong, best } = finding;
  const what = wrong.kind === 'property' ? [style.bold(`broken: ${propertyLine(wrong.name)}`)] : [];
  const found = finding.exhaustive
    ? `found by exhaustion after ${plural(finding.after, 'case')}: none of this PMD order with fewer PTEs does it`
    : `found after ${plural(finding.after, 'case')}`;
  return [
    ...what,
    `case: ${caseFlags(finding.case).join(' ')}`,
    '',
    ...sideBySide(runs, style),
    ...(best ? [`best: ${coverLine(best)}, worth ${round(best.worth)}`] : []),
    '',
    style.dim(found),
    `again: ${printable(caseCommand(report, finding.case))}`,
  ];
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

function cell(step: RunStep | undefined, run: CaseRun): string {
  if (!step) return '-';
  const batched = run.steps.some(({ round }, i) => round !== i + 1);
  const round = batched ? `round ${step.round}  ` : '';
  const window = `${step.offset}:${step.order}${step.reclaim ? '*' : ''}`;
  return `${round}${window}  ${step.occupied}/${step.needed}  ${step.result}`;
}
