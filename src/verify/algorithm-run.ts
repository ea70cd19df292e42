import { pagesPerRange } from '../core/memory/geometry.ts';
import { asOffset, asOrder, type Offset, type Order, orderSet, type Window } from '../core/memory/order.ts';
import { isPossibleOnRetry, type OutcomeRule } from '../core/rules/outcome.ts';
import type { CollapsePolicy } from '../core/rules/policy.ts';
import type { ScanResult } from '../core/rules/scan-result.ts';
import type { Attempt, Candidate, CollapseAlgorithm, Visit } from '../core/search/algorithm.ts';
import {
  batchFault,
  type Fault,
  FaultError,
  type FaultKind,
  faultOf,
  resultOf,
  windowFault,
} from './algorithm-fault.ts';
import type { DecideOutcome } from './cases/case-space.ts';
import { policyOf, type Shape } from './cases/search-case.ts';
import type { CheckedAlgorithm } from './checked-algorithm.ts';

/**
 * One run of an algorithm on one case, attempt by attempt. A run is used again and again: exhaustive checks
 * make millions of runs, so windows are kept as numbers.
 */
export class AlgorithmRun {
  readonly algorithm: CheckedAlgorithm;
  /** The windows attempted: see `windowOf`. */
  readonly windows: number[] = [];
  readonly results: ScanResult[] = [];
  /** How many windows had been attempted when each call of attempt began. */
  readonly rounds: number[] = [];
  /** What the search returned; SCAN_FAIL when it failed to. */
  result: ScanResult = 'SCAN_FAIL';
  fault: Fault | undefined;
  visits = 0;
  /** Most windows on the stack at once; undefined for searches that keep none. */
  stackDepth: number | undefined;
  /** What the last run was asked with. */
  policy: CollapsePolicy | undefined;
  #shape: Shape | undefined;
  #outcome: DecideOutcome = () => 'SCAN_SUCCEED';
  #most = 0;

  constructor(algorithm: CheckedAlgorithm) {
    this.algorithm = algorithm;
  }

  /**
   * Searches a shape; attempts end as `outcome` says. With `observed`, visits and the stack are looked at
   * too.
   */
  run(shape: Shape, outcome: DecideOutcome, observed = false): void {
    const { algorithm, model } = this.algorithm;
    const policy =
      this.policy?.orders === shape.orders &&
      this.policy.maxPtesNone === shape.maxPtesNone &&
      this.policy.noneLimits === shape.noneLimits
        ? this.policy
        : policyOf(shape, model);
    this.policy = policy;
    this.#shape = shape;
    this.#outcome = outcome;
    // Every window twice, lightly and with reclaim, and room for what is a difference but no endless loop.
    this.#most = 4 * pagesPerRange(shape.range.geometry);
    if (this.windows.length > 0) {
      this.windows.length = 0;
      this.results.length = 0;
    }
    if (this.rounds.length > 0) this.rounds.length = 0;
    this.visits = 0;
    this.stackDepth = undefined;
    this.fault = undefined;
    try {
      const search = algorithm.startPass
        ? this.#searchBefore(algorithm.startPass(), shape, policy)
        : algorithm;
      const result: unknown = observed
        ? search.collapse(shape.range, policy, this.#attempt, this.#observe)
        : search.collapse(shape.range, policy, this.#attempt);
      this.result = this.#checkResult(result);
    } catch (error) {
      this.result = 'SCAN_FAIL';
      this.fault ??= faultOf(error);
    }
  }

  /** Has the ranges before this one searched, of which nothing is kept. */
  #searchBefore(
    search: CollapseAlgorithm,
    { before = [] }: Shape,
    policy: CollapsePolicy,
  ): CollapseAlgorithm {
    for (const range of before) {
      search.collapse(range, policy, this.#attempt);
      this.windows.length = 0;
      this.results.length = 0;
      this.rounds.length = 0;
    }
    return search;
  }

  readonly #attempt: Attempt = (batch) => {
    const fault = batchFault(batch);
    if (fault) this.#fail(fault.kind, fault.message);
    this.rounds.push(this.windows.length);
    return batch.map((candidate) => this.#attemptOne(candidate));
  };

  #attemptOne({ offset, order, reclaim }: Candidate): ScanResult {
    this.#check(offset, order);
    const retry = reclaim === true;
    const result = this.#outcome(offset, order, retry);
    this.windows.push((offset << 5) | (order << 1) | (retry ? 1 : 0));
    this.results.push(result);
    return result;
  }

  readonly #observe = ({ stack }: Visit): void => {
    this.visits++;
    if (stack) this.stackDepth = Math.max(this.stackDepth ?? 0, stack.length + 1);
  };

  #check(offset: Offset, order: Order): void {
    const { range, orders } = this.#shape as Shape;
    const fault = windowFault(offset, order, range.geometry, orders);
    if (fault) this.#fail(fault.kind, fault.message);
    if (this.windows.length >= this.#most) {
      this.#fail('endless', `makes more than ${this.#most} attempts in one range`);
    }
  }

  #checkResult(result: unknown): ScanResult {
    const checked = resultOf(result);
    if (typeof checked === 'string') return checked;
    this.fault ??= checked;
    return 'SCAN_FAIL';
  }

  /** A fault stays, whether the search catches the error or not. */
  #fail(kind: FaultKind, message: string): never {
    this.fault ??= { kind, message };
    throw new FaultError(message);
  }
}

/** What a run did, kept while the run is used again. */
export type RunRecord = Pick<
  AlgorithmRun,
  'windows' | 'results' | 'rounds' | 'result' | 'fault' | 'visits' | 'stackDepth'
>;

export function recordOf(run: AlgorithmRun): RunRecord {
  const { result, fault, visits, stackDepth } = run;
  const [windows, results, rounds] = [[...run.windows], [...run.results], [...run.rounds]];
  return { windows, results, rounds, result, fault, visits, stackDepth };
}

/** Whether two runs made the same attempts and came to the same end. */
export function sameRecords(a: RunRecord, b: RunRecord): boolean {
  return (
    a.result === b.result &&
    a.fault?.message === b.fault?.message &&
    a.windows.length === b.windows.length &&
    a.windows.every((window, i) => window === b.windows[i])
  );
}

/** How attempts of runs ended, but for successes, as rules that make them end so again. */
export function rulesOf(runs: readonly AlgorithmRun[]): OutcomeRule[] {
  const ends = new Map<number, ScanResult>();
  for (const { windows, results } of runs)
    for (const [i, code] of windows.entries()) ends.set(code, results[i]);
  const rules: OutcomeRule[] = [];
  for (const code of [...ends.keys()].sort((a, b) => (a & 1) - (b & 1))) {
    const { offset, order, reclaim } = windowOf(code);
    const result = ends.get(code) ?? 'SCAN_SUCCEED';
    // The rule of the first attempt holds for the retry too, if it may.
    const first = ends.get(code & ~1) ?? 'SCAN_SUCCEED';
    const otherwise = reclaim && isPossibleOnRetry(first) ? first : 'SCAN_SUCCEED';
    if (result === otherwise) continue;
    rules.push({ offset, orders: orderSet([order]), result, ...(reclaim ? { onRetry: true } : {}) });
  }
  return rules;
}

/** The window that a run keeps as a number. */
export function windowOf(code: number): Window & { readonly reclaim: boolean } {
  return { offset: asOffset(code >> 5), order: asOrder((code >> 1) & 15), reclaim: (code & 1) === 1 };
}
