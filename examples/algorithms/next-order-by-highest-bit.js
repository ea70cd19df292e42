// The walk, but the order after a step is the integer logarithm of the offset: its highest set bit instead of its lowest.
// At offset 12 that is order 3, which is not aligned there.
export default ({ pagesPerRange, hasLowerOrder }) => ({
  start: ({ geometry }) => ({ offset: 0, order: geometry.pmdOrder }),
  window: (state) => state,
  next({ offset, order }, answer, { geometry, orders }) {
    if (answer === 'stop') return undefined;
    if (answer !== 'next-offset' && order > 2 && hasLowerOrder(orders, order)) return { offset, order: order - 1 };
    const past = offset + (1 << order);
    if (past >= pagesPerRange(geometry)) return undefined;
    const highestBit = 31 - Math.clz32(past);
    return { offset: past, order: Math.min(highestBit, geometry.pmdOrder) }; // must be that of the lowest set bit
  },
});
