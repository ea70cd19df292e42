import { pagesPerRange } from '../../core/memory/geometry.ts';
import { hasOrder, type Order, type OrderSet, ordersOf, type Window } from '../../core/memory/order.ts';
import type { SearchMachine, SearchSetting } from '../../core/search/machine.ts';
import { windowFault } from '../algorithm-fault.ts';
import { mostStacked, mostVisits } from '../properties.ts';
import { type DecidedWindows, firstUndecided, isDecided, nothingDecided, withDecided } from './decided.ts';
import { inOrder } from './in-order.ts';
import type { Move, Moves } from './moves.ts';
import { MOST_STATES, windowCode } from './product.ts';
import { StateIndex } from './state-index.ts';
import {
  type Bounds,
  type Broken,
  MOST_VIOLATIONS,
  type MostStacked,
  type Reached,
  type StateSpace,
  undecidedAround,
  type Violation,
} from './state-space.ts';

/** A state of the machine, with as much of its past as the properties ask about. */
interface Past {
  readonly state: unknown;
  readonly decided: DecidedWindows;
  /** Whether a result at which Linux stops has come. */
  readonly stopped: boolean;
}

/** A state that is reached, and how. */
interface OneNode extends Reached {
  readonly state: Past;
  /** What follows; `attempts` says by which of these an attempt leads there. */
  readonly after: OneNode[];
  readonly attempts: boolean[];
}

interface OneProduct {
  readonly nodes: readonly OneNode[];
  readonly violations: readonly Violation[];
  readonly unfinished: boolean;
}

/**
 * The states of a machine, with the answers that it may get: second in each move is what Linux makes of it.
 */
export function machineStates(machine: SearchMachine, moves: Moves): StateSpace {
  return {
    of: 'states',
    leavesOpen: [],
    explore(setting) {
      const { nodes, violations, unfinished } = productOfOne(machine, moves, setting);
      const states = nodes.length;
      if (unfinished || violations.length > 0) return { states, violations, unfinished, bounds: undefined };
      const found = boundsOf(nodes, machine, setting);
      return 'broken' in found
        ? { states, violations: [found], unfinished, bounds: undefined }
        : { states, violations, unfinished, bounds: found };
    },
  };
}

function boundsOf(
  nodes: readonly OneNode[],
  machine: SearchMachine,
  { geometry, orders }: SearchSetting,
): Bounds | Violation {
  const broken = (property: Broken, node: OneNode): Violation => {
    return { broken: property, node, move: undefined, missed: undefined };
  };
  const sorted = inOrder(nodes);
  if (!sorted) return broken('ends', nodes[nodes.length - 1]);
  const visits = mostOnAWay(sorted, () => 1);
  const attempts = mostOnAWay(sorted, (attempted) => (attempted ? 1 : 0));
  if (visits > mostVisits(geometry, orders)) return broken('visits', nodes[0]);
  let stack: MostStacked | undefined;
  for (const node of nodes) {
    if (!machine.stack || !node.at) continue;
    const below = machine.stack(node.state.state);
    const most = below.length + 1;
    if (most > mostStacked(geometry)) return broken('stack-depth', node);
    if (!stack || most > stack.most) stack = { most, visited: node.at, below };
  }
  return { visits, attempts, stack };
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

/** Every state that any sequence of answers reaches, and where a property is broken. */
function productOfOne(machine: SearchMachine, moves: Moves, setting: SearchSetting): OneProduct {
  const { geometry, orders } = setting;
  const enabled = ordersOf(orders);
  const index = new StateIndex<OneNode>();
  const nodes: OneNode[] = [];
  const violations: Violation[] = [];

  function reach(state: Past, from: OneNode | undefined, move: Move | undefined): void {
    const at = machine.window(state.state, setting);
    const kept = at ? state : ENDED;
    const code = at && windowCode(at);
    let node = index.find(code, kept);
    if (!node) {
      node = { state: kept, at, from, move, after: [], attempts: [] };
      index.add(code, node);
      nodes.push(node);
    }
    from?.after.push(node);
    from?.attempts.push(move?.result !== undefined);
    if (at || state.stopped) return;
    const missed = firstUndecided(state.decided, enabled, pagesPerRange(geometry));
    // How this end was reached, which is not always how the first one was.
    const last = { ...node, from, move };
    if (missed) violations.push({ broken: 'largest-first', node: last, move: undefined, missed });
  }

  const start = { state: machine.start(setting), decided: nothingDecided(orders), stopped: false };
  reach(start, undefined, undefined);
  for (let i = 0; i < nodes.length; i++) {
    if (nodes.length > MOST_STATES) return { nodes, violations, unfinished: true };
    if (violations.length >= MOST_VIOLATIONS) break;
    const node = nodes[i];
    const { at, state: past } = node;
    if (at === undefined) continue;
    for (const move of answersAt(moves, orders, at, geometry.pmdOrder)) {
      const broken = brokenBy(past, at, move, setting, enabled);
      if (broken) violations.push({ ...broken, node, move });
      else reach(follow(past, at, move, machine, setting, enabled), node, move);
    }
  }
  return { nodes, violations, unfinished: false };
}

const ENDED: Past = { state: undefined, decided: [], stopped: true };

function answersAt(moves: Moves, orders: OrderSet, { order }: Window, pmdOrder: number): readonly Move[] {
  if (!hasOrder(orders, order)) return moves.disabled;
  return order === pmdOrder ? moves.pmdOrder : moves.below;
}

function follow(
  { state, decided, stopped }: Past,
  at: Window,
  { fill, answers }: Move,
  machine: SearchMachine,
  setting: SearchSetting,
  enabled: readonly Order[],
): Past {
  const [answer, inLinux] = answers;
  const next = machine.next(state, answer, setting);
  if (stopped || inLinux === 'stop') return { state: next, decided: [], stopped: true };
  if (fill === 'disabled') return { state: next, decided, stopped };
  return { state: next, decided: withDecided(decided, enabled, at, inLinux === 'next-offset'), stopped };
}

/** What an answer at a window breaks. */
function brokenBy(
  { decided, stopped }: Past,
  at: Window,
  { fill, result, parts, answers }: Move,
  { geometry, orders }: SearchSetting,
  enabled: readonly Order[],
): Pick<Violation, 'broken' | 'missed'> | undefined {
  if (result === undefined) return undefined;
  if (parts && answers[0] === 'too-few') return { broken: 'largest-first', missed: at };
  if (windowFault(at.offset, at.order, geometry, orders)) return { broken: 'attempt', missed: undefined };
  if (stopped) return { broken: 'stops', missed: undefined };
  if (parts && fill === 'too-few') return { broken: 'qualifying', missed: undefined };
  if (isDecided(decided, enabled, at)) return { broken: 'attempted-once', missed: undefined };
  const around = undecidedAround(at, enabled, (window) => isDecided(decided, enabled, window));
  return around && { broken: 'largest-first', missed: around };
}
