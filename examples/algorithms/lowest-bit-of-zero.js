// The walk, but it takes the order from the lowest set bit of every offset, also of 0, which has none: what
// ffs(0) - 1 and the like give there is no order. Here it comes out as 0, and the range begins with single pages.
const lowestBit = (offset) => Math.max(0, 31 - Math.clz32(offset & -offset)); // must be the PMD order at 0

export default ({ pagesPerRange, hasLowerOrder }) => ({
  start: () => ({ offset: 0, order: lowestBit(0) }),
  window: (state) => state,
  next({ offset, order }, answer, { geometry, orders }) {
    if (answer === 'stop') return undefined;
    if (answer !== 'next-offset' && order > 2 && hasLowerOrder(orders, order)) return { offset, order: order - 1 };
    const past = offset + (1 << order);
    if (past >= pagesPerRange(geometry)) return undefined;
    return { offset: past, order: Math.min(lowestBit(past), geometry.pmdOrder) };
  },
});
