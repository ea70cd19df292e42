import { grouped } from '../../core/base/plural.ts';
import { geometryOfPmdOrder, MIN_PMD_ORDER, pagesPerRange } from '../../core/memory/geometry.ts';
import { countPages, emptyOccupancy, setPages } from '../../core/memory/occupancy.ts';
import type { OrderSet, Window } from '../../core/memory/order.ts';
import { actionAfter, type ScanResult } from '../../core/rules/scan-result.ts';
import type { SearchMachine } from '../../core/search/machine.ts';
import { AlgorithmRun } from '../algorithm-run.ts';
import { everySetOfOrders } from '../cases/order-sets.ts';
import { outcomeOfCase, ptesOf, reachesSearch, type SearchCase } from '../cases/search-case.ts';
import { shrinkCase } from '../cases/shrink-case.ts';
import type { CheckedAlgorithm } from '../checked-algorithm.ts';
import { brokenProperties, mostStacked, mostVisits } from '../properties.ts';
import { MachineFault } from './checked-machine.ts';
import type { AnswerStep, ProvedOrder } from './equality-proof.ts';
import { type AnswerFact, caseWith } from './fact-case.ts';
import { inOrder } from './in-order.ts';
import { type Move, type Moves, movesOf } from './moves.ts';
import {
  type Broken,
  type OneNode,
  type OneProduct,
  productOfOne,
  type Single,
  type Violation,
} from './one-product.ts';
import { MOST_STATES } from './product.ts';

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
  readonly stack: (Bound & { readonly visited: Window; readonly below: readonly Window[] }) | undefined;
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
  readonly proved: boolean;
  readonly gone: readonly BoundsOfOrder[];
  /** How attempts end in the range that reaches bounds. */
  readonly fails: ScanResult | undefined;
  readonly broken: BrokenProperty | undefined;
  /** A case in which it is broken, made smaller step by step. */
  readonly found: SearchCase | undefined;
  /** Why there is neither a proof nor a case. */
  readonly stopped: string | undefined;
}

/** Linux, which has no answers of its own. */
const LINUX: SearchMachine = { start: () => 0, window: () => undefined, next: () => 0 };

/**
 * Proves of one machine, for every set of orders of some PMD orders, that it keeps to what any search should,
 * or finds where it does not. Works in steps that yield how many states were looked at.
 */
export class PropertyProofRun {
  readonly #checked: CheckedAlgorithm;
  readonly #machine: SearchMachine;
  readonly #moves: Moves;
  readonly #pmdOrders: readonly number[];
  readonly #fails: ScanResult | undefined;
  readonly #gone: BoundsOfOrder[] = [];
  readonly #run: AlgorithmRun;
  readonly #seen = { states: 0 };
  #broken: BrokenProperty | undefined;
  #found: SearchCase | undefined;
  #stopped: string | undefined;
  #done = false;

  constructor(
    checked: CheckedAlgorithm,
    machine: SearchMachine,
    pmdOrders: readonly number[],
    results: readonly ScanResult[],
    moves = movesOf([machine, LINUX], results),
  ) {
    this.#checked = checked;
    this.#machine = machine;
    this.#moves = moves;
    this.#pmdOrders = pmdOrders;
    this.#fails = results.find((result) => actionAfter(result) === 'next-order');
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
      gone: this.#gone,
      fails: this.#fails,
      broken: this.#broken,
      found: this.#found,
      stopped,
    };
  }

  /** Whether everything holds at this PMD order. */
  *#prove(pmdOrder: number): Generator<number, boolean> {
    let [sets, states] = [0, 0];
    const most: Partial<Record<'visits' | 'attempts' | 'stack', Most>> = {};
    for (const single of this.#singles(pmdOrder)) {
      const product = productOfOne(single);
      states += product.nodes.length;
      this.#seen.states += product.nodes.length;
      if (product.unfinished) {
        this.#stopped = `more than ${grouped(MOST_STATES)} states for a set of orders at PMD order ${pmdOrder}`;
        return false;
      }
      const found = this.#bounds(single, product);
      if (found.violations.length > 0) return false;
      for (const kind of ['visits', 'attempts', 'stack'] as const) {
        const bound = found[kind];
        if (bound && bound.most > (most[kind]?.most ?? -1)) most[kind] = bound;
      }
      sets++;
      yield this.#seen.states;
    }
    const { visits, attempts, stack } = most;
    if (!visits || !attempts) return false;
    this.#gone.push({
      pmdOrder,
      sets,
      states,
      visits: this.#bound(visits, pmdOrder, ({ visits: count }) => count),
      attempts: this.#bound(attempts, pmdOrder, ({ windows }) => windows.length),
      stack: stack && {
        ...this.#bound(stack, pmdOrder, ({ stackDepth = 0 }) => stackDepth),
        visited: plain(stack.node?.at as Window),
        below: (this.#machine.stack?.(stack.node?.state.state) ?? []).map(plain),
      },
    });
    return true;
  }

  #bound({ most, orders }: Most, pmdOrder: number, count: (run: AlgorithmRun) => number): Bound {
    const run = this.#run;
    const full = fullRange(pmdOrder, orders);
    run.run(full, () => this.#fails ?? 'SCAN_SUCCEED', true);
    return { most, orders, reached: run.fault === undefined && count(run) === most };
  }

  /** The most of a set of orders, and what is broken under it. */
  #bounds(single: Single, { nodes, violations }: OneProduct) {
    const { geometry, orders } = single.setting;
    if (violations.length > 0) return { violations };
    const found = (broken: Broken, node: OneNode) => {
      return { violations: [{ broken, node, move: undefined, missed: undefined }] };
    };
    const sorted = inOrder(nodes);
    if (!sorted) return found('ends', nodes[nodes.length - 1]);
    const visits = mostOnAWay(sorted, () => 1);
    const attempts = mostOnAWay(sorted, (attempted) => (attempted ? 1 : 0));
    if (visits > mostVisits(geometry, orders)) return found('visits', nodes[0]);
    let stack: Most | undefined;
    for (const node of nodes) {
      if (!single.machine.stack || !node.at) continue;
      const most = single.machine.stack(node.state.state).length + 1;
      if (most > mostStacked(geometry)) return found('stack-depth', node);
      if (!stack || most > stack.most) stack = { most, orders, node };
    }
    return { violations, visits: { most: visits, orders }, attempts: { most: attempts, orders }, stack };
  }

  /** Looks for a small case, at smaller PMD orders first. */
  *#refute(largest: number): Generator<number> {
    for (let pmdOrder = MIN_PMD_ORDER; pmdOrder <= largest; pmdOrder++) {
      let smallest: SearchCase | undefined;
      let shortest: BrokenProperty | undefined;
      for (const single of this.#singles(pmdOrder)) {
        const product = productOfOne(single);
        // Larger ranges have yet more states.
        if (product.unfinished && product.violations.length === 0) return;
        for (const violation of this.#bounds(single, product).violations) {
          const told = toldOf(single, violation);
          if (!shortest || (!smallest && told.steps.length < shortest.steps.length)) shortest = told;
          const made = caseOf(single, violation, this.#fails);
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

  *#singles(pmdOrder: number): Generator<Single> {
    const geometry = geometryOfPmdOrder(pmdOrder);
    const { minOrder } = this.#checked.model;
    for (const orders of everySetOfOrders(geometry)) {
      yield { machine: this.#machine, moves: this.#moves, setting: { geometry, orders, minOrder } };
    }
  }
}

interface Most {
  readonly most: number;
  readonly orders: OrderSet;
  readonly node?: OneNode;
}

/** The most that any way from the first node to an end adds up to. */
function mostOnAWay(sorted: readonly OneNode[], worth: (attempted: boolean) => number): number {
  const best = new Map<OneNode, number>();
  let most = 0;
  for (const node of sorted) {
    const so = best.get(node) ?? 0;
    for (const [i, next] of node.after.entries()) {
      const sum = so + worth(node.attempts[i]);
      if (sum > (best.get(next) ?? -1)) best.set(next, sum);
      most = Math.max(most, sum);
    }
  }
  return most;
}

/** The answers on the way to a violation, in words that can be sent. */
function toldOf({ setting }: Single, { broken, node, move, missed }: Violation): BrokenProperty {
  const steps: AnswerStep[] = answersTo(node, move).map(([at, { fill, result }]) => {
    return { ...plain(at), fill, result };
  });
  const again = broken === 'attempted-once' && !steps.slice(0, -1).some((step) => isSame(step, steps.at(-1)));
  return {
    broken: again ? 'steps-over' : broken,
    pmdOrder: setting.geometry.pmdOrder,
    orders: setting.orders,
    steps,
    missed: missed && plain(missed),
  };
}

/** A case that gives the answers of a violation; what only many visits show, a full range shows. */
function caseOf(
  { setting }: Single,
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
    if (fill !== 'disabled') facts.set(`${at.offset}:${at.order}`, { ...plain(at), fill, result });
  }
  const isOpen = missed && facts.get(`${missed.offset}:${missed.order}`)?.result === undefined;
  if (isOpen && !move?.parts) {
    const enough = { ...plain(missed), fill: 'enough', result: undefined } as const;
    facts.set(`${missed.offset}:${missed.order}`, enough);
  }
  return caseWith([...facts.values()], setting);
}

function answersTo(node: OneNode, last: Move | undefined): [Window, Move][] {
  const steps: [Window, Move][] = last ? [[node.at as Window, last]] : [];
  for (let each = node; each.from && each.move; each = each.from) {
    steps.unshift([each.from.at as Window, each.move]);
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
