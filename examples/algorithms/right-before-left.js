// The stack, but it pushes the left half of a window before the right one, so that the right one is popped first.
export default ({ judgeWindow, RangeResult, actionAfter, hasLowerOrder }) => ({
  name: 'right-before-left',
  collapse(range, policy, attempt) {
    const outcome = new RangeResult();
    const stack = [{ offset: 0, order: range.geometry.pmdOrder }];
    while (stack.length > 0) {
      const { offset, order } = stack.pop();
      const window = judgeWindow(range, policy, offset, order);
      const result = window.qualifies ? attempt([window])[0] : undefined;
      if (result !== undefined) outcome.record(result);
      const action = result === undefined ? 'next-order' : actionAfter(result);
      if (action === 'stop') break;
      if (action === 'next-order' && hasLowerOrder(policy.orders, order)) {
        const half = order - 1;
        stack.push({ offset, order: half }, { offset: offset + (1 << half), order: half }); // must be right, then left
      }
    }
    return outcome.under(policy);
  },
});
