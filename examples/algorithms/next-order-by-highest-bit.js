// The walk, but the order after a step is the integer logarithm of the offset: its highest set bit instead of its lowest.
// At offset 12 that is order 3, which is not aligned there.
export default ({ judgeWindow, RangeResult, actionAfter, pagesPerRange, hasLowerOrder }) => ({
  name: 'next-order-by-highest-bit',
  collapse(range, policy, attempt) {
    const { pmdOrder } = range.geometry;
    const outcome = new RangeResult();
    let offset = 0;
    let order = pmdOrder;
    while (offset < pagesPerRange(range.geometry)) {
      const window = judgeWindow(range, policy, offset, order);
      const result = window.qualifies ? attempt([window])[0] : undefined;
      if (result !== undefined) outcome.record(result);
      const action = result === undefined ? 'next-order' : actionAfter(result);
      if (action === 'stop') break;
      if (action === 'next-order' && order > 2 && hasLowerOrder(policy.orders, order)) {
        order -= 1;
      } else {
        offset += 1 << order;
        order = Math.min(31 - Math.clz32(offset), pmdOrder); // must be that of the lowest set bit
      }
    }
    return outcome.under(policy);
  },
});
