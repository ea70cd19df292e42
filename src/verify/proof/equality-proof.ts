import { grouped } from '../../core/base/plural.ts';
import { geometryOfPmdOrder, MIN_PMD_ORDER } from '../../core/memory/geometry.ts';
import { countPages } from '../../core/memory/occupancy.ts';
import type { OrderSet, Window } from '../../core/memory/order.ts';
import type { ScanResult } from '../../core/rules/scan-result.ts';
import type { SearchMachine } from '../../core/search/machine.ts';
import { agree } from '../agreement.ts';
import { AlgorithmRun } from '../algorithm-run.ts';
import { everySetOfOrders } from '../cases/order-sets.ts';
import { outcomeOfCase, reachesSearch, type SearchCase } from '../cases/search-case.ts';
import { shrinkCase } from '../cases/shrink-case.ts';
import type { CheckedAlgorithm } from '../checked-algorithm.ts';
import { MachineFault } from './checked-machine.ts';
import type { Moves } from './moves.ts';
import { type OpenSet, partingCase } from './parting-case.ts';
import {
  MOST_STATES,
  type Pair,
  type Product,
  type ProductNode,
  productOf,
  SAMENESS,
  type Sameness,
  windowsOf,
} from './product.ts';

/** What was gone through at one PMD order. */
export interface ProvedOrder {
  readonly pmdOrder: number;
  readonly sets: number;
  readonly states: number;
}

/** One answer on the way to where two machines part. */
export interface AnswerStep extends Window {
  readonly fill: string;
  readonly result: ScanResult | undefined;
  /** The retry, which may reclaim memory. */
  readonly reclaim?: boolean;
}

/** Where two machines part, by the shortest sequence of answers. */
export interface Parting {
  readonly pmdOrder: number;
  readonly orders: OrderSet;
  readonly steps: readonly AnswerStep[];
  /** What they do then; undefined where one is at its end. */
  readonly windows: readonly (Window | undefined)[];
}

/** What a proof of equality came to: plain data. */
export interface EqualityProof {
  readonly proved: boolean;
  /** What the two do alike, if it is proved; `set`: they attempt the same windows, in whatever order. */
  readonly sameness: Sameness | 'set';
  readonly gone: readonly ProvedOrder[];
  readonly parting: Parting | undefined;
  /** A case in which they part, and whether none with fewer PTEs does it at its PMD order. */
  readonly found: { readonly case: SearchCase; readonly smallest: boolean } | undefined;
  /** Whether no bitmap, limit and outcomes at all lead to where the machines part. */
  readonly onlyFree: boolean;
  /** Why there is neither a proof nor a difference. */
  readonly stopped: string | undefined;
}

/** States that are kept at once of sets of orders that are searched for a case. */
const MOST_OPEN_STATES = 200_000;

/**
 * Proves that two machines attempt the same windows with the same results, for every set of orders of some
 * PMD orders, or finds where they do not. Works in steps that yield how many states were looked at.
 */
export class EqualityProofRun {
  readonly #machines: readonly [SearchMachine, SearchMachine];
  readonly #checked: readonly [CheckedAlgorithm, CheckedAlgorithm];
  readonly #moves: Moves;
  readonly #pmdOrders: readonly number[];
  readonly #refutes: boolean;
  readonly #gone: ProvedOrder[] = [];
  #level = 0;
  #stopped: string | undefined;
  #parting: Parting | undefined;
  #found: EqualityProof['found'];
  #onlyFree = false;
  #done = false;
  #holds = true;

  constructor(
    checked: readonly [CheckedAlgorithm, CheckedAlgorithm],
    machines: readonly [SearchMachine, SearchMachine],
    pmdOrders: readonly number[],
    moves: Moves,
    refutes = true,
  ) {
    this.#checked = checked;
    this.#machines = machines;
    this.#pmdOrders = pmdOrders;
    this.#moves = moves;
    this.#refutes = refutes;
  }

  *run(): Generator<number> {
    try {
      for (const pmdOrder of this.#pmdOrders) {
        this.#holds = yield* this.#prove(pmdOrder);
        if (this.#holds) continue;
        if (this.#stopped === undefined && this.#refutes) yield* this.#refute(pmdOrder);
        break;
      }
      this.#done = true;
    } catch (error) {
      if (!(error instanceof MachineFault)) throw error;
      this.#stopped = error.message;
    }
  }

  /** What it came to; a run that was ended is not done. */
  result(): EqualityProof {
    const proved = this.#done && this.#holds && !this.#stopped;
    return {
      proved,
      sameness: SAMENESS[this.#level] ?? 'attempts',
      gone: this.#gone,
      parting: this.#parting,
      found: this.#found,
      onlyFree: this.#onlyFree,
      stopped: this.#stopped ?? (this.#done ? undefined : 'a machine does not come back'),
    };
  }

  #statesGone(): number {
    return this.#gone.reduce((sum, { states }) => sum + states, 0);
  }

  /** Whether the machines never part at this PMD order. */
  *#prove(pmdOrder: number): Generator<number, boolean> {
    let [sets, states] = [0, 0];
    let holds = true;
    for (const pair of this.#pairs(pmdOrder)) {
      const product = this.#productAtLevel(pair);
      states += product.nodes.length;
      if (product.parting) holds = false;
      if (product.unfinished) {
        this.#stopped = `more than ${grouped(MOST_STATES)} states for a set of orders at PMD order ${pmdOrder}`;
        holds = false;
      }
      if (product.endless) {
        this.#stopped = `both come back to a state that they had, at PMD order ${pmdOrder}: they need not end`;
        holds = false;
      }
      if (!holds) break;
      sets++;
      yield this.#statesGone() + states;
    }
    this.#gone.push({ pmdOrder, sets, states });
    return holds;
  }

  /** The strictest sameness that has held so far; looser ones if it does not hold here. */
  #productAtLevel(pair: Pair): Product {
    for (;;) {
      const product = productOf(pair, SAMENESS[this.#level]);
      if (!product.parting || this.#level === SAMENESS.length - 1) return product;
      this.#level++;
    }
  }

  /** Looks for the smallest case, at smaller PMD orders first. */
  *#refute(largest: number): Generator<number> {
    let isComplete = true;
    for (let pmdOrder = MIN_PMD_ORDER; pmdOrder <= largest; pmdOrder++) {
      const open: OpenSet[] = [];
      let [shortest, left]: [Parting | undefined, number] = [undefined, MOST_OPEN_STATES];
      for (const pair of this.#pairs(pmdOrder)) {
        const { parting } = productOf(pair, 'attempts');
        if (!parting) continue;
        const path = partingOf(pair, parting);
        if (!shortest || path.steps.length < shortest.steps.length) shortest = path;
        if (left <= 0) {
          isComplete = false;
          break;
        }
        const product = productOf(pair, 'windows', true);
        open.push({ pair, product });
        left -= product.nodes.length;
        yield this.#statesGone();
      }
      if (!shortest) continue;
      this.#parting = shortest;
      for (const by of ['ptes', 'steps'] as const) {
        const search = partingCase(open, by, (each) => this.#parts(each));
        let step = search.next();
        for (; !step.done; step = search.next()) yield this.#statesGone();
        if (step.value.kind === 'found') {
          const smallest = by === 'ptes' && isComplete;
          let found = step.value.case;
          if (!smallest) {
            const steps = shrinkCase(found, 'SCAN_PAGE_COUNT', (each) => this.#parts(each));
            let shrunk = steps.next();
            for (; !shrunk.done; shrunk = steps.next()) yield this.#statesGone();
            found = shrunk.value;
          }
          this.#found = { case: found, smallest };
          return;
        }
        if (step.value.kind === 'none') break;
        if (by === 'steps') isComplete = false;
      }
    }
    this.#onlyFree = isComplete;
    if (!isComplete) this.#stopped = 'no range was found that gives the answers by which they part';
  }

  *#pairs(pmdOrder: number): Generator<Pair> {
    const geometry = geometryOfPmdOrder(pmdOrder);
    const { minOrder } = this.#checked[0].model;
    for (const orders of everySetOfOrders(geometry)) {
      yield { machines: this.#machines, moves: this.#moves, setting: { geometry, orders, minOrder } };
    }
  }

  #parts(searchCase: SearchCase): boolean {
    if (!reachesSearch(searchCase, countPages(searchCase.range.occupied))) return false;
    const [a, b] = this.#checked.map((each) => {
      const run = new AlgorithmRun(each);
      run.run(searchCase, outcomeOfCase(searchCase));
      return run;
    });
    return (
      a.fault !== undefined || b.fault !== undefined || !agree('attempts', a, b, searchCase.range.geometry)
    );
  }
}

function partingOf(pair: Pair, node: ProductNode): Parting {
  const steps: AnswerStep[] = [];
  for (let each = node; each.from && each.move; each = each.from) {
    const { fill, result } = each.move;
    const at = each.from.at as Window;
    steps.unshift({ offset: at.offset, order: at.order, fill, result });
  }
  const { a, b } = windowsOf(pair, node.state);
  const { geometry, orders } = pair.setting;
  return {
    pmdOrder: geometry.pmdOrder,
    orders,
    steps,
    windows: [a, b].map((at) => at && { offset: at.offset, order: at.order }),
  };
}
