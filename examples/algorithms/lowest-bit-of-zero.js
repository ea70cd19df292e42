// The walk, but it takes the order from the lowest set bit of every offset, also of 0, which has none: what
// ffs(0) - 1 and the like give there is no order. Here it comes out as 0, and the range begins with single pages.
export default ({ judgeWindow, RangeResult, actionAfter, pagesPerRange, hasLowerOrder }) => ({
  name: 'lowest-bit-of-zero',
  collapse(range, policy, attempt) {
    const outcome = new RangeResult();
    const lowestBit = (offset) => Math.max(0, 31 - Math.clz32(offset & -offset)); // must be the PMD order at 0
    let offset = 0;
    let order = lowestBit(0);
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
        order = Math.min(lowestBit(offset), range.geometry.pmdOrder);
      }
    }
    return outcome.under(policy);
  },
});
