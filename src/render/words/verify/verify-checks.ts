import { grouped, plural } from '../../../core/base/plural.ts';
import { DIFFERENCES } from '../../../verify/difference.ts';
import { PROPERTY_NAMES, propertyLine } from '../../../verify/properties.ts';
import { RELATIONS } from '../../../verify/relation.ts';
import type { ExplainedFinding, VerifyReport } from '../../../verify/verification.ts';
import { wrongKey } from '../../../verify/wrong.ts';
import { printable } from '../printable.ts';
import { caseCommand, caseFlags } from './verify-command.ts';

/** Which thpscope answers about which files. */
export interface MadeBy {
  readonly version: string;
  readonly files: readonly { readonly path: string; readonly sha256: string }[];
}

/** One check of a verification, as programs that collect tests have it. */
export interface VerifyCheck {
  readonly name: string;
  /** Skipped if nothing can be said. */
  readonly state: 'passed' | 'failed' | 'skipped';
  /** What is wrong and how to see it, or why nothing can be said. */
  readonly details: readonly string[];
}

/** The checks that an answer consists of. */
export function verifyChecks(report: VerifyReport): VerifyCheck[] {
  const { asked, names, findings, properties } = report;
  const algorithms = names.map(printable).join(' and ');
  const bad = findings.filter(({ wrong }) => wrong.kind === 'fault' || wrong.kind === 'unsteady');
  // Of a search that does what none may, or not the same twice, nothing else is said.
  const said = (check: VerifyCheck): VerifyCheck =>
    bad.length === 0 || check.state === 'failed'
      ? check
      : { ...check, state: 'skipped', details: ['nothing is said of a search that fails the last check'] };
  const allowed = checkOf(`${algorithms}: do what searches may, and the same twice`, bad, report);
  if (properties) {
    return [
      ...PROPERTY_NAMES.map((name): VerifyCheck => {
        const found = findings.filter(({ wrong }) => wrong.kind === 'property' && wrong.name === name);
        const check = said(checkOf(`${algorithms}: ${propertyLine(name)}`, found, report));
        if (bad.length > 0 || properties[name] !== 'not-reported') return check;
        return { ...check, state: 'skipped', details: ['not reported: the module calls no observe for it'] };
      }),
      allowed,
    ];
  }
  const others = findings.filter((finding) => !bad.includes(finding));
  const question =
    asked.kind === 'equivalence' ? RELATIONS[asked.relation] : 'no cover is better than that of the search';
  const check = said(checkOf(`${algorithms}: ${question}`, others, report));
  return report.proved === undefined ? [check, allowed] : [check];
}

function checkOf(name: string, findings: readonly ExplainedFinding[], report: VerifyReport): VerifyCheck {
  const tried = `${name}, ${report.proved ?? `in ${plural(report.cases, 'case')}`}`;
  return {
    name: tried,
    state: findings.length > 0 ? 'failed' : 'passed',
    details: findings.flatMap((finding) => [
      `${wrongText(finding)} in ${grouped(finding.count)} of ${plural(report.cases, 'case')}`,
      `again: ${printable(caseCommand(report, finding.case))}`,
    ]),
  };
}

/** Findings by the case that shows them: many differ in several ways at once. */
export function findingsByCase(findings: readonly ExplainedFinding[]): ExplainedFinding[][] {
  const groups = new Map<string, ExplainedFinding[]>();
  for (const finding of findings) {
    const key =
      finding.wrong.kind === 'difference' ? caseFlags(finding.case).join(' ') : wrongKey(finding.wrong);
    groups.set(key, [...(groups.get(key) ?? []), finding]);
  }
  return [...groups.values()];
}

/** What is wrong, in a few words. */
export function wrongText({ wrong, runs }: ExplainedFinding): string {
  switch (wrong.kind) {
    case 'difference':
      return DIFFERENCES[wrong.name];
    case 'property':
      return `broken: ${propertyLine(wrong.name)}`;
    case 'not-best':
      return 'there is a better cover';
    case 'unsteady':
      return printable(`${wrong.algorithm} does not do the same twice for the same case`);
    case 'fault': {
      const run = runs.find(({ fault }) => fault);
      return printable(`${run?.name} ${run?.fault?.message}`);
    }
  }
}
