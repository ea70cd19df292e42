import {
  asOffset,
  asOrder,
  hasLowerOrder,
  MIN_ANON_ORDER,
  type Order,
  type OrderSet,
  type Window,
} from '../memory/order.ts';
import { actionAfter, type NextMove, type ScanResult } from '../rules/scan-result.ts';
import { type CollapseAlgorithm, judgeWindow, RangeResult, visitOf } from './algorithm.ts';

/**
 * The search of v18 with its patch 12: an explicit stack of windows, halves pushed right first so that the
 * left one is popped first. Attempts lead where they lead in the walk. Source: docs/khugepaged.md#stack.
 */
export const stack: CollapseAlgorithm = stackSearch('stack', actionAfter, hasLowerOrder);

/** The stack as posted in v18's patch 11 alone: every result but success descends into the halves. */
export const stackPatch11: CollapseAlgorithm = stackSearch(
  'stack-patch11',
  (result) => (result === 'SCAN_SUCCEED' ? 'next-offset' : 'next-order'),
  hasLowerOrder,
);

/**
 * The stack of v17: it descends to the smallest order that there is, whether lower orders are enabled or not.
 */
export const stackDescend: CollapseAlgorithm = stackSearch(
  'stack-descend',
  actionAfter,
  (_, order) => order > MIN_ANON_ORDER,
);

function stackSearch(
  name: string,
  action: (result: ScanResult) => NextMove,
  descends: (enabled: OrderSet, order: Order) => boolean,
): CollapseAlgorithm {
  return {
    name,
    collapse(range, policy, attempt, observe) {
      const outcome = new RangeResult();
      const pending: Window[] = [{ offset: asOffset(0), order: asOrder(range.geometry.pmdOrder) }];
      for (let top = pending.pop(); top !== undefined; top = pending.pop()) {
        const { offset, order } = top;
        const popped = observe && [...pending];
        const window = judgeWindow(range, policy, offset, order);
        const result = window.qualifies ? attempt([window])[0] : undefined;
        if (result !== undefined) outcome.record(result);
        const then = result === undefined ? 'next-order' : action(result);

        if (then === 'stop') {
          pending.length = 0;
        } else if (then === 'next-order' && descends(policy.orders, order)) {
          const half = asOrder(order - 1);
          pending.push({ offset: asOffset(offset + (1 << half)), order: half }, { offset, order: half });
        }
        observe?.(visitOf(window, result, pending.at(-1), popped));
      }
      return outcome.under(policy);
    },
  };
}
