import { asOffset, asOrder, hasLowerOrder, MIN_ANON_ORDER, type Window } from '../memory/order.ts';
import { algorithmOf, type SearchMachine, type SearchSetting } from './machine.ts';

/** The window on top of the stack, and what lies below it. */
interface Pending extends Window {
  readonly below: Pending | undefined;
}

/**
 * The search of v18 with its patch 12: an explicit stack of windows, halves pushed right first so that the
 * left one is popped first. Attempts lead where they lead in the walk. Source: docs/khugepaged.md#stack.
 */
export const stack = algorithmOf('stack', stackMachine(hasEnabledBelow));

/** The stack as posted in v18's patch 11 alone: every result but success descends into the halves. */
export const stackPatch11 = algorithmOf('stack-patch11', {
  ...stackMachine(hasEnabledBelow),
  action: (result) => (result === 'SCAN_SUCCEED' ? 'next-offset' : 'next-order'),
});

/**
 * The stack of v17: it descends to the smallest order that there is, whether lower orders are enabled or not.
 */
export const stackDescend = algorithmOf(
  'stack-descend',
  stackMachine(({ order }) => order > MIN_ANON_ORDER),
);

function hasEnabledBelow({ order }: Window, { orders }: SearchSetting): boolean {
  return hasLowerOrder(orders, order);
}

function stackMachine(
  descends: (window: Window, setting: SearchSetting) => boolean,
): SearchMachine<Pending | undefined> {
  return {
    start: ({ geometry }) => ({
      offset: asOffset(0),
      order: asOrder(geometry.pmdOrder),
      below: undefined,
    }),

    window: (top) => top,

    next(top, answer, setting) {
      if (top === undefined || answer === 'stop') return undefined;
      const { offset, order, below } = top;
      if (answer === 'next-offset' || !descends(top, setting)) return below;
      const half = asOrder(order - 1);
      const right = { offset: asOffset(offset + (1 << half)), order: half, below };
      return { offset, order: half, below: right };
    },

    stack(top) {
      const windows: Window[] = [];
      for (let each = top?.below; each; each = each.below) {
        windows.unshift({ offset: each.offset, order: each.order });
      }
      return windows;
    },
  };
}
