import { pagesPerRange } from '../memory/geometry.ts';
import { asOffset, asOrder, hasLowerOrder, naturalOrder, type Window } from '../memory/order.ts';
import { algorithmOf } from './machine.ts';

/**
 * The search of Linux 7.2 and 7.3: an offset and an order, no stack. It takes the largest aligned window that
 * qualifies at each offset and, once done with a window, steps past it.
 * Source: mthp_collapse, docs/khugepaged.md#the-walk.
 */
export const walk = algorithmOf<Window | undefined>('walk', {
  start: ({ geometry }) => ({ offset: asOffset(0), order: asOrder(geometry.pmdOrder) }),

  window: (state) => state,

  next(state, answer, { geometry, orders, minOrder }) {
    if (state === undefined || answer === 'stop') return undefined;
    const { offset, order } = state;
    if (answer !== 'next-offset' && order > minOrder && hasLowerOrder(orders, order)) {
      return { offset, order: asOrder(order - 1) };
    }
    const past = asOffset(offset + (1 << order));
    return past < pagesPerRange(geometry) ? { offset: past, order: naturalOrder(past, geometry) } : undefined;
  },
});
