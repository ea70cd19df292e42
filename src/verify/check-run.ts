import { countPages } from '../core/memory/occupancy.ts';
import type { ScanResult } from '../core/rules/scan-result.ts';
import { AlgorithmRun, type RunRecord, recordOf, rulesOf, sameRecords } from './algorithm-run.ts';
import type { CaseSpace, DecideOutcome, TriedCase } from './cases/case-space.ts';
import {
  isSmallerCase,
  outcomeOfCase,
  ptesOf,
  reachesSearch,
  type SearchCase,
  type Shape,
} from './cases/search-case.ts';
import { shrinkCase } from './cases/shrink-case.ts';
import type { CheckedAlgorithm } from './checked-algorithm.ts';
import { endsCheckRun, type Wrong, wrongKey } from './wrong.ts';

/** What is asked about one or two algorithms. */
export interface Check {
  readonly algorithms: readonly CheckedAlgorithm[];
  /** Whether visits and stacks are looked at. */
  readonly observed: boolean;
  /** What runs on one shape get wrong; empty when all is well. */
  readonly judge: (runs: readonly AlgorithmRun[], shape: Shape) => readonly Wrong[];
  /** The result of the attempt that led to what is wrong, where one can be named. */
  readonly cause?: (runs: readonly AlgorithmRun[]) => string | undefined;
  /** Called for each case that is tried, but for those that shrinking makes up. */
  readonly count?: (runs: readonly AlgorithmRun[], shape: Shape) => void;
}

export interface CheckOptions {
  /** What is tried, stage by stage; a run ends after the stage in which something was found. */
  readonly stages: Iterable<readonly CaseSpace[]>;
  /**
   * What to go on with, for a run that whoever asked ends: spaces then take turns, so that wherever it ends
   * each of them was begun.
   */
  readonly further?: Iterable<CaseSpace>;
  /** Cases to be tried at most. */
  readonly most?: number;
  /** A result that leads to smaller windows, for cases that shrinking makes up. */
  readonly fails?: ScanResult;
}

/** Cases that were tried of one kind. */
export interface Coverage extends Omit<CaseSpace, 'cases'> {
  readonly cases: number;
  /** Whether all of them were tried. */
  readonly complete: boolean;
}

/** Something that an algorithm gets wrong, and the smallest case of it that was found. */
export interface Finding {
  readonly wrong: Wrong;
  readonly case: SearchCase;
  /** Cases tried before it was found first. */
  readonly after: number;
  /** How many of the cases that were tried have it, shrinking left out. */
  readonly count: number;
  /** In how many of them which result of an attempt led to it, where one can be named. */
  readonly causes: readonly (readonly [result: string, count: number])[];
  /**
   * Whether its case was found by exhaustion, so that none that was tried has fewer PTEs at its PMD order.
   */
  readonly exhaustive: boolean;
  /** What the algorithm did in the case, and did the second time, if that is what is wrong. */
  readonly twice: readonly RunRecord[] | undefined;
}

/** A space of which cases are being tried. */
interface BegunSpace {
  readonly space: CaseSpace;
  readonly tried: { -readonly [K in keyof Coverage]: Coverage[K] };
  readonly cases: Iterator<TriedCase>;
  /** Cases to go on with once something was found. */
  left: number;
}

/** A finding that more cases may add to. */
interface Found {
  wrong: Wrong;
  case: SearchCase;
  after: number;
  count: number;
  causes: Map<string, number>;
  exhaustive: boolean;
  twice: readonly RunRecord[] | undefined;
}

/** Cases of a space before it is another's turn. */
const CASES_A_TURN = 250;
const LARGE_CASES_A_TURN = 100;

/** Cases between two looks at the clock of the caller. */
const CASES_A_STEP = 1_000;
const LARGE_CASES_A_STEP = 50;

/** Every so many cases one is tried twice: does it end the same? */
const CASES_UNTIL_AGAIN = 64;

/** Once algorithms differ, so many more cases of each kind show how; what is exhausted is exhausted. */
const CASES_ONCE_FOUND = 25_000;

/**
 * Checks algorithms case by case. It works in steps, so that its caller can show progress and stop an
 * algorithm that does not come back: `current` is then the case it hangs on.
 */
export class CheckRun {
  readonly #coverage: { -readonly [K in keyof Coverage]: Coverage[K] }[] = [];
  readonly #found = new Map<string, Found>();
  readonly #check: Check;
  readonly #options: CheckOptions;
  readonly #runs: readonly AlgorithmRun[];
  /** Cases that were tried so far, shrinking left out. */
  cases = 0;
  /** Cases that were made up to shrink others. */
  shrinkingSteps = 0;
  #shape: Shape | undefined;
  /** How attempts of the current case end where that was given; else it is what they ended with. */
  #rules: SearchCase['outcomes'] | undefined;
  /** Runs that have begun on the current case. */
  #begun = 0;

  constructor(check: Check, options: CheckOptions) {
    this.#check = check;
    this.#options = options;
    this.#runs = check.algorithms.map((algorithm) => new AlgorithmRun(algorithm));
  }

  /** What was tried so far. */
  get coverage(): readonly Coverage[] {
    return this.#coverage;
  }

  /** What was found so far; what was found first comes first. */
  get findings(): Finding[] {
    return [...this.#found.values()].map((found) => ({ ...found, causes: [...found.causes] }));
  }

  /** The algorithm that is being tried. */
  get running(): CheckedAlgorithm | undefined {
    return this.#runs[this.#begun - 1]?.algorithm;
  }

  /** The case that is being tried. */
  get current(): SearchCase | undefined {
    return this.#shape && frozen(this.#shape, this.#rules ?? rulesOf(this.#runs.slice(0, this.#begun)));
  }

  /** Yields now and then how many cases there were; ends early when nothing is left to find. */
  *run(): Generator<number> {
    const { stages, further } = this.#options;
    if (further) return yield* this.#runByTurns([...stages], further);
    for (const stage of stages) {
      for (const space of stage) if ((yield* this.#try(this.#begin(space))) === 'over') return;
      if (this.#isOver) return;
    }
  }

  /**
   * Tries some cases of each space in turn: of the first stage first, and of one stage more in each round. A
   * round is a number of cases, so a case has the same number in each run.
   */
  *#runByTurns(stages: readonly (readonly CaseSpace[])[], further: Iterable<CaseSpace>): Generator<number> {
    const waiting = stages.map((stage) => stage.map((space) => this.#begin(space)));
    let open: BegunSpace[] = [];
    let foundAt: number | undefined;
    while (open.length > 0 || waiting.length > 0) {
      open.push(...(waiting.shift() ?? []));
      const still: BegunSpace[] = [];
      for (const begun of open) {
        const turn = begun.space.limits ? CASES_A_TURN : LARGE_CASES_A_TURN;
        const end = yield* this.#try(begun, turn);
        if (end === 'over') return;
        if (end === 'more') still.push(begun);
      }
      open = still;
      if (this.#isOver) foundAt ??= this.cases;
      if (foundAt !== undefined && this.cases - foundAt >= CASES_ONCE_FOUND) return;
    }
    for (const space of further) {
      if (this.#isOver) return;
      if ((yield* this.#try(this.#begin(space))) === 'over') return;
    }
  }

  /** Whether something was found after which larger cases are of no interest. */
  get #isOver(): boolean {
    return [...this.#found.values()].some(({ wrong }) => endsCheckRun(wrong));
  }

  #begin(space: CaseSpace): BegunSpace {
    const { pmdOrder, what, exhaustive, results, limits } = space;
    const tried = { pmdOrder, what, exhaustive, results, limits, cases: 0, complete: false };
    this.#coverage.push(tried);
    return { space, tried, cases: space.cases()[Symbol.iterator](), left: CASES_ONCE_FOUND };
  }

  /**
   * Tries cases of a space, so many at most: whether there are more of it, or nothing is left to be tried at
   * all.
   */
  *#try(begun: BegunSpace, turn = Number.POSITIVE_INFINITY): Generator<number, 'done' | 'more' | 'over'> {
    const { space, tried, cases } = begun;
    const casesAStep = space.limits ? CASES_A_STEP : LARGE_CASES_A_STEP;
    const { most = Number.POSITIVE_INFINITY } = this.#options;
    for (let count = 0; count < turn; count++) {
      const next = cases.next();
      if (next.done) {
        tried.complete = true;
        return 'done';
      }
      const { shape, outcome } = next.value;
      if (this.cases >= most) return 'over';
      if (!space.exhaustive && this.#found.size > 0 && this.#isOver && begun.left-- === 0) return 'done';
      this.#shape = shape;
      this.#rules = undefined;
      tried.cases++;
      if (++this.cases % casesAStep === 0) yield this.cases;
      const wrong = this.#wrongs(shape, outcome);
      this.#check.count?.(this.#runs, shape);
      const fresh = wrong.some((each) => !this.#found.has(wrongKey(each)));
      if (fresh || this.cases % CASES_UNTIL_AGAIN === 0) {
        const runs = this.#begun;
        if (this.#changes(shape, outcome)) return 'over';
        this.#begun = runs;
      }
      if (wrong.length > 0) yield* this.#record(wrong, space);
      // An algorithm that does what none may do is not asked again and again.
      if (wrong.some(({ kind }) => kind === 'fault')) return 'done';
    }
    return 'more';
  }

  /** Keeps what the current case gets wrong. */
  *#record(wrong: readonly Wrong[], space: CaseSpace): Generator<number> {
    const cause = this.#check.cause?.(this.#runs);
    const shape = this.#shape as Shape;
    let raw: SearchCase | undefined;
    for (const each of wrong) {
      const key = wrongKey(each);
      const known = this.#found.get(key);
      const found = known ?? this.#first(each);
      // At once: whoever is out of time stops between the steps that make its case small.
      this.#found.set(key, found);
      found.count++;
      if (cause !== undefined) found.causes.set(cause, (found.causes.get(cause) ?? 0) + 1);
      if (!known || isSmallerCase(raw ?? shape, known.case)) {
        raw ??= this.current as SearchCase;
        found.case = yield* this.#shrink(raw, each);
        found.exhaustive = space.exhaustive && isSameSize(found.case, raw);
      } else if (space.exhaustive && isSameSize(raw ?? shape, known.case)) {
        known.exhaustive = true;
      }
    }
  }

  #first(wrong: Wrong): Found {
    const nothingYet = { count: 0, causes: new Map(), exhaustive: false, twice: undefined };
    return { wrong, case: this.current as SearchCase, after: this.cases, ...nothingYet };
  }

  /** Tries one case of somebody else's; what is wrong in it. */
  tryOne(searchCase: SearchCase): readonly Finding[] {
    this.#shape = searchCase;
    this.#rules = searchCase.outcomes;
    this.cases++;
    const outcome = outcomeOfCase(searchCase);
    const wrong = this.#wrongs(searchCase, outcome);
    if (this.#changes(searchCase, outcome)) return this.findings;
    for (const each of wrong) this.#found.set(wrongKey(each), { ...this.#first(each), count: 1 });
    return this.findings;
  }

  #wrongs(shape: Shape, outcome: DecideOutcome): readonly Wrong[] {
    this.#begun = 0;
    for (const run of this.#runs) {
      this.#begun++;
      run.run(shape, outcome, this.#check.observed);
      if (run.fault) return [{ kind: 'fault', algorithm: run.algorithm.name, fault: run.fault.kind }];
    }
    return this.#check.judge(this.#runs, shape);
  }

  /** Whether an algorithm does something else when the current case is tried again; keeps that it does. */
  #changes(shape: Shape, outcome: DecideOutcome): boolean {
    for (const run of this.#runs.slice(0, this.#begun)) {
      const before = recordOf(run);
      run.run(shape, outcome, this.#check.observed);
      if (sameRecords(before, run)) continue;
      const wrong = { kind: 'unsteady', algorithm: run.algorithm.name } as const;
      const twice = [before, recordOf(run)];
      this.#found.set(wrongKey(wrong), { ...this.#first(wrong), count: 1, twice });
      return true;
    }
    return false;
  }

  /** The smallest case that is still wrong in the same way, by steps that each keep it so. */
  *#shrink(found: SearchCase, wrong: Wrong): Generator<number, SearchCase> {
    const key = wrongKey(wrong);
    const [shape, rules, begun] = [this.#shape, this.#rules, this.#begun];
    const steps = shrinkCase(found, this.#options.fails, (candidate) =>
      this.#wrongsOf(candidate).some((each) => wrongKey(each) === key),
    );
    let step = steps.next();
    // One by one: a search in C that crashes is started anew each time.
    for (; !step.done; step = steps.next()) {
      this.shrinkingSteps++;
      yield this.cases;
    }
    [this.#shape, this.#rules, this.#begun] = [shape, rules, begun];
    return step.value;
  }

  /** Makes a case smaller on which an algorithm hangs; `comesBack` says whether a step does. */
  shrinkHang(found: SearchCase, comesBack: (step: () => void) => boolean): SearchCase {
    const steps = shrinkCase(found, this.#options.fails, (candidate) => {
      return !comesBack(() => void this.#wrongsOf(candidate));
    });
    let step = steps.next();
    for (; !step.done; step = steps.next()) this.shrinkingSteps++;
    // A machine that was busy for once made the step look like one that does not come back.
    return comesBack(() => void this.#wrongsOf(step.value as SearchCase)) ? found : step.value;
  }

  /** Whether the same is wrong in another case. */
  isWrongIn(other: SearchCase, wrong: Wrong): boolean {
    return this.#wrongsOf(other).some((each) => wrongKey(each) === wrongKey(wrong));
  }

  #wrongsOf(candidate: SearchCase): readonly Wrong[] {
    if (!reachesSearch(candidate, countPages(candidate.range.occupied))) return [];
    this.#shape = candidate;
    this.#rules = candidate.outcomes;
    return this.#wrongs(candidate, outcomeOfCase(candidate));
  }
}

function isSameSize(a: Shape, b: Shape): boolean {
  return a.range.geometry.pmdOrder === b.range.geometry.pmdOrder && ptesOf(a) === ptesOf(b);
}

/** A case of its own, whatever becomes of the shape. */
function frozen(
  { range, orders, maxPtesNone, noneLimits, before }: Shape,
  outcomes: SearchCase['outcomes'],
): SearchCase {
  const kept = { range: { ...range, occupied: range.occupied.slice() }, orders, maxPtesNone, outcomes };
  return {
    ...kept,
    ...(noneLimits && { noneLimits: [...noneLimits] }),
    ...(before && { before: before.map((each) => ({ ...each, occupied: each.occupied.slice() })) }),
  };
}
