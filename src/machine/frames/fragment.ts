import { below, type Random } from '../../core/base/random.ts';
import type { Machine } from '../machine.ts';
import { FRAME_CACHE, FRAME_KERNEL, PG_HEAD } from './frame-table.ts';

/** How a node has been used before: each share is of 0 to 1. */
export interface Fragmentation {
  /** Blocks of the PMD size that hold one unmovable page somewhere: they never become whole again. */
  readonly unmovableBlocks?: number;
  /** Blocks of the PMD size that are filled with page cache: compaction or reclaim can make them whole. */
  readonly cacheBlocks?: number;
  /** Pages of those that are in use, at random places. */
  readonly cacheFill?: number;
}

/** Fragments the free memory of a node as a long uptime does. The same numbers give the same memory. */
export function fragment(machine: Machine, node: number, how: Fragmentation, random: Random): void {
  const { unmovableBlocks = 0, cacheBlocks = 0, cacheFill = 0.5 } = how;
  const { first, end } = machine.nodes[node];
  const size = machine.rangePages;
  for (let block = first; block + size <= end; block += size) {
    if (random() < unmovableBlocks) take(machine, node, block + below(size, random), FRAME_KERNEL);
    if (random() >= cacheBlocks) continue;
    for (let frame = block; frame < block + size; frame++) {
      if (random() < cacheFill) take(machine, node, frame, FRAME_CACHE);
    }
  }
}

function take(machine: Machine, node: number, frame: number, kind: number): void {
  if (machine.nodes[node].takeFrame(frame)) ownFrame(machine, frame, kind);
}

/** Makes an allocated frame the kernel's or the page cache's. */
export function ownFrame(machine: Machine, frame: number, kind: number): void {
  machine.frames.flags[frame] = kind | PG_HEAD;
  machine.frames.order[frame] = 0;
  if (kind === FRAME_CACHE) machine.cachePages++;
}
