import { type Geometry, pagesPerRange } from '../memory/geometry.ts';
import { asOrder, type Order, type OrderSet, type Window } from '../memory/order.ts';
import { actionAfter, type NextMove, type ScanResult } from '../rules/scan-result.ts';
import {
  type CollapseAlgorithm,
  type JudgedWindow,
  judgeWindow,
  neededPages,
  occupiedPages,
  RangeResult,
  type ScannedRange,
  visitOf,
} from './algorithm.ts';

/** What a search knows before it looks at a range. */
export interface SearchSetting {
  readonly geometry: Geometry;
  /** The enabled orders. */
  readonly orders: OrderSet;
  /** The smallest order to descend to, whatever is enabled. */
  readonly minOrder: Order;
}

/**
 * All that a search learns of a window: its order is disabled, it has too few pages, or it was attempted, and
 * where that leads.
 */
export type Answer = 'disabled' | 'too-few' | NextMove;

/** What a window of an enabled order has: too few pages, enough, or enough because swapped PTEs count. */
export type Fill = 'too-few' | 'enough-with-swap' | 'enough';

/**
 * A search as a state machine: which window it visits in a state, and which state follows an answer. It sees
 * the range through the answers alone, so what it does can be proved for every range (verify/proof). States
 * are plain values, and are never changed.
 */
export interface SearchMachine<State = unknown> {
  start(setting: SearchSetting): State;
  /** Undefined at the end. */
  window(state: State, setting: SearchSetting): Window | undefined;
  next(state: State, answer: Answer, setting: SearchSetting): State;
  /** Where a result leads; as in Linux, unless it is there. */
  action?(result: ScanResult): NextMove;
  /** Whether a window of an enabled order is attempted; if it has enough, unless this is there. */
  attempts?(fill: Fill): boolean;
  /** For searches that keep a stack: the windows under the one that is visited, the top last. */
  stack?(state: State): readonly Window[];
}

/** An algorithm that shows its states. */
export interface MachineAlgorithm extends CollapseAlgorithm {
  readonly machine: SearchMachine;
}

/** The machine of an algorithm that shows its states. */
export function machineOf(algorithm: CollapseAlgorithm): SearchMachine | undefined {
  return 'machine' in algorithm ? (algorithm as MachineAlgorithm).machine : undefined;
}

/** Where a result leads in a machine. */
export function actionOf(machine: SearchMachine, result: ScanResult): NextMove {
  return machine.action ? machine.action(result) : actionAfter(result);
}

/** Whether a machine attempts a window of an enabled order. */
export function attemptsAt(machine: SearchMachine, fill: Fill): boolean {
  return machine.attempts ? machine.attempts(fill) : fill !== 'too-few';
}

/** Visits of a range, by its pages; a search that looks at every window twice has 4. */
export const MOST_VISITS = 16;

/** The algorithm that runs a machine: one window at a time, and the result of the walk. */
export function algorithmOf<State>(name: string, machine: SearchMachine<State>): MachineAlgorithm {
  const shown = machine as SearchMachine;
  return {
    name,
    machine: shown,
    collapse(range, policy, attempt, observe) {
      const setting = { geometry: range.geometry, orders: policy.orders, minOrder: policy.model.minOrder };
      const outcome = new RangeResult();
      const ordersUpTo = { length: range.geometry.pmdOrder + 1 };
      const neededNow = () =>
        Array.from(ordersUpTo, (_, order) => neededPages(range, policy, asOrder(order)));
      // Kept while max_ptes_none stays, which may be written meanwhile: a search visits hundreds of windows.
      let maxPtesNone = policy.maxPtesNone;
      let neededBy = neededNow();
      let state = machine.start(setting);
      let left = MOST_VISITS * pagesPerRange(range.geometry);
      for (let at = machine.window(state, setting); at !== undefined; left--) {
        if (left === 0) throw new Error('does not end');
        const { offset, order } = at;
        if (policy.maxPtesNone !== maxPtesNone) {
          maxPtesNone = policy.maxPtesNone;
          neededBy = neededNow();
        }
        const needed = neededBy[order];
        let answer: Answer = 'disabled';
        let result: ScanResult | undefined;
        if (needed !== undefined) {
          answer = 'too-few';
          const occupied = occupiedPages(range, policy, offset, order);
          const qualifies = occupied >= needed;
          if (machine.attempts ? attemptsWindow(shown, at, occupied, needed, range) : qualifies) {
            const window: JudgedWindow = { offset, order, enabled: true, occupied, needed, qualifies };
            result = attempt([window])[0];
            outcome.record(result);
            answer = actionOf(shown, result);
          }
        }
        const stack = observe && machine.stack?.(state);
        state = machine.next(state, answer, setting);
        at = machine.window(state, setting);
        if (observe) {
          const next = at && { offset: at.offset, order: at.order };
          observe(visitOf(judgeWindow(range, policy, offset, order), result, next, stack));
        }
      }
      return outcome.under(policy);
    },
  };
}

function attemptsWindow(
  machine: SearchMachine,
  { order }: Window,
  occupied: number,
  needed: number,
  { geometry, unmapped }: ScannedRange,
): boolean {
  const ofPages = occupied - (order === geometry.pmdOrder ? unmapped : 0);
  const enough = ofPages >= needed ? 'enough' : 'enough-with-swap';
  return attemptsAt(machine, occupied >= needed ? enough : 'too-few');
}
