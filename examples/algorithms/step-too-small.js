// The walk, but after a failure at the lowest enabled order it steps half a window and stays at that order.
export default ({ pagesPerRange, naturalOrder, hasLowerOrder }) => ({
  start: ({ geometry }) => ({ offset: 0, order: geometry.pmdOrder }),
  window: (state) => state,
  next({ offset, order }, answer, { geometry, orders }) {
    if (answer === 'stop') return undefined;
    if (answer !== 'next-offset' && order > 2 && hasLowerOrder(orders, order)) return { offset, order: order - 1 };
    const failed = answer === 'next-order';
    const past = offset + (1 << (failed ? order - 1 : order)); // must be 1 << order, and the order that of the offset
    if (past >= pagesPerRange(geometry)) return undefined;
    return { offset: past, order: failed ? order : naturalOrder(past, geometry) };
  },
});
