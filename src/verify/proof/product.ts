import { pagesPerRange } from '../../core/memory/geometry.ts';
import { hasOrder, type Window } from '../../core/memory/order.ts';
import type { SearchMachine, SearchSetting } from '../../core/search/machine.ts';
import { inOrder } from './in-order.ts';
import type { Move, Moves } from './moves.ts';
import { StateIndex } from './state-index.ts';

/** What two machines do alike; each holds wherever one before it does. */
export const SAMENESS = ['visits', 'windows', 'attempts'] as const;

/**
 * `visits`: the same windows are visited. `windows`: the same windows of enabled orders are. `attempts`: the
 * same are attempted, whatever is looked at again in between.
 */
export type Sameness = (typeof SAMENESS)[number];

/** Two machines, run side by side over every answer. */
export interface Pair {
  readonly machines: readonly [SearchMachine, SearchMachine];
  readonly moves: Moves;
  readonly setting: SearchSetting;
}

/** The states of both machines, and what is known of windows that may be looked at again. */
export interface Joint {
  readonly a: unknown;
  readonly b: unknown;
  /** Windows that were looked at and have too few pages: see `windowCode`. */
  readonly known: readonly number[];
}

/** A joint state that is reached, and how. */
export interface ProductNode {
  readonly state: Joint;
  /** The window that both visit; undefined at the end of one, and where they part. */
  readonly at: Window | undefined;
  readonly from: ProductNode | undefined;
  readonly move: Move | undefined;
  /** The states that follow, as far as the product is asked to go on. */
  readonly after: ProductNode[];
  /** Whether the machines part here: other windows, or one attempts what the other does not. */
  readonly parts: boolean;
}

export interface Product {
  /** The end of the search is one of them. */
  readonly nodes: readonly ProductNode[];
  /** The first node in which the machines part, by the shortest sequence of answers. */
  readonly parting: ProductNode | undefined;
  /** Whether there are more states than were looked at. */
  readonly unfinished: boolean;
  /** Whether the machines come back to where they were, and may go on without end. */
  readonly endless: boolean;
  /** The node with this state. */
  find(state: Joint): ProductNode | undefined;
}

/** Joint states for one set of orders; the walk has 4,095 at PMD order 13. */
export const MOST_STATES = 100_000;

/**
 * Every joint state that any sequence of answers reaches. Answers are free: not all sequences are those of a
 * range, so where the machines never part they are the same on every range; where they do, perhaps not.
 * `whole` goes on after the first parting.
 */
export function productOf(pair: Pair, sameness: Sameness, whole = false): Product {
  const index = new StateIndex<ProductNode>();
  const nodes: ProductNode[] = [];
  let parting: ProductNode | undefined;

  function reach(state: Joint, from: ProductNode | undefined, move: Move | undefined): void {
    const { a, b } = windowsOf(pair, state);
    const code = a && windowCode(a);
    let node = index.find(code, state);
    if (!node) {
      const isSame = a?.offset === b?.offset && a?.order === b?.order;
      const parts = !isSame || (a !== undefined && movesAt(pair, a).some((each) => each.parts));
      node = { state, at: isSame ? a : undefined, from, move, after: [], parts };
      index.add(code, node);
      nodes.push(node);
      if (parts) parting ??= node;
    }
    from?.after.push(node);
  }

  const find = (state: Joint) => {
    const { a } = windowsOf(pair, state);
    return index.find(a && windowCode(a), state);
  };
  reach(startOf(pair, sameness), undefined, undefined);
  for (let i = 0; i < nodes.length && (whole || !parting); i++) {
    if (nodes.length > MOST_STATES) return { nodes, parting, unfinished: true, endless: false, find };
    const node = nodes[i];
    const { at } = node;
    if (at === undefined) continue;
    for (const move of movesAt(pair, at)) {
      if (!move.parts) reach(follow(pair, node.state, at, move, sameness), node, move);
    }
  }
  const endless = !parting && inOrder(nodes) === undefined;
  return { nodes, parting, unfinished: false, endless, find };
}

export function startOf(pair: Pair, sameness: Sameness): Joint {
  const [a, b] = pair.machines.map((machine) => machine.start(pair.setting));
  return settle(pair, { a, b, known: [] }, sameness);
}

/** The windows that both visit next. */
export function windowsOf(
  { machines, setting }: Pair,
  { a, b }: Joint,
): { a: Window | undefined; b: Window | undefined } {
  return { a: machines[0].window(a, setting), b: machines[1].window(b, setting) };
}

export function movesAt({ moves, setting }: Pair, { order }: Window): readonly Move[] {
  if (!hasOrder(setting.orders, order)) return moves.disabled;
  return order === setting.geometry.pmdOrder ? moves.pmdOrder : moves.below;
}

/** A window as a number. */
export function windowCode({ offset, order }: Window): number {
  return offset * 16 + order;
}

function follow(
  { machines, setting, ...pair }: Pair,
  { a, b, known }: Joint,
  at: Window,
  move: Move,
  sameness: Sameness,
): Joint {
  const joint = {
    a: machines[0].next(a, move.answers[0], setting),
    b: machines[1].next(b, move.answers[1], setting),
    known: sameness === 'attempts' && move.fill === 'too-few' ? [...known, windowCode(at)] : known,
  };
  return settle({ machines, setting, ...pair }, joint, sameness);
}

/** Goes on over the windows whose answer is known already. */
export function settle(pair: Pair, { a, b, known }: Joint, sameness: Sameness): Joint {
  if (sameness === 'visits') return { a, b, known };
  const settled = { a: skip(pair, 0, a, known), b: skip(pair, 1, b, known), known };
  if (known.length === 0) return settled;
  const next = windowsOf(pair, settled);
  return { ...settled, known: known.filter((code) => overlaps(code, next.a) || overlaps(code, next.b)) };
}

function skip(
  { machines, setting, moves }: Pair,
  which: 0 | 1,
  from: unknown,
  known: readonly number[],
): unknown {
  const machine = machines[which];
  let state = from;
  let at = machine.window(state, setting);
  for (let left = 4 * pagesPerRange(setting.geometry); at !== undefined && left > 0; left--) {
    const isDisabled = !hasOrder(setting.orders, at.order);
    if (!isDisabled && (!known.includes(windowCode(at)) || moves.below[0].parts)) return state;
    state = machine.next(state, isDisabled ? 'disabled' : 'too-few', setting);
    at = machine.window(state, setting);
  }
  return state;
}

function overlaps(code: number, window: Window | undefined): boolean {
  if (window === undefined) return false;
  const [offset, size] = [Math.floor(code / 16), 1 << (code % 16)];
  return offset < window.offset + (1 << window.order) && window.offset < offset + size;
}
