import { below, type Random } from '../../../src/core/base/random.ts';
import { MOVABLE, type Mobility, UNMOVABLE } from '../../../src/machine/frames/buddy.ts';
import { ownFrame } from '../../../src/machine/frames/fragment.ts';
import { FRAME_CACHE, FRAME_FREE, FRAME_KERNEL, NO_FRAME } from '../../../src/machine/frames/frame-table.ts';
import type { Machine } from '../../../src/machine/machine.ts';

/** How memory is used and given back. */
interface Churn {
  /** Pages allocated one by one. */
  readonly pages: number;
  /** Share of them that is unmovable, 0 to 1. */
  readonly unmovable: number;
  /** Share of them that stays allocated. */
  readonly kept: number;
}

/**
 * Allocates single pages, kernel memory and page cache mixed, then frees some of them in random order: the
 * allocator itself decides where. Returns the frames that stay allocated; compaction may move those of page
 * cache, reclaim drop them.
 */
export function churn(machine: Machine, node: number, how: Churn, random: Random): Int32Array {
  const frames = new Int32Array(how.pages);
  let count = 0;
  while (count < how.pages) {
    const isUnmovable = random() < how.unmovable;
    const mobility: Mobility = isUnmovable ? UNMOVABLE : MOVABLE;
    const frame = machine.nodes[node].alloc(0, mobility);
    if (frame === NO_FRAME) break;
    ownFrame(machine, frame, isUnmovable ? FRAME_KERNEL : FRAME_CACHE);
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
