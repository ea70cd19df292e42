import { ordersOf } from '../../core/memory/order.ts';
import { formatPages } from '../../core/memory/page-list.ts';
import type { CaseRun } from '../../verify/cases/case-run.ts';
import { type SearchCase, unmappedPages } from '../../verify/cases/search-case.ts';
import type { Gap } from '../../verify/optimality.ts';
import type { ExplainedFinding, VerifyReport } from '../../verify/verification.ts';
import type { Wrong } from '../../verify/wrong.ts';
import type { VerifyView } from '../text/verify/verify.ts';
import { noneLimitsJson } from '../words/none-limits.ts';
import type { MadeBy } from '../words/verify/verify-checks.ts';
import { caseCommand } from '../words/verify/verify-command.ts';

const VERIFY_SCHEMA = 'thpscope/verify@1';

/** What verification found as JSON. */
export function verifyJson({ report, seconds }: VerifyView, { version, files }: MadeBy): object {
  const { asked, names, models, seed, cases, shrinkingSteps, coverage, findings, properties, gap, runs } =
    report;
  return {
    schema: VERIFY_SCHEMA,
    asked,
    algorithms: names,
    thpscope: version,
    models,
    files,
    holds: findings.length === 0,
    seed,
    cases,
    shrinkingSteps,
    tried: coverage.map(({ limits, ...tried }) => ({ ...tried, ...(limits ? { maxPtesNone: limits } : {}) })),
    findings: findings.map((finding) => findingJson(finding, report)),
    ...(properties ? { properties } : {}),
    ...(gap ? { gap } : {}),
    ...(runs.length > 0 ? { runs: runs.map(runJson) } : {}),
    seconds: Number(seconds.toFixed(3)),
  };
}

/** How far an algorithm stays behind on recorded memory, as JSON of the same schema. */
export function gapJson(name: string, objective: string, gap: Gap): object {
  return {
    schema: VERIFY_SCHEMA,
    asked: { kind: 'optimality', objective },
    algorithms: [name],
    holds: gap.behind === 0,
    findings: [],
    gap,
  };
}

function findingJson(finding: ExplainedFinding, report: VerifyReport): object {
  const { wrong, after, count, causes, exhaustive, runs, best } = finding;
  return {
    ...wrongJson(wrong),
    after,
    count,
    causes: causes.map(([result, times]) => ({ result, count: times })),
    exhaustive,
    case: caseJson(finding.case),
    runs: runs.map(runJson),
    ...(best ? { best } : {}),
    command: caseCommand(report, finding.case),
  };
}

/** Published name of what is wrong: a cover that is not the best differs from the best one. */
function wrongJson(wrong: Wrong): object {
  switch (wrong.kind) {
    case 'property':
      return { kind: wrong.name };
    case 'difference':
      return { kind: 'difference', difference: wrong.name };
    case 'not-best':
      return { kind: 'difference' };
    case 'fault':
    case 'unsteady':
      return { kind: wrong.kind, algorithm: wrong.algorithm };
  }
}

function caseJson(searchCase: SearchCase): object {
  const { range, orders, maxPtesNone, noneLimits, outcomes, before } = searchCase;
  return {
    pmdOrder: range.geometry.pmdOrder,
    present: formatPages(range.occupied),
    swap: formatPages(unmappedPages(searchCase)),
    uffdArmed: range.uffdArmed,
    orders: ordersOf(orders),
    maxPtesNone,
    ...(before ? { before: before.map(({ occupied }) => formatPages(occupied)) } : {}),
    ...(noneLimits ? { noneLimits: noneLimitsJson(noneLimits) } : {}),
    outcomes: outcomes.map((rule) => ({
      ...(rule.offset === undefined ? {} : { offset: rule.offset }),
      orders: ordersOf(rule.orders),
      result: rule.result,
      ...(rule.onRetry ? { onRetry: true } : {}),
    })),
  };
}

function runJson({ name, steps, result, fault }: CaseRun): object {
  return {
    algorithm: name,
    attempts: steps.map(({ offset, order, reclaim, round, occupied, needed, result: end }) => {
      return { offset, order, ...(reclaim ? { reclaim } : {}), round, occupied, needed, result: end };
    }),
    ...(result === undefined ? {} : { result }),
    ...(fault ? { fault } : {}),
  };
}
