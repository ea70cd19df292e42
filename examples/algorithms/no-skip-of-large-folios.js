// The walk, but a window that already holds a folio of its order is searched for smaller ones instead of being skipped.
export default ({ actionAfter, pagesPerRange, naturalOrder, hasLowerOrder }) => ({
  action: (result) =>
    result === 'SCAN_PTE_MAPPED_HUGEPAGE' ? 'next-order' : actionAfter(result), // must be actionAfter alone
  start: ({ geometry }) => ({ offset: 0, order: geometry.pmdOrder }),
  window: (state) => state,
  next({ offset, order }, answer, { geometry, orders }) {
    if (answer === 'stop') return undefined;
    if (answer !== 'next-offset' && order > 2 && hasLowerOrder(orders, order)) return { offset, order: order - 1 };
    const past = offset + (1 << order);
    return past < pagesPerRange(geometry) ? { offset: past, order: naturalOrder(past, geometry) } : undefined;
  },
});
