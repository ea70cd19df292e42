import { fail, type Result, succeed } from '../core/base/failure.ts';
import type { ScanResult } from '../core/rules/scan-result.ts';
import { emptyGap, type Gap, optimality } from './optimality.ts';
import { bestCover, type Cover, parseObjective } from './best-cover.ts';
import { type CaseRun, hangingRun, runCase } from './case-run.ts';
import type { Contender } from './contender.ts';
import { equivalence } from './equivalence.ts';
import {
  type Coverage,
  DIFFERENCE,
  Examination,
  type ExaminationOptions,
  FAULT,
  NOT_BEST,
  type Finding,
  type Question,
} from './examination.ts';
import { type LabCase, policyOf } from './lab-case.ts';
import { propertiesOf, PROPERTY_NAMES, type PropertyName } from './properties.ts';
import type { Relation } from './relation.ts';
import { EVERY_ACTION, spacesToCompare, spacesToExamine } from './small-cases.ts';

/** What is to be verified: plain data, so that it can be sent to whoever runs it. */
export type Asked =
  | { readonly kind: 'equivalence'; readonly relation: Relation }
  | { readonly kind: 'properties' }
  | { readonly kind: 'optimality'; readonly objective: string };

export interface VerifyOptions {
  readonly seed: number;
  /** Only this PMD order. */
  readonly pmdOrder?: number;
  /** How attempts may end, the usual end first. */
  readonly results?: readonly ScanResult[];
}

/** A finding with what each contender does in that case. */
export interface ExplainedFinding extends Finding {
  /** What is wrong: a difference, a property that is broken, or a fault. */
  readonly kind: 'difference' | 'fault' | PropertyName;
  readonly runs: readonly CaseRun[];
  /** The best cover and its worth, if the finding is that there is a better one. */
  readonly best: Cover | undefined;
}

/** What verification found: plain data again. */
export interface VerifyReport {
  readonly asked: Asked;
  /** The names of the contenders. */
  readonly names: readonly string[];
  readonly seed: number;
  readonly coverage: readonly Coverage[];
  readonly findings: readonly ExplainedFinding[];
  /** How far the best covers are away, where these were asked for. */
  readonly gap: Gap | undefined;
  /** What each contender does, where a single case was asked about. */
  readonly runs: readonly CaseRun[];
}

/** PMD orders that are tried with random cases unless one is asked for. */
const RANDOM_ORDERS = [9, 11, 13];

/** A verification in steps: see `Examination`. */
export class Verification {
  readonly #asked: Asked;
  readonly #contenders: readonly Contender[];
  readonly #seed: number;
  readonly #gap: Gap | undefined;
  readonly examination: Examination;

  private constructor(
    asked: Asked,
    contenders: readonly Contender[],
    question: Question,
    options: ExaminationOptions,
    gap: Gap | undefined,
  ) {
    this.#asked = asked;
    this.#contenders = contenders;
    this.#seed = options.seed;
    this.#gap = gap;
    this.examination = new Examination(question, options);
  }

  static of(asked: Asked, contenders: readonly Contender[], options: VerifyOptions): Result<Verification> {
    const gap = asked.kind === 'optimality' ? emptyGap() : undefined;
    const question = questionOf(asked, contenders, gap);
    if (!question.ok) return question;
    return succeed(new Verification(asked, contenders, question.value, optionsOf(asked, options), gap));
  }

  /** Tries a single case instead of all. */
  only(labCase: LabCase): VerifyReport {
    const wrong = this.examination.tryOne(labCase);
    const findings = wrong.map((each) => {
      return this.#explain({ wrong: each, case: labCase, after: 1, exhaustive: false });
    });
    return { ...this.report(), findings, runs: this.#runs(labCase) };
  }

  /** What came out of it; the last contender `hangs` if it did not come back. */
  report(hangs = false): VerifyReport {
    const { coverage, findings, running, current, cases } = this.examination;
    const explained = findings.map((finding) => this.#explain(finding));
    if (hangs && running && current) {
      const runs = this.#contenders.map((each) =>
        each === running ? hangingRun(each) : runCase(each, current),
      );
      const wrong = `${FAULT}${running.name}: hangs`;
      const found = { wrong, case: current, after: cases, exhaustive: false };
      explained.push({ ...found, kind: 'fault', runs, best: undefined });
    }
    const names = this.#contenders.map(({ name }) => name);
    const found = { coverage, findings: explained, gap: this.#gap, runs: [] };
    return { asked: this.#asked, names, seed: this.#seed, ...found };
  }

  #runs(labCase: LabCase): CaseRun[] {
    return this.#contenders.map((each) => runCase(each, labCase));
  }

  #explain(finding: Finding): ExplainedFinding {
    const { wrong, case: labCase } = finding;
    const objective = this.#asked.kind === 'optimality' ? parseObjective(this.#asked.objective) : undefined;
    const policy = policyOf(labCase, this.#contenders[0].model);
    const best =
      wrong === NOT_BEST && objective?.ok ? bestCover(labCase.range, policy, objective.value) : undefined;
    return { ...finding, kind: kindOf(wrong), runs: this.#runs(labCase), best };
  }
}

function questionOf(asked: Asked, contenders: readonly Contender[], gap: Gap = emptyGap()): Result<Question> {
  const [a, b] = contenders;
  switch (asked.kind) {
    case 'equivalence':
      return succeed(equivalence(a, b, asked.relation));
    case 'properties':
      return succeed(propertiesOf(a));
    case 'optimality': {
      const objective = parseObjective(asked.objective);
      return objective.ok
        ? succeed(optimality(a, objective.value, gap))
        : fail('usage', objective.failure.message);
    }
  }
}

function optionsOf(asked: Asked, { seed, pmdOrder, results }: VerifyOptions): ExaminationOptions {
  const ends = asked.kind === 'optimality' ? EVERY_ACTION.slice(0, 1) : results;
  const spaces = asked.kind === 'equivalence' ? spacesToCompare(ends) : spacesToExamine(ends);
  if (pmdOrder === undefined) return { spaces, randomOrders: RANDOM_ORDERS, seed, results: ends };
  const exhausted = spaces.filter((space) => space.pmdOrder === pmdOrder);
  const randomOrders = exhausted.length > 0 ? [] : [pmdOrder];
  return { spaces: exhausted, randomOrders, seed, results: ends };
}

function kindOf(wrong: string): ExplainedFinding['kind'] {
  if (wrong === DIFFERENCE || wrong === NOT_BEST) return 'difference';
  return PROPERTY_NAMES.find((name) => name === wrong) ?? 'fault';
}
