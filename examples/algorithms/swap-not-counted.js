// The walk, but swapped PTEs do not count as occupied at the PMD order: v19 before its fix.
export default ({ judgeWindow, RangeResult, actionAfter, pagesPerRange, naturalOrder, hasLowerOrder }) => ({
  name: 'swap-not-counted',
  collapse(range, policy, attempt) {
    const outcome = new RangeResult();
    const withoutSwap = { ...range, unmapped: 0 }; // must be the range as it is
    let offset = 0;
    let order = range.geometry.pmdOrder;
    while (offset < pagesPerRange(range.geometry)) {
      const window = judgeWindow(withoutSwap, policy, offset, order);
      const result = window.qualifies ? attempt([window])[0] : undefined;
      if (result !== undefined) outcome.record(result);
      const action = result === undefined ? 'next-order' : actionAfter(result);
      if (action === 'stop') break;
      if (action === 'next-order' && order > 2 && hasLowerOrder(policy.orders, order)) {
        order -= 1;
      } else {
        offset += 1 << order;
        order = naturalOrder(offset, range.geometry);
      }
    }
    return outcome.under(policy);
  },
});
