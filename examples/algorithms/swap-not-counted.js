// The walk, but swapped PTEs do not count as occupied at the PMD order: v19 before its fix.
export default ({ pagesPerRange, naturalOrder, hasLowerOrder }) => ({
  attempts: (fill) => fill === 'enough', // must be 'enough-with-swap', too
  start: ({ geometry }) => ({ offset: 0, order: geometry.pmdOrder }),
  window: (state) => state,
  next({ offset, order }, answer, { geometry, orders }) {
    if (answer === 'stop') return undefined;
    if (answer !== 'next-offset' && order > 2 && hasLowerOrder(orders, order)) return { offset, order: order - 1 };
    const past = offset + (1 << order);
    return past < pagesPerRange(geometry) ? { offset: past, order: naturalOrder(past, geometry) } : undefined;
  },
});
