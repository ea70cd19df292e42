import { pagesPerRange } from '../memory/geometry.ts';
import { asOffset, asOrder, hasLowerOrder, naturalOrder } from '../memory/order.ts';
import { actionAfter } from '../rules/scan-result.ts';
import { type CollapseAlgorithm, judgeWindow, RangeResult, visitOf } from './algorithm.ts';

/**
 * The search of Linux 7.2 and 7.3: an offset and an order, no stack. It takes the largest aligned window that
 * qualifies at each offset and, once done with a window, steps past it.
 * Source: mthp_collapse, docs/khugepaged.md#the-walk.
 */
export const walk: CollapseAlgorithm = {
  name: 'walk',
  collapse(range, policy, attempt, observe) {
    const pages = pagesPerRange(range.geometry);
    const outcome = new RangeResult();
    let offset = asOffset(0);
    let order = asOrder(range.geometry.pmdOrder);
    while (offset < pages) {
      const window = judgeWindow(range, policy, offset, order);
      const result = window.qualifies ? attempt([window])[0] : undefined;
      if (result !== undefined) outcome.record(result);
      const action = result === undefined ? 'next-order' : actionAfter(result);

      const descends =
        action === 'next-order' && order > policy.model.minOrder && hasLowerOrder(policy.orders, order);
      if (action === 'stop') {
        offset = asOffset(pages);
      } else if (descends) {
        order = asOrder(order - 1);
      } else {
        offset = asOffset(offset + (1 << order));
        order = naturalOrder(offset, range.geometry);
      }
      observe?.(visitOf(window, result, offset < pages ? { offset, order } : undefined));
    }
    return outcome.under(policy);
  },
};
