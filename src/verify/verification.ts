import { fail, type Result, succeed } from '../core/base/failure.ts';
import type { ScanResult } from '../core/rules/scan-result.ts';
import { bestCover, type Cover, parseObjective } from './best-cover.ts';
import { type CaseRun, hangingRun, runCase } from './case-run.ts';
import { type Check, type CheckOptions, CheckRun, type Coverage, type Finding } from './check-run.ts';
import type { CheckedAlgorithm } from './checked-algorithm.ts';
import { equivalence } from './equivalence.ts';
import { emptyGap, type Gap, optimality } from './optimality.ts';
import { propertiesOf } from './properties.ts';
import type { Relation } from './relation.ts';
import { policyOf, type SearchCase } from './search-case.ts';
import { EVERY_ACTION, spacesToCheck, spacesToCompare } from './small-cases.ts';

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

/** A finding with what each algorithm does in that case. */
export interface ExplainedFinding extends Finding {
  readonly runs: readonly CaseRun[];
  /** The best cover and its worth, if the finding is that there is a better one. */
  readonly best: Cover | undefined;
}

/** What verification found: plain data again. */
export interface VerifyReport {
  readonly asked: Asked;
  /** The names of the algorithms. */
  readonly names: readonly string[];
  readonly seed: number;
  readonly coverage: readonly Coverage[];
  readonly findings: readonly ExplainedFinding[];
  /** How far the best covers are away, where these were asked for. */
  readonly gap: Gap | undefined;
  /** What each algorithm does, where a single case was asked about. */
  readonly runs: readonly CaseRun[];
}

/** PMD orders that are tried with random cases unless one is asked for. */
const RANDOM_ORDERS = [9, 11, 13];

/** A verification in steps: see `CheckRun`. */
export class Verification {
  readonly #asked: Asked;
  readonly #algorithms: readonly CheckedAlgorithm[];
  readonly #seed: number;
  readonly #gap: Gap | undefined;
  readonly check: CheckRun;

  private constructor(
    asked: Asked,
    algorithms: readonly CheckedAlgorithm[],
    check: Check,
    options: CheckOptions,
    gap: Gap | undefined,
  ) {
    this.#asked = asked;
    this.#algorithms = algorithms;
    this.#seed = options.seed;
    this.#gap = gap;
    this.check = new CheckRun(check, options);
  }

  static of(
    asked: Asked,
    algorithms: readonly CheckedAlgorithm[],
    options: VerifyOptions,
  ): Result<Verification> {
    const gap = asked.kind === 'optimality' ? emptyGap() : undefined;
    const check = checkOf(asked, algorithms, gap);
    if (!check.ok) return check;
    return succeed(new Verification(asked, algorithms, check.value, optionsOf(asked, options), gap));
  }

  /** Tries a single case instead of all. */
  only(searchCase: SearchCase): VerifyReport {
    const wrong = this.check.tryOne(searchCase);
    const findings = wrong.map((each) => {
      return this.#explain({ wrong: each, case: searchCase, after: 1, exhaustive: false });
    });
    return { ...this.report(), findings, runs: this.#runs(searchCase) };
  }

  /** What came out of it; the last algorithm `hangs` if it did not come back. */
  report(hangs = false): VerifyReport {
    const { coverage, findings, running, current, cases } = this.check;
    const explained = findings.map((finding) => this.#explain(finding));
    if (hangs && running && current) {
      const runs = this.#algorithms.map((each) =>
        each === running ? hangingRun(each) : runCase(each, current),
      );
      const wrong = { kind: 'fault', algorithm: running.name, fault: 'hangs' } as const;
      explained.push({ wrong, case: current, after: cases, exhaustive: false, runs, best: undefined });
    }
    const names = this.#algorithms.map(({ name }) => name);
    const found = { coverage, findings: explained, gap: this.#gap, runs: [] };
    return { asked: this.#asked, names, seed: this.#seed, ...found };
  }

  #runs(searchCase: SearchCase): CaseRun[] {
    return this.#algorithms.map((each) => runCase(each, searchCase));
  }

  #explain(finding: Finding): ExplainedFinding {
    const { wrong, case: searchCase } = finding;
    const objective = this.#asked.kind === 'optimality' ? parseObjective(this.#asked.objective) : undefined;
    const policy = policyOf(searchCase, this.#algorithms[0].model);
    const best =
      wrong.kind === 'not-best' && objective?.ok
        ? bestCover(searchCase.range, policy, objective.value)
        : undefined;
    return { ...finding, runs: this.#runs(searchCase), best };
  }
}

function checkOf(
  asked: Asked,
  algorithms: readonly CheckedAlgorithm[],
  gap: Gap = emptyGap(),
): Result<Check> {
  const [a, b] = algorithms;
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

function optionsOf(asked: Asked, { seed, pmdOrder, results }: VerifyOptions): CheckOptions {
  const ends = asked.kind === 'optimality' ? EVERY_ACTION.slice(0, 1) : results;
  const spaces = asked.kind === 'equivalence' ? spacesToCompare(ends) : spacesToCheck(ends);
  if (pmdOrder === undefined) return { spaces, randomOrders: RANDOM_ORDERS, seed, results: ends };
  const exhausted = spaces.filter((space) => space.pmdOrder === pmdOrder);
  const randomOrders = exhausted.length > 0 ? [] : [pmdOrder];
  return { spaces: exhausted, randomOrders, seed, results: ends };
}
