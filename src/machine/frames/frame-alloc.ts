import type { Machine } from '../machine.ts';
import { reclaim } from '../reclaim/reclaim.ts';
import type { Mobility } from './buddy.ts';
import { compact } from './compaction.ts';
import { NO_FRAME } from './frame-table.ts';

/**
 * How hard an allocation tries: `light` takes what is free, `direct` also compacts and reclaims
 * (alloc_charge_folio, docs/khugepaged.md#allocation).
 */
export type AllocMode = 'light' | 'direct';

/** Pages that one round of direct reclaim aims at, at least (SWAP_CLUSTER_MAX). */
const RECLAIM_BATCH = 32;
const RECLAIM_ROUNDS = 3;
/** Above this order an allocation may well fail (PAGE_ALLOC_COSTLY_ORDER). */
const COSTLY_ORDER = 3;

/**
 * Allocates 2^order frames from the first of `nodes` that has them. The frames' kind is then up to the
 * caller. NO_FRAME if there are none; the work that was done for it is in `machine.work`.
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
    if (!progress && round < RECLAIM_ROUNDS) progress = reclaimFor(machine, order, nodes);
    const frame = takeFree(machine, order, mobility, nodes);
    if (frame !== NO_FRAME || !progress) return frame;
  }
  return NO_FRAME;
}

/**
 * Reclaims so that an allocation, or the compaction for it, may succeed. Where a large block is wanted and
 * enough is free already, in small pieces, reclaim would not help (compaction_ready).
 */
function reclaimFor(machine: Machine, order: number, nodes: readonly number[]): boolean {
  const pages = Math.max(RECLAIM_BATCH, 2 << order);
  let freed = 0;
  for (const node of nodes) {
    const spare = machine.nodes[node].freePages - machine.minFreePages;
    if (order > COSTLY_ORDER && spare >= 3 << order) continue;
    freed += reclaim(machine, { pages, node }).freed;
  }
  return freed > 0;
}
