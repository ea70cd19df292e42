import { grouped, plural } from '../../../core/base/plural.ts';
import { NO_ORDERS, ordersOf } from '../../../core/memory/order.ts';
import { formatPages } from '../../../core/memory/page-list.ts';
import { formatOutcome } from '../../../core/rules/outcome.ts';
import { assumesHoles, type CaseRun, type RunStep } from '../../../verify/cases/case-run.ts';
import { ptesOf, type SearchCase, unmappedPages } from '../../../verify/cases/search-case.ts';
import { USUAL_PMD_ORDER } from '../../../verify/cases/usual-case.ts';
import type { ExplainedFinding } from '../../../verify/verification.ts';
import { noneLimitLine } from '../../words/none-limits.ts';
import { printable } from '../../words/printable.ts';
import { selftestSnippet } from '../../words/verify/selftest-snippet.ts';
import { findingsByCase, type MadeBy, verifyChecks, wrongText } from '../../words/verify/verify-checks.ts';
import { beforeWords, caseCommand, wholeCommand } from '../../words/verify/verify-command.ts';
import { layOutTable } from '../layout/columns.ts';
import { wrap } from '../layout/wrap.ts';
import type { VerifyView } from './verify.ts';

/** Columns of a mail that is read and quoted in a terminal. */
const MAIL_WIDTH = 72;

/** Steps of a case that are shown in a mail; the rest is counted. */
const MAIL_STEPS = 16;

/**
 * An answer to be pasted into a mail: what was asked of what, the answer, and the smallest case of each kind.
 */
export function verifyMail(view: VerifyView, { version, files }: MadeBy): string {
  const { report, single, flags } = view;
  const rules = [...new Set(report.models)].join(' and ');
  const isWhole = single === undefined;
  return [
    `thpscope ${version}, rules of ${rules}`,
    ...files.map(({ path, sha256 }) => `${printable(path)}: sha256 ${sha256.slice(0, 16)}`),
    ...(isWhole ? command(wholeCommand(report, flags)) : command(caseCommand(report, single))),
    '',
    ...verifyChecks(report).flatMap(({ name, state, details }) => {
      const skipped = state === 'skipped' ? `: ${details.join('; ')}` : '';
      return wrap(`${state}: ${name}${skipped}`, MAIL_WIDTH - 2).map((line, i) =>
        i === 0 ? line : `  ${line}`,
      );
    }),
    ...findingsByCase(report.findings).flatMap((group) => ['', ...casePart(group, view)]),
    '',
  ].join('\n');
}

/** A command on lines that a shell joins again. */
function command(text: string): string[] {
  const lines = wrap(printable(text), MAIL_WIDTH - 6);
  return lines.map((line, i) => `${i === 0 ? '$ ' : '    '}${line}${i === lines.length - 1 ? '' : ' \\'}`);
}

/** What a case shows, the case, the attempts, and the memory as C. */
function casePart(group: readonly ExplainedFinding[], { report }: VerifyView): string[] {
  const [{ usual, runs, wrong, case: searchCase }] = group;
  const sentences = group.flatMap((finding) => {
    const often = `in ${grouped(finding.count)} of ${plural(report.cases, 'case')}`;
    const causes = finding.causes.slice(0, 3).map(([result]) => short(result));
    const after = causes.length > 0 ? `, first after ${causes.join(', ')}` : '';
    return wrap(`${wrongText(finding)}, ${often}${after}`, MAIL_WIDTH);
  });
  const isSmallest = group.every(({ exhaustive }) => exhaustive);
  const { asked } = report;
  // What collapses is seen in the page table; what is attempted in vain, or returned, is not.
  const sameCollapses =
    asked.kind === 'equivalence' &&
    asked.relation === 'attempts' &&
    group.every((each) => each.wrong.kind === 'difference' && each.wrong.name !== 'collapses');
  const which = isSmallest
    ? 'The smallest case of those tried'
    : wrong.kind === 'unsteady'
      ? 'The case'
      : 'The smallest case that was found';
  const assumed = searchCase.range.uffdArmed && assumesHoles(runs);
  return [
    ...sentences,
    '',
    `${which} (results without SCAN_):`,
    ...caseLines(searchCase),
    ...(wrong.kind === 'unsteady' ? [] : command(caseCommand(report, searchCase))),
    '',
    ...tableOf(runs),
    ...(wrong.kind === 'unsteady'
      ? []
      : ['', ...selftestPart(searchCase, usual, { sameCollapses, assumed })]),
  ];
}

/** The case as C, in the ranges that most machines have; or why it is not there. */
function selftestPart(
  { range, orders, noneLimits, before }: SearchCase,
  usual: SearchCase | undefined,
  { sameCollapses, assumed }: { readonly sameCollapses: boolean; readonly assumed: boolean },
): string[] {
  const none = (why: string) => wrap(`No selftest: ${why}.`, MAIL_WIDTH);
  const { pmdOrder } = range.geometry;
  if (pmdOrder > USUAL_PMD_ORDER) return none(`a range of PMD order ${pmdOrder} is larger than 2M`);
  if (orders === NO_ORDERS) return none('no kernel searches memory for which no size is enabled');
  if (noneLimits) return none('no Linux has a limit of each order');
  if (before) return none('it takes a pass of several ranges');
  if (!usual) return none('in a range of 2M the scan leaves it alone, or nothing is wrong');
  if (assumed)
    return none(
      'where userfaultfd is armed no attempt on a window with holes succeeds, which this case assumes; say how they end with --outcome',
    );
  const intro = sameCollapses
    ? 'The same in a range of 2M. The same windows collapse: attempts are seen in the trace event mm_collapse_huge_page.'
    : 'The same in a range of 2M:';
  return [...wrap(intro, MAIL_WIDTH), '', ...selftestSnippet(usual)];
}

function caseLines(searchCase: SearchCase): string[] {
  const { range, orders, maxPtesNone, noneLimits, outcomes } = searchCase;
  const swapped = range.unmapped > 0 ? `, swapped ${formatPages(unmappedPages(searchCase))}` : '';
  const facts = [
    `PMD order ${range.geometry.pmdOrder}`,
    `${plural(ptesOf(searchCase), 'PTE')}: present ${formatPages(range.occupied) || 'none'}${swapped}`,
    `orders ${ordersOf(orders).join(' ') || 'none'}`,
    noneLimitLine(maxPtesNone, noneLimits),
    ...beforeWords(searchCase.before).map((ranges) => `before it in the pass ${ranges}`),
    ...(range.uffdArmed ? ['userfaultfd armed'] : []),
    ...outcomes.map((rule) => short(formatOutcome(rule))),
  ];
  return wrap(facts.join('; '), MAIL_WIDTH - 2).map((line) => `  ${line}`);
}

/** The attempts side by side; the names, which may be long, come before. */
function tableOf(runs: readonly CaseRun[]): string[] {
  const letters = ['A', 'B'].slice(0, runs.length);
  const steps = Math.max(...runs.map((run) => run.steps.length));
  const rows = Array.from({ length: Math.min(steps, MAIL_STEPS) }, (_, i) => [
    String(i + 1),
    ...runs.map((run) => attemptText(run.steps[i])),
  ]);
  if (steps > MAIL_STEPS) rows.push(['…', `${steps - MAIL_STEPS} more`, ...letters.slice(1).map(() => '')]);
  rows.push(['=', ...runs.map(({ result, fault }) => short(fault ? 'see above' : (result ?? '')))]);
  const columns = ['', ...letters].map((title) => ({ title, align: 'left' as const }));
  return [
    ...runs.map(({ name }, i) => `  ${letters[i]} is ${printable(name)}`),
    ...layOutTable(columns, rows).map((line) => `  ${line}`),
  ];
}

function attemptText(step: RunStep | undefined): string {
  return step ? `${step.offset}:${step.order}${step.reclaim ? '*' : ''} ${short(step.result)}` : '-';
}

/** Results without what all of them begin with. */
function short(result: string): string {
  return result.replace('SCAN_', '');
}
