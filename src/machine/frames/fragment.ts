import { MOVABLE, type Mobility, UNMOVABLE } from './buddy.ts';
import { FRAME_CACHE, FRAME_FREE, FRAME_KERNEL, NO_FRAME, PG_HEAD } from './frame-table.ts';
import type { Machine } from '../machine.ts';
import { below, type Random } from '../../core/base/random.ts';

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

/** How memory is used and given back. */
export interface Churn {
  /** Pages allocated one by one. */
  readonly pages: number;
  /** Share of them that is unmovable, 0 to 1. */
  readonly unmovable: number;
  /** Share of them that stays allocated. */
  readonly kept: number;
}

/**
 * Allocates single pages, kernel memory and page cache mixed, then frees some of them in random order: the allocator
 * itself decides where. Returns the frames that stay allocated; compaction may move those of page cache, reclaim drop them.
 */
export function churn(machine: Machine, node: number, how: Churn, random: Random): Int32Array {
  const frames = new Int32Array(how.pages);
  let count = 0;
  while (count < how.pages) {
    const isUnmovable = random() < how.unmovable;
    const mobility: Mobility = isUnmovable ? UNMOVABLE : MOVABLE;
    const frame = machine.nodes[node].alloc(0, mobility);
    if (frame === NO_FRAME) break;
    own(machine, frame, isUnmovable ? FRAME_KERNEL : FRAME_CACHE);
    frames[count++] = frame;
  }
  const kept = Math.round(count * how.kept);
  for (; count > kept; count--) {
    const i = below(count, random);
    giveBack(machine, frames[i]);
    frames[i] = frames[count - 1];
  }
  return frames.slice(0, kept);
}

/** Frees kernel memory or page cache that `churn` or `fragment` allocated. */
export function giveBack(machine: Machine, frame: number): void {
  const kind = machine.frames.kind(frame);
  if (kind !== FRAME_CACHE && kind !== FRAME_KERNEL) throw new Error(`frame ${frame} is not the kernel's`);
  if (kind === FRAME_CACHE) machine.cachePages--;
  machine.frames.flags[frame] = FRAME_FREE;
  machine.nodeOf(frame).free(frame, 0);
}

function take(machine: Machine, node: number, frame: number, kind: number): void {
  if (machine.nodes[node].takeFrame(frame)) own(machine, frame, kind);
}

function own(machine: Machine, frame: number, kind: number): void {
  machine.frames.flags[frame] = kind | PG_HEAD;
  machine.frames.order[frame] = 0;
  if (kind === FRAME_CACHE) machine.cachePages++;
}
