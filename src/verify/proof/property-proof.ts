import { grouped } from '../../core/base/plural.ts';
import { geometryOfPmdOrder, MIN_PMD_ORDER, pagesPerRange } from '../../core/memory/geometry.ts';
import { countPages, emptyOccupancy, setPages } from '../../core/memory/occupancy.ts';
import type { OrderSet, Window } from '../../core/memory/order.ts';
import { isPossibleOnRetry } from '../../core/rules/outcome.ts';
import { actionAfter, type ScanResult } from '../../core/rules/scan-result.ts';
import type { SearchSetting } from '../../core/search/machine.ts';
import { AlgorithmRun } from '../algorithm-run.ts';
import { everySetOfOrders } from '../cases/order-sets.ts';
import { outcomeOfCase, ptesOf, reachesSearch, type SearchCase } from '../cases/search-case.ts';
import { shrinkCase } from '../cases/shrink-case.ts';
import type { CheckedAlgorithm } from '../checked-algorithm.ts';
import { brokenProperties, type PropertyName } from '../properties.ts';
import { MachineFault } from './checked-machine.ts';
import type { AnswerStep, ProvedOrder } from './equality-proof.ts';
import { type AnswerFact, caseWith } from './fact-case.ts';
import type { WindowAnswer } from './moves.ts';
import { MOST_STATES } from './product.ts';
import type { Bounds, Broken, MostStacked, Reached, StateSpace, Violation } from './state-space.ts';

/** The most of something at one PMD order, over all sets of orders. */
export interface Bound {
  readonly most: number;
  /** The first set that has so many, of those with the fewest orders. */
  readonly orders: OrderSet;
  /** Whether a full range whose attempts all end in `fails` has so many. */
  readonly reached: boolean;
}

export interface BoundsOfOrder extends ProvedOrder {
  readonly visits: Bound;
  readonly attempts: Bound;
  /** With the window that is visited; undefined for searches that keep no stack. */
  readonly stack: (Bound & Omit<MostStacked, 'most'>) | undefined;
  /** Undefined for searches that do not attempt windows together. */
  readonly rounds: Bound | undefined;
}

/** How a property is broken, by answers that may be free. */
export interface BrokenProperty {
  readonly broken: Broken;
  readonly pmdOrder: number;
  readonly orders: OrderSet;
  readonly steps: readonly AnswerStep[];
  readonly missed: Window | undefined;
}

/** What a proof about one machine came to: plain data. */
export interface PropertyProof {
  /** Whether nothing is broken of what is gone through. */
  readonly proved: boolean;
  /** What was gone through: all states, or the parts that they are made of. */
  readonly of: StateSpace['of'];
  /** Properties of which that says nothing. */
  readonly leavesOpen: readonly PropertyName[];
  readonly gone: readonly BoundsOfOrder[];
  /** How attempts end in the range that reaches bounds. */
  readonly fails: ScanResult | undefined;
  /** Whether each window there is attempted twice, the first time without memory at hand. */
  readonly missesLightly: boolean;
  readonly broken: BrokenProperty | undefined;
  /** A case in which it is broken, made smaller step by step. */
  readonly found: SearchCase | undefined;
  /** Why there is neither a proof nor a case. */
  readonly stopped: string | undefined;
}

/**
 * Proves of one machine, for every set of orders of some PMD orders, that it keeps to what any search should,
 * or finds where it does not. Works in steps that yield how many states were looked at.
 */
export class PropertyProofRun {
  readonly #checked: CheckedAlgorithm;
  readonly #space: StateSpace;
  readonly #pmdOrders: readonly number[];
  readonly #fails: ScanResult | undefined;
  readonly #missesLightly: boolean;
  readonly #gone: BoundsOfOrder[] = [];
  readonly #run: AlgorithmRun;
  readonly #seen = { states: 0 };
  #broken: BrokenProperty | undefined;
  #found: SearchCase | undefined;
  #stopped: string | undefined;
  #done = false;

  constructor(
    checked: CheckedAlgorithm,
    space: StateSpace,
    pmdOrders: readonly number[],
    results: readonly ScanResult[],
  ) {
    this.#checked = checked;
    this.#space = space;
    this.#pmdOrders = pmdOrders;
    this.#fails = results.find((result) => actionAfter(result) === 'next-order');
    this.#missesLightly = space.of === 'parts' && results.some((result) => !isPossibleOnRetry(result));
    this.#run = new AlgorithmRun(checked);
  }

  *run(): Generator<number> {
    try {
      for (const pmdOrder of this.#pmdOrders) {
        if (yield* this.#prove(pmdOrder)) continue;
        yield* this.#refute(pmdOrder);
        break;
      }
      this.#done = true;
    } catch (error) {
      if (!(error instanceof MachineFault)) throw error;
      this.#stopped = error.message;
    }
  }

  /** What it came to; a run that was ended is not done. */
  result(): PropertyProof {
    const stopped = this.#stopped ?? (this.#done ? undefined : 'the machine does not come back');
    return {
      proved: stopped === undefined && this.#broken === undefined,
      of: this.#space.of,
      leavesOpen: this.#space.leavesOpen,
      gone: this.#gone,
      fails: this.#fails,
      missesLightly: this.#missesLightly,
      broken: this.#broken,
      found: this.#found,
      stopped,
    };
  }

  /** Whether everything holds at this PMD order. */
  *#prove(pmdOrder: number): Generator<number, boolean> {
    let [sets, states] = [0, 0];
    const most: Partial<Record<keyof Bounds, Most>> = {};
    let stacked: MostStacked | undefined;
    for (const setting of this.#settings(pmdOrder)) {
      const explored = this.#space.explore(setting);
      states += explored.states;
      this.#seen.states += explored.states;
      if (explored.unfinished) {
        this.#stopped = `more than ${grouped(MOST_STATES)} states for a set of orders at PMD order ${pmdOrder}`;
        return false;
      }
      if (!explored.bounds) return false;
      const { stack, ...numbers } = explored.bounds;
      const { orders } = setting;
      if (stack && stack.most > (stacked?.most ?? -1)) {
        stacked = stack;
        most.stack = { most: stack.most, orders };
      }
      for (const kind of ['visits', 'attempts', 'rounds'] as const) {
        const number = numbers[kind];
        if (number !== undefined && number > (most[kind]?.most ?? -1)) most[kind] = { most: number, orders };
      }
      sets++;
      yield this.#seen.states;
    }
    const { visits, attempts, stack, rounds } = most;
    if (!visits || !attempts) return false;
    this.#gone.push({
      pmdOrder,
      sets,
      states,
      visits: this.#bound(visits, pmdOrder, ({ visits: count }) => count),
      attempts: this.#bound(attempts, pmdOrder, ({ windows }) => windows.length),
      stack: stack &&
        stacked && {
          ...this.#bound(stack, pmdOrder, ({ stackDepth = 0 }) => stackDepth),
          visited: plain(stacked.visited),
          below: stacked.below.map(plain),
        },
      rounds: rounds && this.#bound(rounds, pmdOrder, (run) => run.rounds.length),
    });
    return true;
  }

  /** Whether a full range in which all that can fail does has so many. */
  #bound({ most, orders }: Most, pmdOrder: number, count: (run: AlgorithmRun) => number): Bound {
    const run = this.#run;
    const fails = this.#fails ?? 'SCAN_SUCCEED';
    const misses = this.#missesLightly ? 'SCAN_ALLOC_LIGHT_MISS' : fails;
    run.run(fullRange(pmdOrder, orders), (_, __, reclaim) => (reclaim ? fails : misses), true);
    return { most, orders, reached: run.fault === undefined && count(run) === most };
  }

  /** Looks for a small case, at smaller PMD orders first. */
  *#refute(largest: number): Generator<number> {
    for (let pmdOrder = MIN_PMD_ORDER; pmdOrder <= largest; pmdOrder++) {
      let smallest: SearchCase | undefined;
      let shortest: BrokenProperty | undefined;
      for (const setting of this.#settings(pmdOrder)) {
        const { unfinished, violations } = this.#space.explore(setting);
        // Larger ranges have yet more states.
        if (unfinished && violations.length === 0) return;
        for (const violation of violations) {
          const told = toldOf(setting, violation);
          if (!shortest || (!smallest && told.steps.length < shortest.steps.length)) shortest = told;
          const made = caseOf(setting, violation, this.#fails);
          if (!made || (smallest && ptesOf(smallest) <= ptesOf(made)) || !this.#breaks(made, told.broken))
            continue;
          [smallest, shortest] = [made, told];
        }
        yield this.#seen.states;
      }
      this.#broken ??= shortest;
      if (!smallest) continue;
      this.#broken = shortest;
      const { broken } = shortest as BrokenProperty;
      const steps = shrinkCase(smallest, this.#fails ?? 'SCAN_PAGE_COUNT', (each) =>
        this.#breaks(each, broken),
      );
      let step = steps.next();
      for (; !step.done; step = steps.next()) yield this.#seen.states;
      this.#found = step.value;
      this.#stopped = undefined;
      return;
    }
    this.#stopped ??= 'no range was found that gives the answers with which a property is broken';
  }

  /** Whether a case breaks a property, or has the search do what none may. */
  #breaks(searchCase: SearchCase, broken: Broken): boolean {
    if (!reachesSearch(searchCase, countPages(searchCase.range.occupied))) return false;
    const run = this.#run;
    run.run(searchCase, outcomeOfCase(searchCase), true);
    return run.fault !== undefined || brokenProperties(run, searchCase).some((name) => name === broken);
  }

  *#settings(pmdOrder: number): Generator<SearchSetting> {
    const geometry = geometryOfPmdOrder(pmdOrder);
    const { minOrder } = this.#checked.model;
    for (const orders of everySetOfOrders(geometry)) yield { geometry, orders, minOrder };
  }
}

interface Most {
  readonly most: number;
  readonly orders: OrderSet;
}

/** The answers on the way to a violation, in words that can be sent. */
function toldOf(
  { geometry, orders }: SearchSetting,
  { broken, node, move, missed }: Violation,
): BrokenProperty {
  const steps: AnswerStep[] = answersTo(node, move).map(([at, { fill, result }]) => {
    return { ...plain(at), fill, result, ...(at.reclaim ? { reclaim: true } : {}) };
  });
  const again = broken === 'attempted-once' && !steps.slice(0, -1).some((step) => isSame(step, steps.at(-1)));
  return {
    broken: again ? 'steps-over' : broken,
    pmdOrder: geometry.pmdOrder,
    orders,
    steps,
    missed: missed && plain(missed),
  };
}

/** A case that gives the answers of a violation; what only many visits show, a full range shows. */
function caseOf(
  setting: SearchSetting,
  { broken, node, move, missed }: Violation,
  fails: ScanResult | undefined,
): SearchCase | undefined {
  const { geometry, orders } = setting;
  if (broken === 'visits' || broken === 'stack-depth') {
    const outcomes = fails ? [{ offset: undefined, orders, result: fails }] : [];
    return { ...fullRange(geometry.pmdOrder, orders), outcomes };
  }
  const facts = new Map<string, AnswerFact>();
  for (const [at, { fill, result }] of answersTo(node, move)) {
    if (fill === 'disabled') continue;
    const onRetry = at.reclaim ? { onRetry: true as const } : {};
    facts.set(`${at.offset}:${at.order}${at.reclaim ? '*' : ''}`, { ...plain(at), fill, result, ...onRetry });
  }
  const isOpen = missed && facts.get(`${missed.offset}:${missed.order}`)?.result === undefined;
  if (isOpen && !move?.parts) {
    const enough = { ...plain(missed), fill: 'enough', result: undefined } as const;
    facts.set(`${missed.offset}:${missed.order}`, enough);
  }
  return caseWith([...facts.values()], setting);
}

function answersTo(
  node: Reached,
  last: WindowAnswer | undefined,
): [NonNullable<Reached['at']>, WindowAnswer][] {
  const steps: [NonNullable<Reached['at']>, WindowAnswer][] = last && node.at ? [[node.at, last]] : [];
  for (let each = node; each.from?.at && each.move; each = each.from) {
    steps.unshift([each.from.at, each.move]);
  }
  return steps;
}

function fullRange(pmdOrder: number, orders: OrderSet): SearchCase {
  const geometry = geometryOfPmdOrder(pmdOrder);
  const occupied = emptyOccupancy(geometry);
  setPages(occupied, 0, pagesPerRange(geometry));
  return {
    range: { geometry, occupied, unmapped: 0, uffdArmed: false },
    orders,
    maxPtesNone: 0,
    outcomes: [],
  };
}

function isSame(a: AnswerStep, b: AnswerStep | undefined): boolean {
  return a.offset === b?.offset && a.order === b.order;
}

function plain({ offset, order }: Window): Window {
  return { offset, order };
}
