import { asOffset, asOrder, hasLowerOrder, type Window } from '../memory/order.ts';
import { algorithmOf } from './machine.ts';

/** A call of the recursion: the window that it searches, and who called it for which half. */
interface Call extends Window {
  readonly caller: Call | undefined;
  readonly half: 'left' | 'right';
}

/**
 * The obvious specification: attempt a window if it qualifies, else search its left half, then its right
 * half. The state is the chain of calls.
 * Source: docs/khugepaged.md#walk-equals-stack.
 */
export const recursive = algorithmOf<Call | undefined>('recursive', {
  start: ({ geometry }) => ({
    offset: asOffset(0),
    order: asOrder(geometry.pmdOrder),
    caller: undefined,
    half: 'left',
  }),

  window: (call) => call,

  next(call, answer, { orders }) {
    if (call === undefined || answer === 'stop') return undefined;
    const descends = answer !== 'next-offset' && hasLowerOrder(orders, call.order);
    return descends ? callHalf(call, 'left') : returnFrom(call);
  },
});

function callHalf(caller: Call, half: 'left' | 'right'): Call {
  const order = asOrder(caller.order - 1);
  return { offset: asOffset(caller.offset + (half === 'right' ? 1 << order : 0)), order, caller, half };
}

/** The call after a window is done with: the right half of the innermost caller that is in its left one. */
function returnFrom({ caller, half }: Call): Call | undefined {
  if (caller === undefined) return undefined;
  return half === 'left' ? callHalf(caller, 'right') : returnFrom(caller);
}
