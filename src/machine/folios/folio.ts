import {
  FRAME_FOLIO,
  type FrameTable,
  PG_DEFERRED,
  PG_HEAD,
  PG_LAZYFREE,
  PG_LOCKED,
  PG_LRU,
  PG_PARTIAL,
} from '../frames/frame-table.ts';
import type { Machine } from '../machine.ts';
import type { Memcg } from '../reclaim/memcg.ts';
import { noteMapped, noteUnmapped } from './mapped-shared.ts';

/** Mappings of a folio: PTEs, and one for each PMD leaf (folio_mapcount). */
export function folioMapcount(f: FrameTable, head: number): number {
  return f.order[head] === 0 ? f.mapcount[head] : f.refcount[head + 1];
}

/**
 * References that the mappings of a folio explain (folio_expected_ref_count, docs/khugepaged.md#shared).
 * There is no swap cache.
 */
export function expectedRefs(f: FrameTable, head: number): number {
  return folioMapcount(f, head);
}

/** Makes allocated frames an anonymous folio with one reference, the caller's; `memcg` is charged already. */
export function initFolio(machine: Machine, head: number, order: number, memcg: Memcg): void {
  const f = machine.frames;
  const { flags, refcount } = f;
  if (order === 0) {
    flags[head] = FRAME_FOLIO | PG_HEAD;
    f.order[head] = 0;
  } else {
    const end = head + (1 << order);
    flags.fill(FRAME_FOLIO, head, end);
    flags[head] |= PG_HEAD;
    f.order.fill(order, head, end);
    refcount.fill(0, head + 1, head + 4);
    f.rmap.fill(0, head + 1, head + 4);
    machine.counters.mthp.nr_anon[order]++;
  }
  f.memcg[head] = memcg.id;
  refcount[head] = 1;
}

/** Fills pages of a folio with zeros. */
export function zeroFrames(machine: Machine, first: number, count: number): void {
  if (count === 1) machine.frames.content[first] = 0;
  else machine.frames.content.fill(0, first, first + count);
  machine.work.zeroedPages += count;
}

/** PTEs of an mm now map `count` consecutive pages of a folio; references are the caller's matter. */
export function addRmap(machine: Machine, frame: number, count: number, mm: number): void {
  const f = machine.frames;
  const { mapcount, refcount } = f;
  if (f.order[frame] === 0) {
    if (++mapcount[frame] === 0) throw new Error(`frame ${frame} has too many mappings`);
    return;
  }
  const head = f.headOf(frame);
  for (let page = frame; page < frame + count; page++) {
    if (++mapcount[page] === 1) refcount[head + 3]++;
  }
  refcount[head + 1] += count;
  noteMapped(f, head, mm, count);
}

/**
 * The opposite of addRmap; a large folio of which only a part stays mapped goes on the deferred split queue.
 */
export function removeRmap(machine: Machine, frame: number, count: number, mm: number): void {
  const f = machine.frames;
  const { mapcount, refcount } = f;
  if (f.order[frame] === 0) {
    if (mapcount[frame]-- === 0) throw new Error(`frame ${frame} is not mapped`);
    return;
  }
  const head = f.headOf(frame);
  let gone = 0;
  for (let page = frame; page < frame + count; page++) {
    if (mapcount[page]-- === 0) throw new Error(`frame ${page} is not mapped`);
    if (mapcount[page] === 0) gone++;
  }
  refcount[head + 3] -= gone;
  refcount[head + 1] -= count;
  noteUnmapped(f, head, mm, count);
  if (gone > 0 && refcount[head + 1] > 0 && refcount[head + 2] === 0) deferSplit(machine, head, 'partial');
}

/** A PMD leaf of an mm now maps the folio. */
export function addLeafRmap(machine: Machine, head: number, mm: number): void {
  const f = machine.frames;
  f.refcount[head + 2]++;
  f.refcount[head + 1]++;
  noteMapped(f, head, mm, 1);
}

export function removeLeafRmap(machine: Machine, head: number, mm: number): void {
  const f = machine.frames;
  const pages = 1 << f.order[head];
  f.refcount[head + 2]--;
  f.refcount[head + 1]--;
  noteUnmapped(f, head, mm, 1);
  const mapped = f.refcount[head + 3];
  if (f.refcount[head + 2] === 0 && mapped > 0 && mapped < pages) deferSplit(machine, head, 'partial');
}

/**
 * Queues a large folio to be split when memory is short: because a part of it is no longer mapped, or because
 * it may be mostly zeros. Source: deferred_split_folio, docs/khugepaged.md#deferred-split.
 */
export function deferSplit(machine: Machine, head: number, why: 'partial' | 'underused'): void {
  const f = machine.frames;
  const order = f.order[head];
  if (why === 'partial' && !f.has(head, PG_PARTIAL)) {
    f.set(head, PG_PARTIAL);
    machine.counters.mthp.split_deferred[order]++;
    machine.counters.mthp.nr_anon_partially_mapped[order]++;
    if (order === machine.geometry.pmdOrder) machine.counters.vmstat.thp_deferred_split_page++;
  }
  if (f.has(head, PG_DEFERRED)) return;
  f.set(head, PG_DEFERRED);
  machine.deferred.add(head);
}

/** Takes a folio off the deferred split queue, because it is freed or split. */
export function undeferSplit(machine: Machine, head: number): void {
  const f = machine.frames;
  if (f.has(head, PG_PARTIAL)) machine.counters.mthp.nr_anon_partially_mapped[f.order[head]]--;
  if (f.has(head, PG_DEFERRED)) machine.deferred.delete(head);
  f.clear(head, PG_PARTIAL | PG_DEFERRED);
}

export function getFolio(machine: Machine, head: number, references: number): void {
  machine.frames.refcount[head] += references;
}

/** Drops references; the last one frees the folio. */
export function putFolio(machine: Machine, head: number, references: number): void {
  const { refcount } = machine.frames;
  refcount[head] -= references;
  if (refcount[head] > 0) return;
  if (refcount[head] < 0) throw new Error(`folio ${head} has lost a reference too many`);
  freeFolio(machine, head);
}

function freeFolio(machine: Machine, head: number): void {
  const f = machine.frames;
  const order = f.order[head];
  const pages = 1 << order;
  if (folioMapcount(f, head) !== 0) throw new Error(`folio ${head} is freed while it is mapped`);
  if (f.has(head, PG_LAZYFREE)) machine.lazyfreePages -= pages;
  machine.memcgs[f.memcg[head]].uncharge(pages);
  if (order === 0) {
    f.flags[head] = 0;
  } else {
    undeferSplit(machine, head);
    machine.counters.mthp.nr_anon[order]--;
    f.flags.fill(0, head, head + pages);
    f.refcount.fill(0, head + 1, head + 4);
  }
  machine.nodeOf(head).free(head, order);
}

/** Marks a folio as MADV_FREE does, or undoes it when the folio was written again. */
export function setLazyfree(machine: Machine, head: number, lazyfree: boolean): void {
  const f = machine.frames;
  if (f.has(head, PG_LAZYFREE) === lazyfree) return;
  const pages = 1 << f.order[head];
  machine.lazyfreePages += lazyfree ? pages : -pages;
  if (lazyfree) f.set(head, PG_LAZYFREE);
  else f.clear(head, PG_LAZYFREE);
}

/**
 * Whether a folio can be taken for migration or reclaim: on the LRU, not locked, no reference but its
 * mappings.
 */
export function isIdle(f: FrameTable, head: number): boolean {
  return f.has(head, PG_LRU) && !f.has(head, PG_LOCKED) && f.refcount[head] === expectedRefs(f, head);
}
