import { randomFrom } from '../core/base/random.ts';
import { countPages } from '../core/memory/occupancy.ts';
import type { Offset, Order } from '../core/memory/order.ts';
import { asOffset, asOrder, orderSet } from '../core/memory/order.ts';
import type { ScanResult } from '../core/rules/scan-result.ts';
import { AlgorithmRun, windowOf } from './algorithm-run.ts';
import type { CheckedAlgorithm } from './checked-algorithm.ts';
import { OutcomeTree } from './outcome-tree.ts';
import { randomCase } from './random-cases.ts';
import { outcomeOfCase, reachesSearch, type SearchCase, type Shape } from './search-case.ts';
import { smallerCases } from './shrink-case.ts';
import { EVERY_ACTION, type SmallSpace, shapesOf } from './small-cases.ts';
import { endsCheckRun, isSameWrong, type Wrong } from './wrong.ts';

/** What is asked about one or two algorithms. */
export interface Check {
  readonly algorithms: readonly CheckedAlgorithm[];
  /** Whether visits and stacks are looked at. */
  readonly observed: boolean;
  /** What runs on one shape get wrong; empty when all is well. */
  readonly judge: (runs: readonly AlgorithmRun[], shape: Shape) => readonly Wrong[];
  /** Called for each case that is tried, but for those that shrinking makes up. */
  readonly count?: (runs: readonly AlgorithmRun[], shape: Shape) => void;
}

export interface CheckOptions {
  /** What is tried exhaustively, the smaller PMD orders first. */
  readonly spaces: readonly SmallSpace[];
  /** PMD orders that are tried with random cases afterwards. */
  readonly randomOrders: readonly number[];
  readonly seed: number;
  /** How attempts may end, the usual end first. */
  readonly results?: readonly ScanResult[];
}

/** Cases that were tried of one kind. */
export interface Coverage {
  readonly pmdOrder: number;
  readonly what: string;
  readonly exhaustive: boolean;
  readonly cases: number;
}

/** Something that an algorithm gets wrong, and the smallest case of it that was found. */
export interface Finding {
  readonly wrong: Wrong;
  readonly case: SearchCase;
  /** Cases tried before it was found. */
  readonly after: number;
  /**
   * Whether it was found by exhaustion, so that no case of that PMD order with fewer PTEs is wrong in this
   * way.
   */
  readonly exhaustive: boolean;
}

/** Random cases at PMD order 9; a range twice as long takes about twice as long. */
const RANDOM_CASES = 24_000;

/** Cases between two looks at the clock of the caller. */
const CASES_A_STEP = 1_000;
const RANDOM_CASES_A_STEP = 50;

/**
 * Checks algorithms case by case. It works in steps, so that its caller can show progress and stop an
 * algorithm that does not come back: `current` is then the case it hangs on.
 */
export class CheckRun {
  readonly coverage: Coverage[] = [];
  readonly findings: Finding[] = [];
  readonly #check: Check;
  readonly #options: CheckOptions;
  readonly #runs: readonly AlgorithmRun[];
  /** Cases that were tried so far. */
  cases = 0;
  #shape: Shape | undefined;
  #rules: () => SearchCase['outcomes'] = () => [];

  constructor(check: Check, options: CheckOptions) {
    this.#check = check;
    this.#options = options;
    this.#runs = check.algorithms.map((algorithm) => new AlgorithmRun(algorithm));
  }

  /** The algorithm that is being tried. */
  running: CheckedAlgorithm | undefined;

  /** The case that is being tried. */
  get current(): SearchCase | undefined {
    return this.#shape && frozen(this.#shape, this.#rules());
  }

  /** Yields after every few thousand cases how many there were; ends early when nothing is left to find. */
  *run(): Generator<number> {
    for (const space of this.#options.spaces) if (yield* this.#exhaust(space)) return;
    for (const pmdOrder of this.#options.randomOrders) if (yield* this.#search(pmdOrder)) return;
  }

  *#exhaust(space: SmallSpace): Generator<number, boolean> {
    const tree = new OutcomeTree(space.results, space.pmdOrder);
    this.#rules = () => tree.rules();
    const before = this.cases;
    let done = false;
    for (const shape of shapesOf(space)) {
      this.#shape = shape;
      do {
        if (++this.cases % CASES_A_STEP === 0) yield this.cases;
        const wrong = this.#wrongs(shape, tree.outcome);
        this.#check.count?.(this.#runs, shape);
        if (wrong.length > 0) done = yield* this.#record(wrong, true);
      } while (!done && tree.advance());
      if (done) break;
    }
    const { pmdOrder, what } = space;
    this.coverage.push({ pmdOrder, what, exhaustive: true, cases: this.cases - before });
    return done;
  }

  *#search(pmdOrder: number): Generator<number, boolean> {
    const { seed, results = EVERY_ACTION } = this.#options;
    const random = randomFrom(seed + pmdOrder);
    const before = this.cases;
    let done = false;
    for (let left = RANDOM_CASES >> Math.max(0, pmdOrder - 9); left > 0 && !done; left--) {
      const { shape, outcome } = randomCase(pmdOrder, results, random);
      if (!reachesSearch(shape, countPages(shape.range.occupied))) continue;
      this.#shape = shape;
      this.#rules = () => this.#rulesOf(outcome);
      if (++this.cases % RANDOM_CASES_A_STEP === 0) yield this.cases;
      const wrong = this.#wrongs(shape, outcome);
      this.#check.count?.(this.#runs, shape);
      if (wrong.length > 0) done = yield* this.#record(wrong, false);
    }
    const what = `random ranges, sets of orders, limits and outcomes, seed ${seed}`;
    this.coverage.push({ pmdOrder, what, exhaustive: false, cases: this.cases - before });
    return done;
  }

  /** Keeps what the current case gets wrong for the first time; true when there is nothing left to find. */
  *#record(wrong: readonly Wrong[], exhaustive: boolean): Generator<number, boolean> {
    const fresh = wrong.filter((each) => !this.findings.some((found) => isSameWrong(found.wrong, each)));
    for (const each of fresh) {
      const found = this.current as SearchCase;
      const after = this.cases;
      const smallest = yield* this.#shrink(found, each);
      const sameOrder = smallest.range.geometry.pmdOrder === found.range.geometry.pmdOrder;
      this.findings.push({ wrong: each, case: smallest, after, exhaustive: exhaustive && sameOrder });
    }
    return wrong.some(endsCheckRun);
  }

  /** Tries one case of somebody else's; what is wrong in it. */
  tryOne(searchCase: SearchCase): readonly Wrong[] {
    this.#shape = searchCase;
    this.#rules = () => searchCase.outcomes;
    this.cases++;
    return this.#wrongs(searchCase, outcomeOfCase(searchCase));
  }

  #wrongs(shape: Shape, outcome: (offset: Offset, order: Order) => ScanResult): readonly Wrong[] {
    for (const run of this.#runs) {
      this.running = run.algorithm;
      run.run(shape, outcome, this.#check.observed);
      if (run.fault) return [{ kind: 'fault', algorithm: run.algorithm.name, fault: run.fault.kind }];
    }
    return this.#check.judge(this.#runs, shape);
  }

  /** The smallest case that is still wrong in the same way, by steps that each keep it so. */
  *#shrink(found: SearchCase, wrong: Wrong): Generator<number, SearchCase> {
    let smallest = found;
    const [shape, rules] = [this.#shape, this.#rules];
    for (let next: SearchCase | undefined = found; next !== undefined; ) {
      smallest = next;
      next = undefined;
      for (const candidate of smallerCases(smallest)) {
        if (!reachesSearch(candidate, countPages(candidate.range.occupied))) continue;
        this.#shape = candidate;
        this.#rules = () => candidate.outcomes;
        if (++this.cases % CASES_A_STEP === 0) yield this.cases;
        const wrongs = this.#wrongs(candidate, outcomeOfCase(candidate));
        if (!wrongs.some((each) => isSameWrong(each, wrong))) continue;
        next = candidate;
        break;
      }
    }
    [this.#shape, this.#rules] = [shape, rules];
    return smallest;
  }

  /** What attempts of the last runs met, but for successes. */
  #rulesOf(outcome: (offset: Offset, order: Order) => ScanResult): SearchCase['outcomes'] {
    const windows = new Set(this.#runs.flatMap((run) => run.windows.map((code) => code >> 1)));
    return [...windows]
      .map((code) => windowOf(code << 1))
      .map(({ offset, order }) => ({
        offset: asOffset(offset),
        orders: orderSet([asOrder(order)]),
        result: outcome(offset, order),
      }))
      .filter(({ result }) => result !== 'SCAN_SUCCEED');
  }
}

/** A case of its own, whatever becomes of the shape. */
function frozen({ range, orders, maxPtesNone }: Shape, outcomes: SearchCase['outcomes']): SearchCase {
  return { range: { ...range, occupied: range.occupied.slice() }, orders, maxPtesNone, outcomes };
}
