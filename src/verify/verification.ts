import { fail, type Result, succeed } from '../core/base/failure.ts';
import { actionAfter } from '../core/rules/scan-result.ts';
import { bestCover, type Cover, parseObjective } from './best-cover.ts';
import { type CaseRun, caseRunOf, firstDifference, hangingRun, runCase } from './cases/case-run.ts';
import { policyOf, type SearchCase } from './cases/search-case.ts';
import { EVERY_ACTION } from './cases/small-cases.ts';
import { stagesToCheck, stagesToCompare, stagesToRate, type WhichCases } from './cases/stages.ts';
import { inUsualRange } from './cases/usual-case.ts';
import { type Check, type CheckOptions, CheckRun, type Coverage, type Finding } from './check-run.ts';
import type { CheckedAlgorithm } from './checked-algorithm.ts';
import { equivalence } from './equivalence.ts';
import { emptyGap, type Gap, optimality } from './optimality.ts';
import { isReported, PROPERTY_NAMES, type PropertyName, propertiesOf, type Reported } from './properties.ts';
import type { Relation } from './relation.ts';

/** What is to be verified: plain data, so that it can be sent to whoever runs it. */
export type Asked =
  | { readonly kind: 'equivalence'; readonly relation: Relation }
  | { readonly kind: 'properties' }
  | { readonly kind: 'optimality'; readonly objective: string };

export interface VerifyOptions extends WhichCases {
  /** Cases to be tried at most. */
  readonly mostCases?: number;
  /** Whoever asks ends it: every kind of cases gets its share, and random ones follow without end. */
  readonly endless?: boolean;
}

/** A finding with what each algorithm does in that case. */
export interface ExplainedFinding extends Omit<Finding, 'twice'> {
  readonly runs: readonly CaseRun[];
  /** The best cover and its worth, if the finding is that there is a better one. */
  readonly best: Cover | undefined;
  /** The same in a range of 2M, where it is wrong there too. */
  readonly usual: SearchCase | undefined;
}

/**
 * How a property came out: proved, or in all cases that were tried, or in those where something is reported
 * of it.
 */
export type PropertyState = 'proved' | 'held' | 'broken' | 'not-reported';

/** What verification found: plain data again. */
export interface VerifyReport {
  /** What was proved instead of cases tried, in words. */
  readonly proved?: string;
  readonly asked: Asked;
  /** The names of the algorithms. */
  readonly names: readonly string[];
  /** The kernel models whose rules they go by. */
  readonly models: readonly string[];
  readonly seed: number;
  /**
   * Cases that were tried, and further ones that were made up to shrink those in which something was found.
   */
  readonly cases: number;
  readonly shrinkingSteps: number;
  readonly coverage: readonly Coverage[];
  readonly findings: readonly ExplainedFinding[];
  /** The properties, where these were asked about. */
  readonly properties: Partial<Record<PropertyName, PropertyState>> | undefined;
  /** How far the best covers are away, where these were asked for. */
  readonly gap: Gap | undefined;
  /** What each algorithm does, where a single case was asked about. */
  readonly runs: readonly CaseRun[];
}

/** A verification in steps: see `CheckRun`. */
export class Verification {
  readonly #asked: Asked;
  readonly #algorithms: readonly CheckedAlgorithm[];
  readonly #seed: number;
  readonly #gap: Gap;
  readonly #reported: Reported;
  readonly check: CheckRun;

  private constructor(
    asked: Asked,
    algorithms: readonly CheckedAlgorithm[],
    options: VerifyOptions,
    { check, gap, reported }: Question,
  ) {
    this.#asked = asked;
    this.#algorithms = algorithms;
    this.#seed = options.seed;
    this.#gap = gap;
    this.#reported = reported;
    const passes = algorithms.some(({ algorithm }) => algorithm.startPass !== undefined);
    this.check = new CheckRun(check, optionsOf(asked, { ...options, passes }));
  }

  static of(
    asked: Asked,
    algorithms: readonly CheckedAlgorithm[],
    options: VerifyOptions,
  ): Result<Verification> {
    const question = questionOf(asked, algorithms);
    return question.ok ? succeed(new Verification(asked, algorithms, options, question.value)) : question;
  }

  /** Tries a single case instead of all. */
  only(searchCase: SearchCase): VerifyReport {
    this.check.tryOne(searchCase);
    return { ...this.report(), runs: this.#runs(searchCase) };
  }

  /** What came out of it. */
  report(): VerifyReport {
    const { coverage, cases, shrinkingSteps } = this.check;
    const findings = this.check.findings.map((finding) => this.#explain(finding));
    const isRated = this.#asked.kind === 'optimality';
    return {
      asked: this.#asked,
      names: this.#algorithms.map(({ name }) => name),
      models: this.#algorithms.map(({ model }) => model.name),
      seed: this.#seed,
      cases,
      shrinkingSteps,
      coverage,
      findings,
      properties: this.#asked.kind === 'properties' ? this.#states(findings) : undefined,
      gap: isRated ? this.#gap : undefined,
      runs: [],
    };
  }

  /**
   * The report when the current step does not come back; `comesBack` says of other steps whether they do, so
   * that the case can be made smaller.
   */
  reportHang(comesBack: (step: () => void) => boolean): VerifyReport {
    const { check } = this;
    const [{ current, running }, report] = [check, this.report()];
    if (!current || !running) return report;
    const smallest = check.shrinkHang(current, comesBack);
    const runs = this.#algorithms.map((each) =>
      each === running ? hangingRun(each) : runCase(each, smallest),
    );
    const wrong = { kind: 'fault', algorithm: running.name, fault: 'hangs' } as const;
    const hang: ExplainedFinding = {
      wrong,
      case: smallest,
      after: check.cases,
      count: 1,
      causes: [],
      exhaustive: false,
      runs,
      best: undefined,
      usual: undefined,
    };
    return { ...report, shrinkingSteps: check.shrinkingSteps, findings: [...report.findings, hang] };
  }

  /**
   * A report on the same algorithms without what is wrong only after other ranges: of that it says that
   * something is kept. For algorithms that were loaded anew since.
   */
  confirm(report: VerifyReport): VerifyReport {
    const isKept = ({ wrong, case: searchCase }: ExplainedFinding) =>
      wrong.kind !== 'unsteady' &&
      !(wrong.kind === 'fault' && wrong.fault === 'hangs') &&
      !this.check.isWrongIn(searchCase, wrong);
    const kept = report.findings.filter(isKept);
    if (kept.length === 0) return report;
    const findings = report.findings.filter((finding) => !kept.includes(finding));
    const properties = report.properties && { ...report.properties };
    for (const { wrong } of kept)
      if (properties && wrong.kind === 'property') properties[wrong.name] = 'not-reported';
    const isKnown = findings.some(({ wrong }) => wrong.kind === 'unsteady');
    return { ...report, properties, findings: isKnown ? findings : [this.#unsteady(kept[0]), ...findings] };
  }

  /** What was found in a case before, and what is found in it now. */
  #unsteady(finding: ExplainedFinding): ExplainedFinding {
    const now = this.#runs(finding.case);
    const differs = finding.runs.findIndex((run, i) => !isSameRun(run, now[i]));
    const which = Math.max(0, differs);
    const { name } = this.#algorithms[which];
    const named = (run: CaseRun, when: string): CaseRun => ({ ...run, name: `${name}, ${when}` });
    return {
      ...finding,
      wrong: { kind: 'unsteady', algorithm: name },
      exhaustive: false,
      causes: [],
      runs: [named(finding.runs[which], 'after other ranges'), named(now[which], 'started anew')],
      best: undefined,
      usual: undefined,
    };
  }

  #states(findings: readonly ExplainedFinding[]): Partial<Record<PropertyName, PropertyState>> {
    const state = (name: PropertyName): PropertyState => {
      if (findings.some(({ wrong }) => wrong.kind === 'property' && wrong.name === name)) return 'broken';
      return isReported(name, this.#reported) ? 'held' : 'not-reported';
    };
    return Object.fromEntries(PROPERTY_NAMES.map((name) => [name, state(name)]));
  }

  #runs(searchCase: SearchCase): CaseRun[] {
    return this.#algorithms.map((each) => runCase(each, searchCase));
  }

  #explain({ twice, ...finding }: Finding): ExplainedFinding {
    const { wrong, case: searchCase } = finding;
    const objective = this.#asked.kind === 'optimality' ? parseObjective(this.#asked.objective) : undefined;
    const policy = policyOf(searchCase, this.#algorithms[0].model);
    const best =
      wrong.kind === 'not-best' && objective?.ok
        ? bestCover(searchCase.range, policy, objective.value)
        : undefined;
    const unsteady = wrong.kind === 'unsteady' ? wrong.algorithm : undefined;
    const algorithm = this.#algorithms.find(({ name }) => name === unsteady);
    const runs =
      twice && algorithm
        ? twice.map((run, i) => {
            const named = { ...algorithm, name: `${algorithm.name}, ${i === 0 ? 'first' : 'again'}` };
            return caseRunOf(named, run, searchCase);
          })
        : this.#runs(searchCase);
    const larger = wrong.kind === 'unsteady' ? undefined : inUsualRange(searchCase);
    const usual = larger && this.check.isWrongIn(larger, wrong) ? larger : undefined;
    return { ...finding, runs, best, usual };
  }
}

/** Whether a search did the same, as far as anybody sees. */
function isSameRun(a: CaseRun, b: CaseRun): boolean {
  return (
    firstDifference(a, b) === undefined && a.result === b.result && a.fault?.message === b.fault?.message
  );
}

/** A check, and what it adds up. */
interface Question {
  readonly check: Check;
  readonly gap: Gap;
  readonly reported: Reported;
}

function questionOf(asked: Asked, [a, b]: readonly CheckedAlgorithm[]): Result<Question> {
  const [gap, reported] = [emptyGap(), { visits: false, stack: false }];
  switch (asked.kind) {
    case 'equivalence':
      return succeed({ check: equivalence(a, b, asked.relation), gap, reported });
    case 'properties':
      return succeed({ check: propertiesOf(a, reported), gap, reported });
    case 'optimality': {
      const objective = parseObjective(asked.objective);
      if (!objective.ok) return fail('usage', objective.failure.message);
      return succeed({ check: optimality(a, objective.value, gap), gap, reported });
    }
  }
}

function optionsOf(asked: Asked, { mostCases, endless = false, ...which }: VerifyOptions): CheckOptions {
  const stagesFor = { equivalence: stagesToCompare, properties: stagesToCheck, optimality: stagesToRate };
  const fails = (which.results ?? EVERY_ACTION).find((result) => actionAfter(result) === 'next-order');
  const { stages, further } = stagesFor[asked.kind](which);
  return {
    stages,
    ...(endless ? { further } : {}),
    ...(mostCases === undefined ? {} : { most: mostCases }),
    ...(fails === undefined || asked.kind === 'optimality' ? {} : { fails }),
  };
}
