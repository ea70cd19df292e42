// The walk, but a window that already holds a folio of its order is searched for smaller ones instead of being skipped.
export default ({ judgeWindow, RangeResult, actionAfter, pagesPerRange, naturalOrder, hasLowerOrder }) => ({
  name: 'no-skip-of-large-folios',
  collapse(range, policy, attempt) {
    const outcome = new RangeResult();
    const after = (result) =>
      result === 'SCAN_PTE_MAPPED_HUGEPAGE' ? 'next-order' : actionAfter(result); // must be actionAfter alone
    let offset = 0;
    let order = range.geometry.pmdOrder;
    while (offset < pagesPerRange(range.geometry)) {
      const window = judgeWindow(range, policy, offset, order);
      const result = window.qualifies ? attempt([window])[0] : undefined;
      if (result !== undefined) outcome.record(result);
      const action = result === undefined ? 'next-order' : after(result);
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
