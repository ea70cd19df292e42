import { pagesPerRange } from '../../core/memory/geometry.ts';
import { hasOrder, type Order, type OrderSet, ordersOf, type Window } from '../../core/memory/order.ts';
import type { SearchMachine, SearchSetting } from '../../core/search/machine.ts';
import { windowFault } from '../algorithm-fault.ts';
import type { PropertyName } from '../properties.ts';
import { type DecidedWindows, firstUndecided, isDecided, nothingDecided, withDecided } from './decided.ts';
import type { Move, Moves } from './moves.ts';
import { MOST_STATES, windowCode } from './product.ts';
import { StateIndex } from './state-index.ts';

/** What a proof about one machine can fail with: a property, or what no search may do. */
export type Broken = PropertyName | 'attempt' | 'ends';

/** A machine, the answers it may get and, second in each, what Linux makes of them. */
export interface Single {
  readonly machine: SearchMachine;
  readonly moves: Moves;
  readonly setting: SearchSetting;
}

/** A state of the machine, with as much of its past as the properties ask about. */
interface Past {
  readonly state: unknown;
  readonly decided: DecidedWindows;
  /** Whether a result at which Linux stops has come. */
  readonly stopped: boolean;
}

/** A state that is reached, and how. */
export interface OneNode {
  readonly state: Past;
  /** Undefined at the end. */
  readonly at: Window | undefined;
  readonly from: OneNode | undefined;
  readonly move: Move | undefined;
  /** What follows; `attempts` says by which of these an attempt leads there. */
  readonly after: OneNode[];
  readonly attempts: boolean[];
}

/** Where a property is broken, if a range gives these answers. */
export interface Violation {
  readonly broken: Broken;
  readonly node: OneNode;
  /** The answer with which it is broken; undefined at the end. */
  readonly move: Move | undefined;
  /** The window that was missed. */
  readonly missed: Window | undefined;
}

export interface OneProduct {
  readonly nodes: readonly OneNode[];
  /** By the shortest sequences of answers first; the first ones. */
  readonly violations: readonly Violation[];
  readonly unfinished: boolean;
}

/** Places in which properties are broken that are kept for one set of orders. */
const MOST_VIOLATIONS = 40;

/** Every state that any sequence of answers reaches, and where a property is broken. */
export function productOfOne({ machine, moves, setting }: Single): OneProduct {
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
  for (const order of enabled) {
    const around = { offset: at.offset & -(1 << order), order } as Window;
    if (order > at.order && !isDecided(decided, enabled, around))
      return { broken: 'largest-first', missed: around };
  }
  return undefined;
}
