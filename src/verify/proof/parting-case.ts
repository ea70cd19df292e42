import { pagesPerRange } from '../../core/memory/geometry.ts';
import { hasOrder, NO_ORDERS, ordersOf, type Window } from '../../core/memory/order.ts';
import { attemptsAt } from '../../core/search/machine.ts';
import { windowFault } from '../algorithm-fault.ts';
import type { SearchCase } from '../cases/search-case.ts';
import { CostQueue } from './cost-queue.ts';
import { type AnswerFact, caseWith } from './fact-case.ts';
import type { Move } from './moves.ts';
import {
  type Joint,
  movesAt,
  type Pair,
  type Product,
  type ProductNode,
  settle,
  startOf,
  windowCode,
  windowsOf,
} from './product.ts';
import { smallestRange } from './smallest-range.ts';

/** A set of orders, and all that answers lead to under it. */
export interface OpenSet {
  readonly pair: Pair;
  readonly product: Product;
}

type Facts = ReadonlyMap<number, AnswerFact>;

interface Path {
  readonly set: OpenSet;
  readonly joint: Joint;
  readonly facts: Facts;
  /** Whether the machines part at its end. */
  readonly parts: boolean;
}

/** What the search for a case came to. */
export type CaseSearch =
  | { readonly kind: 'found'; readonly case: SearchCase }
  /** No bitmap, limit and outcome by window gives a sequence of answers in which the machines part. */
  | { readonly kind: 'none' }
  /** Not every sequence was looked at. */
  | { readonly kind: 'given-up' };

/** Sequences of answers that are looked at before the search is given up. */
const MOST_PATHS = 20_000;
const PATHS_A_STEP = 100;

/**
 * What sequences of answers cost. `ptes`: the fewest PTEs with which they can be, then enabled orders, then
 * failures, so that the first case found is the smallest of its PMD order. `steps`: how many answers the
 * machines are away from parting, as far as is known, so that some case is found soon.
 */
type Cost = 'ptes' | 'steps';

/**
 * A case in which two machines part, by sequences of answers that a range gives: the cheapest come first.
 * `isReal` runs a case. Yields now and then.
 */
export function* partingCase(
  sets: readonly OpenSet[],
  by: Cost,
  isReal: (searchCase: SearchCase) => boolean,
): Generator<undefined, CaseSearch> {
  const queue = new CostQueue<Path>();
  const distances = new Map(sets.map((set) => [set, distancesToParting(set.product)]));
  const add = (path: Path) => {
    const steps = stepsToParting(path, distances.get(path.set) as Distances);
    const ptes = steps === undefined ? undefined : costOf(path);
    if (steps !== undefined && ptes !== undefined) queue.add(by === 'ptes' ? ptes : steps, path);
  };
  for (const set of sets) add({ set, joint: startOf(set.pair, 'windows'), facts: new Map(), parts: false });
  for (let tried = 0; tried < MOST_PATHS; tried++) {
    if (tried % PATHS_A_STEP === 0) yield;
    const path = queue.take();
    if (!path) return { kind: 'none' };
    if (!path.parts) {
      for (const next of onward(path)) add(next);
    } else {
      const found = caseOf(path);
      if (found && isReal(found)) return { kind: 'found', case: found };
    }
  }
  return { kind: 'given-up' };
}

type Distances = ReadonlyMap<ProductNode, number>;

/** Answers from each node to the nearest one in which the machines part, for those that lead to one. */
function distancesToParting({ nodes }: Product): Distances {
  const before = new Map<ProductNode, ProductNode[]>();
  for (const node of nodes) {
    for (const next of node.after) {
      const known = before.get(next);
      if (known) known.push(node);
      else before.set(next, [node]);
    }
  }
  const distances = new Map(nodes.filter(({ parts }) => parts).map((node) => [node, 0]));
  for (const [node, distance] of distances) {
    for (const each of before.get(node) ?? []) if (!distances.has(each)) distances.set(each, distance + 1);
  }
  return distances;
}

/** How far a path is from parting, as far as free answers go; undefined if they never part any more. */
function stepsToParting({ set, joint, parts }: Path, distances: Distances): number | undefined {
  const node = parts ? undefined : set.product.find(joint);
  if (!node) return 0;
  return distances.get(node) ?? (set.product.unfinished ? 1 : undefined);
}

/** What may be found next. Windows that were looked at before give the answers that they gave. */
function onward({ set, joint, facts }: Path): Path[] {
  const { pair } = set;
  const settled = passKnown(pair, joint, facts);
  if (!settled) return [{ set, joint, facts, parts: true }];
  const { a, b } = windowsOf(pair, settled);
  if (a === undefined && b === undefined) return [];
  const path = { set, joint: settled, facts, parts: false };
  if (a && b && a.offset === b.offset && a.order === b.order) {
    const fact = facts.get(windowCode(a));
    return movesAt(pair, a)
      .filter(({ fill, result }) => !fact || (fact.fill === fill && (!fact.result || fact.result === result)))
      .map((move) => follow(path, a, move));
  }
  // One of them lags behind: what is it about to find?
  const open = [a, b].find((window) => window && !facts.has(windowCode(window)));
  if (!open) return [{ ...path, parts: true }];
  const fills = new Set(movesAt(pair, open).map(({ fill }) => fill as AnswerFact['fill']));
  const { offset, order } = open;
  return [...fills].map((fill) => ({
    ...path,
    facts: withFact(facts, { offset, order, fill, result: undefined }),
  }));
}

/** Both machines go on from the window that both visit. */
function follow(path: Path, at: Window, { fill, result, answers, parts }: Move): Path {
  const { machines, setting } = path.set.pair;
  const { a, b } = path.joint;
  const joint = {
    a: machines[0].next(a, answers[0], setting),
    b: machines[1].next(b, answers[1], setting),
    known: [],
  };
  const { offset, order } = at;
  const facts = fill === 'disabled' ? path.facts : withFact(path.facts, { offset, order, fill, result });
  const isFault =
    result !== undefined && windowFault(offset, order, setting.geometry, setting.orders) !== undefined;
  return { ...path, joint: settle(path.set.pair, joint, 'windows'), facts, parts: parts || isFault };
}

function withFact(facts: Facts, fact: AnswerFact): Facts {
  return new Map(facts).set(windowCode(fact), fact);
}

/**
 * Each machine goes on over windows that are known to have too few pages for it; undefined if that does not
 * end.
 */
function passKnown(pair: Pair, joint: Joint, facts: Facts): Joint | undefined {
  const states: unknown[] = [];
  for (const [which, machine] of pair.machines.entries()) {
    let state = which === 0 ? joint.a : joint.b;
    let left = 4 * pagesPerRange(pair.setting.geometry);
    for (let at = machine.window(state, pair.setting); at; at = machine.window(state, pair.setting)) {
      const isEnabled = hasOrder(pair.setting.orders, at.order);
      const fact = facts.get(windowCode(at));
      if (isEnabled && (!fact || attemptsAt(machine, fact.fill))) break;
      if (left-- === 0) return undefined;
      state = machine.next(state, isEnabled ? 'too-few' : 'disabled', pair.setting);
    }
    states.push(state);
  }
  return { a: states[0], b: states[1], known: [] };
}

/**
 * PTEs first, then enabled orders, then failures; undefined if no range gives these answers. No enabled order
 * costs most: no kernel searches then.
 */
function costOf({ set, facts }: Path): number | undefined {
  const { geometry, orders } = set.pair.setting;
  const all = [...facts.values()];
  const range = smallestRange(all, geometry);
  if (!range || (orders === 1 << geometry.pmdOrder && all.some(({ fill }) => fill === 'too-few')))
    return undefined;
  const failures = all.filter(({ result }) => result && result !== 'SCAN_SUCCEED').length;
  const enabled = orders === NO_ORDERS ? 15 : ordersOf(orders).length;
  return (range.ptes * 16 + enabled) * 32 + Math.min(failures, 31);
}

function caseOf({ set, facts }: Path): SearchCase | undefined {
  return caseWith([...facts.values()], set.pair.setting);
}
