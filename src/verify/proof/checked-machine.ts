import type { Window } from '../../core/memory/order.ts';
import type { SearchMachine } from '../../core/search/machine.ts';
import { isSameValue } from './same-value.ts';

/** Thrown when the machine of somebody else throws, keeps state of its own, or gives no window. */
export class MachineFault extends Error {}

/**
 * The machine of somebody else, with what it gives checked: states are plain values, which are frozen, and
 * the same question gets the same answer twice. Its functions throw a MachineFault.
 */
export function checkedMachine(name: string, machine: SearchMachine): SearchMachine {
  const fault = (what: string): never => {
    throw new MachineFault(`${name}: ${what}`);
  };
  function ask<T>(what: string, question: () => T): T {
    try {
      return question();
    } catch (error) {
      return fault(
        `${what} throws ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
      );
    }
  }
  function stateOf(what: string, question: () => unknown): unknown {
    const state = ask(what, question);
    const odd = freeze(state);
    if (odd !== undefined) return fault(`${what} gives a state with ${odd} in it; states are plain values`);
    if (!isSameValue(state, ask(what, question))) {
      return fault(`${what} does not give the same twice: does it keep state outside of the state?`);
    }
    return state;
  }
  const { action, attempts, stack } = machine;
  return {
    start: (setting) => stateOf('start', () => machine.start({ ...setting })),
    window(state, setting) {
      const window: unknown = ask('window', () => machine.window(state, { ...setting }));
      if (window === undefined || window === null) return undefined;
      const { offset, order } = window as Window;
      return isWindow(offset, order)
        ? { offset, order }
        : fault(`window gives ${offset}:${order}, which is no window`);
    },
    next: (state, answer, setting) => stateOf('next', () => machine.next(state, answer, { ...setting })),
    ...(action && {
      action(result) {
        const move: unknown = ask('action', () => action.call(machine, result));
        return move === 'next-order' || move === 'next-offset' || move === 'stop'
          ? move
          : fault(`action gives ${String(move)} for ${result}; it must be next-order, next-offset or stop`);
      },
    }),
    ...(attempts && { attempts: (fill) => ask('attempts', () => attempts.call(machine, fill)) === true }),
    ...(stack && { stack: (state) => ask('stack', () => stack.call(machine, state)) }),
  };
}

function isWindow(offset: unknown, order: unknown): boolean {
  return (
    Number.isInteger(offset) && Number.isInteger(order) && (order as number) >= 0 && (order as number) < 16
  );
}

/** Freezes a plain value as a whole; what there is in it that is not plain. */
function freeze(value: unknown): string | undefined {
  if (typeof value === 'function' || typeof value === 'symbol' || typeof value === 'bigint')
    return `a ${typeof value}`;
  if (typeof value !== 'object' || value === null) return undefined;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && prototype !== Object.prototype && prototype !== Array.prototype) {
    return `a ${(prototype as { constructor?: { name?: string } }).constructor?.name ?? 'class'}`;
  }
  if (Object.isFrozen(value)) return undefined;
  Object.freeze(value);
  for (const each of Object.values(value)) {
    const odd = freeze(each);
    if (odd !== undefined) return odd;
  }
  return undefined;
}
