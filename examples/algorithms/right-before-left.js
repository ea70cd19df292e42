// The stack, but it pushes the left half of a window before the right one, so that the right one is popped first.
export default ({ hasLowerOrder }) => ({
  start: ({ geometry }) => [{ offset: 0, order: geometry.pmdOrder }],
  window: (stack) => stack.at(-1),
  stack: (stack) => stack.slice(0, -1),
  next(stack, answer, { orders }) {
    if (answer === 'stop') return [];
    const below = stack.slice(0, -1);
    const { offset, order } = stack.at(-1);
    if (answer === 'next-offset' || !hasLowerOrder(orders, order)) return below;
    const half = order - 1;
    return [...below, { offset, order: half }, { offset: offset + (1 << half), order: half }]; // must be right, then left
  },
});
