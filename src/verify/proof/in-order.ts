/** Nodes so that each comes before those that follow it; undefined if some follow themselves. */
export function inOrder<N extends { readonly after: readonly N[] }>(
  nodes: readonly N[],
): readonly N[] | undefined {
  const before = new Map<N, number>();
  for (const { after } of nodes) for (const next of after) before.set(next, (before.get(next) ?? 0) + 1);
  const order = nodes.filter((node) => !before.has(node));
  for (const { after } of order) {
    for (const next of after) {
      const left = (before.get(next) ?? 0) - 1;
      before.set(next, left);
      if (left === 0) order.push(next);
    }
  }
  return order.length < nodes.length ? undefined : order;
}
