import { isIdle } from '../folios/folio.ts';
import { drainAllLru } from '../folios/lru.ts';
import type { Machine } from '../machine.ts';
import { MOVABLE } from './buddy.ts';
import {
  FRAME_CACHE,
  FRAME_FOLIO,
  FRAME_FREE,
  FRAME_KIND,
  type FrameTable,
  NO_FRAME,
  PG_HEAD,
  PG_POISONED,
} from './frame-table.ts';
import { migrateFrame } from './migrate.ts';

/** What a compaction did, in frames. */
export interface CompactReport {
  /** Whether a free block of the order has come about. */
  readonly done: boolean;
  readonly scanned: number;
  readonly moved: number;
  /** Not tried, because it failed not long ago for this order or a smaller one. */
  readonly deferred: boolean;
}

/** Requests skipped after repeated failures: at most 2^6 (COMPACT_MAX_DEFER_SHIFT). */
const MAX_DEFER_SHIFT = 6;

/**
 * Makes a free block of 2^order frames on a node by moving small anonymous folios and page cache out of an
 * aligned block into other free frames. Folios that are pinned, locked, off the LRU or large stay, and so do
 * blocks that hold one. The search goes on where the last one ended and looks at each frame of the node at
 * most once.
 * Source: compact_zone in outline; deferral as in mm/compaction.c.
 */
export function compact(machine: Machine, node: number, order: number): CompactReport {
  const deferral = machine.compactDeferred[node];
  const { vmstat } = machine.counters;
  if (order >= deferral.order && deferral.skip > 0) {
    deferral.skip--;
    return { done: false, scanned: 0, moved: 0, deferred: true };
  }
  drainAllLru(machine);
  vmstat.compact_stall++;
  const report = sweep(machine, node, order);
  vmstat.compact_migrate_scanned += report.scanned;
  machine.work.compactScanned += report.scanned;
  machine.work.compactMoved += report.moved;
  if (report.done) {
    vmstat.compact_success++;
    if (order >= deferral.order) deferral.order = order + 1;
    deferral.shift = 0;
  } else {
    vmstat.compact_fail++;
    if (order < deferral.order) deferral.order = order;
    deferral.shift = Math.min(deferral.shift + 1, MAX_DEFER_SHIFT);
    deferral.skip = 1 << deferral.shift;
  }
  return report;
}

function sweep(machine: Machine, node: number, order: number): CompactReport {
  const { first, end, freePages } = machine.nodes[node];
  const size = 1 << order;
  const places = Math.floor((end - first) / size);
  let scanned = 0;
  if (freePages < size) return { done: false, scanned, moved: 0, deferred: false };
  let place = Math.floor((machine.compactHands[node] - first) / size) % Math.max(1, places);
  for (let i = 0; i < places; i++, place = (place + 1) % places) {
    const block = first + place * size;
    const { looked, moves } = judgeBlock(machine, block, size);
    scanned += looked;
    if (moves < 0) continue;
    machine.compactHands[node] = block + size < end ? block + size : first;
    // A block that holds nothing is free as a whole already.
    if (moves > 0) moveOut(machine, node, block, order);
    return { done: true, scanned, moved: moves, deferred: false };
  }
  return { done: false, scanned, moved: 0, deferred: false };
}

/** How many pages must leave a block; -1 if one cannot, as seen after `looked` frames. */
function judgeBlock(machine: Machine, block: number, size: number): { looked: number; moves: number } {
  const f = machine.frames;
  let moves = 0;
  for (let frame = block; frame < block + size; ) {
    const flags = f.flags[frame];
    const kind = flags & FRAME_KIND;
    if (kind === FRAME_FREE) {
      // The interior of a free block that began before this one.
      frame += flags & PG_HEAD ? 1 << f.order[frame] : 1;
      continue;
    }
    if (kind !== FRAME_CACHE && !(kind === FRAME_FOLIO && isMovable(f, frame)))
      return { looked: frame - block + 1, moves: -1 };
    moves++;
    frame++;
  }
  return { looked: size, moves };
}

function isMovable(f: FrameTable, frame: number): boolean {
  return f.order[frame] === 0 && isIdle(f, frame) && !f.has(frame, PG_POISONED);
}

/** Empties a block whose pages can all move, and frees it as one. */
function moveOut(machine: Machine, node: number, block: number, order: number): void {
  const f = machine.frames;
  const buddy = machine.nodes[node];
  const end = block + (1 << order);
  const used: number[] = [];
  for (let frame = block; frame < end; ) {
    if ((f.flags[frame] & FRAME_KIND) !== FRAME_FREE) {
      used.push(frame++);
      continue;
    }
    const pages = 1 << f.order[frame];
    buddy.takeBlock(frame);
    frame += pages;
  }
  for (const from of used) {
    const to = buddy.alloc(0, MOVABLE);
    if (to === NO_FRAME) throw new Error('compaction ran out of the frames it had counted');
    migrateFrame(machine, from, to);
    f.flags[from] = FRAME_FREE;
  }
  machine.counters.vmstat.pgmigrate_success += used.length;
  buddy.free(block, order);
}
