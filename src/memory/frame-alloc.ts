import type { Mobility } from './buddy.ts';
import { NO_FRAME } from './frame-table.ts';
import { compact } from './compaction.ts';
import type { Machine } from './machine.ts';
import { reclaim } from './reclaim.ts';

/** How hard an allocation tries: `light` takes what is free, `direct` also compacts and reclaims (spec 5.2). */
export type AllocMode = 'light' | 'direct';

/** Pages that one round of direct reclaim aims at, at least (SWAP_CLUSTER_MAX). */
const RECLAIM_BATCH = 32;
const RECLAIM_ROUNDS = 3;

/**
 * Allocates 2^order frames from the first of `nodes` that has them. The frames' kind is then up to the caller.
 * NO_FRAME if there are none; the work that was done for it is in `machine.work`.
 */
export function allocFrames(
  machine: Machine,
  order: number,
  mobility: Mobility,
  nodes: readonly number[],
  mode: AllocMode,
): number {
  const frame = takeFree(machine, order, mobility, nodes);
  if (frame !== NO_FRAME || mode === 'light') return frame;
  return allocSlowly(machine, order, mobility, nodes);
}

function takeFree(machine: Machine, order: number, mobility: Mobility, nodes: readonly number[]): number {
  for (let i = 0; i < nodes.length; i++) {
    const node = machine.nodes[nodes[i]];
    if (node.freePages - (1 << order) < machine.minFreePages) continue;
    const frame = node.alloc(order, mobility);
    if (frame !== NO_FRAME) return frame;
  }
  return NO_FRAME;
}

function allocSlowly(machine: Machine, order: number, mobility: Mobility, nodes: readonly number[]): number {
  for (let round = 0; round <= RECLAIM_ROUNDS; round++) {
    let progress = false;
    if (order > 0) for (const node of nodes) progress = compact(machine, node, order).done || progress;
    if (!progress && round < RECLAIM_ROUNDS) {
      const pages = Math.max(RECLAIM_BATCH, 2 << order);
      for (const node of nodes) progress = reclaim(machine, { pages, node }).freed > 0 || progress;
    }
    const frame = takeFree(machine, order, mobility, nodes);
    if (frame !== NO_FRAME) return frame;
    if (!progress) return NO_FRAME;
  }
  return NO_FRAME;
}

/** All nodes, `first` first, the others ascending. */
export function nodesFrom(machine: Machine, first: number): readonly number[] {
  if (machine.nodes.length === 1) return ONLY_NODE;
  return [first, ...machine.nodes.map(({ node }) => node).filter((node) => node !== first)];
}

const ONLY_NODE: readonly number[] = [0];
