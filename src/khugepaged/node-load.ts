/**
 * How far nodes are from each other, and what counts as far (node_reclaim_mode;
 * docs/khugepaged.md#node-distance).
 */
export interface NodeDistances {
  /** Distance from node to node, as in /sys/devices/system/node/node<i>/distance. */
  readonly between: readonly (readonly number[])[];
  /** RECLAIM_DISTANCE: 30 on most machines. */
  readonly reclaim: number;
}

/**
 * The nodes to allocate from, in order: the lowest of those with the highest load, then the others with the
 * same load; nothing else. Without any load all nodes.
 * Source: hpage_collapse_find_target_node, docs/khugepaged.md#allocation.
 */
export function nodesByLoad(load: readonly number[]): number[] {
  const highest = Math.max(...load);
  return load.flatMap((pages, node) => (pages === highest ? [node] : []));
}

/**
 * Whether a page on this node is too far from the pages counted before.
 * Source: collapse_scan_pmd, docs/khugepaged.md#node-distance.
 */
export function isTooFar(
  load: readonly number[],
  node: number,
  distances: NodeDistances | undefined,
): boolean {
  if (!distances || load[node] > 0) return false;
  return load.some((pages, other) => pages > 0 && distances.between[node][other] > distances.reclaim);
}
