import { pagesPerRange } from '../../core/memory/geometry.ts';
import { asOffset, hasOrder, type Order, ordersOf, type Window } from '../../core/memory/order.ts';
import { isPossibleOnRetry } from '../../core/rules/outcome.ts';
import { actionAfter, SCAN_RESULTS, type ScanResult } from '../../core/rules/scan-result.ts';
import type { SearchSetting } from '../../core/search/machine.ts';
import type { RangePart, RoundMove, RoundsMachine } from '../../core/search/rounds/part.ts';
import { roundsFill } from '../../core/search/rounds/rounds.ts';
import { windowFault } from '../algorithm-fault.ts';
import { mostVisits, type PropertyName } from '../properties.ts';
import { type DecidedWindows, isDecided, nothingDecided, withDecided, withDecidedBefore } from './decided.ts';
import { inOrder } from './in-order.ts';
import type { WindowAnswer } from './moves.ts';
import { MOST_STATES, windowCode } from './product.ts';
import { StateIndex } from './state-index.ts';
import {
  type Bounds,
  type Broken,
  type Explored,
  MOST_VIOLATIONS,
  type Reached,
  type StateSpace,
  undecidedAround,
  type Violation,
} from './state-space.ts';

/** A part, with as much of what happened before as the properties ask about. */
interface PartPast {
  readonly part: RangePart;
  /** Of the windows in the part, and of those around it. */
  readonly decided: DecidedWindows;
  /** The window was attempted without reclaim, and comes again. */
  readonly again: boolean;
}

interface PartNode extends Reached {
  readonly state: PartPast;
  readonly at: RangePart;
  /** What each answer leaves. */
  readonly ways: Way[];
  /** All that follow. */
  readonly after: PartNode[];
}

interface Way {
  readonly attempted: boolean;
  readonly rest: PartNode | undefined;
  readonly retry: PartNode | undefined;
}

interface PartMove extends WindowAnswer {
  /** Where it leads in the machine; undefined where nothing is attempted. */
  readonly move: RoundMove | undefined;
  /** Whether the search is done with the window by it. */
  readonly isDone: boolean;
}

/** Of what range the result is, and what is attempted after a stop, no part knows. */
const LEFT_OPEN: readonly PropertyName[] = ['result', 'failed-allocation', 'stack-depth'];

/**
 * The parts of a search in rounds. A state is a stack of parts that do not overlap, and what becomes of each
 * follows from what is found in it: so each part is gone through by itself, with every answer. Where it is
 * split, every window that no part holds as a whole has to be decided, because nobody comes back to it; that
 * parts attempt nothing outside of themselves is checked too. Stacks would be too many: the first round alone
 * leaves one of 4 * 10^22 at PMD order 9.
 */
export function partStates(machine: RoundsMachine, results: readonly ScanResult[]): StateSpace {
  const first = movesOf(machine, results, false);
  const retries = movesOf(machine, results.filter(isPossibleOnRetry), true);
  const stops = results.filter((result) => SCAN_RESULTS.includes(result) && actionAfter(result) === 'stop');
  const endsThere = stops.every((result) =>
    [false, true].every((each) => machine.action(result, each) === 'stop'),
  );
  return {
    of: 'parts',
    leavesOpen: endsThere ? LEFT_OPEN : ['stops', ...LEFT_OPEN],
    explore: (setting) => explore(machine, { first, retries }, setting),
  };
}

/** What may be found at a window of an enabled order; results that lead to the same place are one. */
function movesOf(machine: RoundsMachine, results: readonly ScanResult[], reclaim: boolean): PartMove[] {
  const moves = new Map<string, PartMove>();
  for (const result of results) {
    const move = machine.action(result, reclaim);
    const inLinux = actionAfter(result);
    // Where Linux stops, or does not know the code, nobody says how a search goes on.
    const isDone =
      (inLinux === 'stop' ? move : inLinux) === 'next-offset' || (inLinux === 'stop' && move === 'stop');
    const key = `${move} ${isDone}`;
    if (!moves.has(key)) moves.set(key, { fill: 'enough', result, parts: false, move, isDone });
  }
  return [...moves.values()];
}

const NOTHING = { result: undefined, parts: false, move: undefined, isDone: false } as const;
const DISABLED: readonly PartMove[] = [{ ...NOTHING, fill: 'disabled' }];
const TOO_FEW: PartMove = { ...NOTHING, fill: 'too-few' };

function explore(
  machine: RoundsMachine,
  moves: { readonly first: readonly PartMove[]; readonly retries: readonly PartMove[] },
  setting: SearchSetting,
): Explored {
  const { geometry, orders } = setting;
  const enabled = ordersOf(orders);
  const index = new StateIndex<PartNode>();
  const nodes: PartNode[] = [];
  const violations: Violation[] = [];

  function reach(
    part: RangePart,
    decided: DecidedWindows,
    again: boolean,
    from: PartNode | undefined,
    move: WindowAnswer | undefined,
  ): PartNode {
    const state = { part, decided: withDecidedBefore(decided, enabled, part.offset), again };
    const code = windowCode(part);
    let node = index.find(code, state);
    if (!node) {
      node = { state, at: part, from, move, ways: [], after: [] };
      index.add(code, node);
      nodes.push(node);
    }
    from?.after.push(node);
    return node;
  }

  const whole = machine.start(setting, 0, pagesPerRange(geometry));
  if (whole) reach(whole, nothingDecided(orders), false, undefined, undefined);
  for (let i = 0; i < nodes.length; i++) {
    if (nodes.length > MOST_STATES)
      return { states: nodes.length, violations, unfinished: true, bounds: undefined };
    if (violations.length >= MOST_VIOLATIONS) break;
    const node = nodes[i];
    const { part, again } = node.state;
    const answers = !hasOrder(orders, part.order)
      ? DISABLED
      : again
        ? moves.retries
        : [TOO_FEW, ...moves.first];
    for (const found of answers) {
      const broken = brokenBy(node.state, found, setting, enabled);
      if (broken) {
        violations.push({ ...broken, node, move: found });
        continue;
      }
      const { decided, rest, retry, wrong } = follow(machine, node.state, found, setting, enabled);
      if (wrong) violations.push({ ...wrong, node, move: found });
      else
        node.ways.push({
          attempted: found.result !== undefined,
          rest: rest && reach(rest, decided, false, node, found),
          retry: retry && reach(retry, decided, found.move === 'again', node, found),
        });
    }
  }
  const bounds = violations.length > 0 ? undefined : boundsOf(nodes, setting);
  const ofBounds = bounds && 'broken' in bounds ? [bounds] : [];
  return {
    states: nodes.length,
    violations: [...violations, ...ofBounds],
    unfinished: false,
    bounds: bounds && 'broken' in bounds ? undefined : bounds,
  };
}

/** What an answer at the window of a part breaks. */
function brokenBy(
  { part, decided, again }: PartPast,
  { result }: PartMove,
  { geometry, orders }: SearchSetting,
  enabled: readonly Order[],
): { broken: Broken; missed: Window | undefined } | undefined {
  if (result === undefined) return undefined;
  const leaves = part.offset + (1 << part.order) > part.end;
  if (leaves || windowFault(part.offset, part.order, geometry, orders))
    return { broken: 'attempt', missed: undefined };
  const isKnown = (window: Window) => isDecided(decided, enabled, window);
  if (part.reclaim !== again || isKnown(part)) return { broken: 'attempted-once', missed: undefined };
  const around = undecidedAround(part, enabled, isKnown);
  return around && { broken: 'largest-first', missed: around };
}

/** What an answer makes of a part, and what is wrong with that. */
function follow(
  machine: RoundsMachine,
  { part, decided: before }: PartPast,
  { fill, result, move, isDone }: PartMove,
  setting: SearchSetting,
  enabled: readonly Order[],
) {
  const rest = machine.after(part, result !== undefined, setting);
  const retry = move && move !== 'stop' ? machine.retry(part, move, setting) : undefined;
  const isOpen = fill === 'disabled' || move === 'again';
  const decided = isOpen ? before : withDecided(before, enabled, part, isDone);
  return { decided, rest, retry, wrong: wrongSplit(part, { rest, retry, move }, decided, enabled) };
}

function wrongSplit(
  part: RangePart,
  {
    rest,
    retry,
    move,
  }: { rest: RangePart | undefined; retry: RangePart | undefined; move: RoundMove | undefined },
  decided: DecidedWindows,
  enabled: readonly Order[],
): { broken: Broken; missed: Window | undefined } | undefined {
  const restFrom = rest?.offset ?? part.end;
  const overlaps = rest !== undefined && (rest.offset < part.offset || rest.end > part.end);
  const meets = retry !== undefined && (retry.offset < part.offset || retry.end > restFrom);
  if (overlaps || meets) return { broken: 'attempted-once', missed: undefined };
  const comesAgain = retry?.offset === part.offset && retry.order === part.order && retry.reclaim;
  if (move === 'again' && !comesAgain) return { broken: 'largest-first', missed: part };
  const isHeld = (from: number, end: number, by: RangePart | undefined) =>
    by !== undefined && from >= by.offset && end <= by.end;
  for (const order of enabled) {
    const size = 1 << order;
    for (
      let from = (part.offset + size - 1) & -size;
      from < restFrom && from + size <= part.end;
      from += size
    ) {
      const window = { offset: asOffset(from), order };
      if (isHeld(from, from + size, rest) || isHeld(from, from + size, retry)) continue;
      if (!isDecided(decided, enabled, window)) return { broken: 'largest-first', missed: window };
    }
  }
  return undefined;
}

/** The most of each that any answers add up to: those of different parts go together. */
function boundsOf(nodes: readonly PartNode[], { geometry, orders }: SearchSetting): Bounds | Violation {
  const broken = (property: Broken, node: PartNode): Violation => {
    return { broken: property, node, move: undefined, missed: undefined };
  };
  const sorted = inOrder(nodes);
  if (!sorted) return broken('ends', nodes[nodes.length - 1]);
  const most = new Map<PartNode, { visits: number; looks: number; attempts: number; rounds: number }>();
  const none = { visits: 0, looks: 0, attempts: 0, rounds: 0 };
  for (const node of sorted.toReversed()) {
    const best = { ...none };
    for (const { attempted, rest, retry } of node.ways) {
      const [a, b] = [rest ? (most.get(rest) ?? none) : none, retry ? (most.get(retry) ?? none) : none];
      best.visits = Math.max(best.visits, a.visits + b.visits);
      best.looks = Math.max(best.looks, a.looks + b.looks);
      best.attempts = Math.max(best.attempts, a.attempts + b.attempts + (attempted ? 1 : 0));
      best.rounds = Math.max(best.rounds, a.rounds, attempted ? 1 : 0, retry ? b.rounds + 1 : 0);
    }
    best.visits++;
    if (!node.state.part.reclaim) best.looks++;
    most.set(node, best);
  }
  const { visits, looks, attempts, rounds } = most.get(nodes[0]) ?? none;
  if (looks > mostVisits(geometry, orders)) return broken('visits', nodes[0]);
  return { visits, attempts, rounds: roundsFill(geometry) ? undefined : rounds };
}
