// The walk, but after a failure at the lowest enabled order it steps half a window and stays at that order.
export default ({ judgeWindow, RangeResult, actionAfter, pagesPerRange, naturalOrder, hasLowerOrder }) => ({
  name: 'step-too-small',
  collapse(range, policy, attempt) {
    const outcome = new RangeResult();
    let offset = 0;
    let order = range.geometry.pmdOrder;
    while (offset < pagesPerRange(range.geometry)) {
      const window = judgeWindow(range, policy, offset, order);
      const result = window.qualifies ? attempt([window])[0] : undefined;
      if (result !== undefined) outcome.record(result);
      const action = result === undefined ? 'next-order' : actionAfter(result);
      if (action === 'stop') break;
      if (action === 'next-offset') {
        offset += 1 << order;
        order = naturalOrder(offset, range.geometry);
      } else if (order > 2 && hasLowerOrder(policy.orders, order)) {
        order -= 1;
      } else if (result !== undefined) {
        offset += 1 << (order - 1); // must be 1 << order, and the order that of the offset
      } else {
        offset += 1 << order;
        order = naturalOrder(offset, range.geometry);
      }
    }
    return outcome.under(policy);
  },
});
