import type { Geometry } from '../memory/geometry.ts';
import type { Order, OrderSet, Window } from '../memory/order.ts';
import { actionAfter, type NextMove, type ScanResult } from '../rules/scan-result.ts';
import { type CollapseAlgorithm, judgeWindow, RangeResult, visitOf } from './algorithm.ts';

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
type Answer = 'disabled' | 'too-few' | NextMove;

/**
 * A search as a state machine: which window it visits in a state, and which state follows an answer. It sees
 * the range through the answers alone, so what it does can be proved for every range (verify/proof). States
 * are plain values, and are never changed. `action` is where a result leads, as in Linux unless it is there.
 */
export interface SearchMachine<State = unknown> {
  start(setting: SearchSetting): State;
  /** Undefined at the end. */
  window(state: State, setting: SearchSetting): Window | undefined;
  next(state: State, answer: Answer, setting: SearchSetting): State;
  action?(result: ScanResult): NextMove;
  /** For searches that keep a stack: the windows under the one that is visited, the top last. */
  stack?(state: State): readonly Window[];
}

/** An algorithm that shows its states. */
export interface MachineAlgorithm extends CollapseAlgorithm {
  readonly machine: SearchMachine;
}

/** The algorithm that runs a machine: one window at a time, and the result of the walk. */
export function algorithmOf<State>(name: string, machine: SearchMachine<State>): MachineAlgorithm {
  const action = (result: ScanResult) => (machine.action ? machine.action(result) : actionAfter(result));
  return {
    name,
    machine: machine as SearchMachine,
    collapse(range, policy, attempt, observe) {
      const setting = { geometry: range.geometry, orders: policy.orders, minOrder: policy.model.minOrder };
      const outcome = new RangeResult();
      let state = machine.start(setting);
      for (let at = machine.window(state, setting); at !== undefined; ) {
        const window = judgeWindow(range, policy, at.offset, at.order);
        let answer: Answer = window.enabled ? 'too-few' : 'disabled';
        let result: ScanResult | undefined;
        if (window.qualifies) {
          result = attempt([window])[0];
          outcome.record(result);
          answer = action(result);
        }
        const stack = observe && machine.stack?.(state);
        state = machine.next(state, answer, setting);
        at = machine.window(state, setting);
        observe?.(visitOf(window, result, at && { offset: at.offset, order: at.order }, stack));
      }
      return outcome.under(policy);
    },
  };
}
