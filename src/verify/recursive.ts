import { asOffset, asOrder, hasLowerOrder, type Offset, type Order } from '../core/memory/order.ts';
import { actionAfter } from '../core/rules/scan-result.ts';
import { type CollapseAlgorithm, judgeWindow, RangeResult } from '../core/search/algorithm.ts';

/**
 * The obvious specification: attempt a window if it qualifies, else search its left half, then its right
 * half.
 * Source: docs/khugepaged.md#walk-equals-stack.
 */
export const recursive: CollapseAlgorithm = {
  name: 'recursive',
  collapse(range, policy, attempt) {
    const outcome = new RangeResult();

    /** Returns false when the search is to stop. */
    function search(offset: Offset, order: Order): boolean {
      const window = judgeWindow(range, policy, offset, order);
      if (window.qualifies) {
        const [result] = attempt([window]);
        outcome.record(result);
        if (actionAfter(result) !== 'next-order') return actionAfter(result) === 'next-offset';
      }
      if (!hasLowerOrder(policy.orders, order)) return true;
      const half = asOrder(order - 1);
      return search(offset, half) && search(asOffset(offset + (1 << half)), half);
    }

    search(asOffset(0), asOrder(range.geometry.pmdOrder));
    return outcome.under(policy);
  },
};
