import { clearPages, setPage } from '../../core/memory/occupancy.ts';
import { isShmem } from '../../core/rules/page-cache.ts';
import { zeroFrames } from '../folios/folio.ts';
import { allocFolio } from '../folios/folio-alloc.ts';
import { FRAME_FILE, FRAME_KIND, NO_FRAME, PG_HEAD } from '../frames/frame-table.ts';
import type { Machine } from '../machine.ts';
import type { Mm } from '../page-tables/mm.ts';
import type { Memcg } from '../reclaim/memcg.ts';
import { type FilePages, rangeOf } from './page-cache.ts';

/** Makes allocated frames a folio of the page cache, of any order; `memcg` is charged already. */
export function initCacheFolio({ frames: f }: Machine, head: number, order: number, memcg: Memcg): void {
  f.flags.fill(FRAME_FILE, head, head + (1 << order));
  f.flags[head] |= PG_HEAD;
  f.order.fill(order, head, head + (1 << order));
  f.memcg[head] = memcg.id;
  f.refcount[head] = 1;
}

/** Makes a new anonymous folio of the PMD order that nobody maps one of the page cache. */
export function becomeCacheFolio({ frames: f, counters }: Machine, head: number): void {
  const order = f.order[head];
  for (let frame = head; frame < head + (1 << order); frame++)
    f.flags[frame] = (f.flags[frame] & ~FRAME_KIND) | FRAME_FILE;
  counters.mthp.nr_anon[order]--;
}

/** Puts a folio of the page cache at its place in a file, where nothing is. */
export function insertFolio(machine: Machine, pages: FilePages, first: number, head: number): void {
  const { cache, frames: f, geometry, rangePages } = machine;
  const count = 1 << f.order[head];
  const { frames } = rangeOf(machine, pages, Math.floor(first / rangePages));
  for (let i = 0; i < count; i++) {
    if (frames[(first % rangePages) + i] !== NO_FRAME) throw new Error(`page ${first + i} is cached already`);
    frames[(first % rangePages) + i] = head + i;
  }
  cache.pages += count;
  if (f.order[head] === geometry.pmdOrder) cache.hugePages += count;
}

/**
 * Brings a page that is not there into the page cache as a small page of zeros, charged to who wants it;
 * false if there is no memory.
 */
export function addSmallPage(machine: Machine, mm: Mm, pages: FilePages, page: number): boolean {
  const nodes = machine.nodeOrders[mm.node];
  const head = allocFolio(machine, 0, mm.memcg, nodes, 'direct', initCacheFolio);
  if (head < 0) return false;
  zeroFrames(machine, head, 1);
  insertFolio(machine, pages, page, head);
  return true;
}

/** A page of a file that is in the page cache holds something new; a file's is dirty until it is synced. */
export function noteWritten(machine: Machine, pages: FilePages, page: number): void {
  const { frames, dirty } = rangeOf(machine, pages, Math.floor(page / machine.rangePages));
  machine.frames.content[frames[page % machine.rangePages]] = machine.freshContent(1);
  if (!isShmem(pages.file)) setPage(dirty, page % machine.rangePages);
}

/** Frees the folio at a page of a file, all of it; nobody maps it. Returns its pages. */
export function dropFolio(machine: Machine, pages: FilePages, page: number): number {
  const { cache, frames: f, geometry, memcgs, rangePages } = machine;
  const range = rangeOf(machine, pages, Math.floor(page / rangePages));
  const head = f.headOf(range.frames[page % rangePages]);
  const order = f.order[head];
  const count = 1 << order;
  const first = (page % rangePages) & -count;
  range.frames.fill(NO_FRAME, first, first + count);
  clearPages(range.dirty, first, count);
  cache.pages -= count;
  if (order === geometry.pmdOrder) cache.hugePages -= count;
  memcgs[f.memcg[head]].uncharge(count);
  f.flags.fill(0, head, head + count);
  f.refcount[head] = 0;
  machine.nodeOf(head).free(head, order);
  return count;
}

/** Makes small pages of a large folio; nobody maps it. Source: split_folio, on truncation. */
export function splitCacheFolio(machine: Machine, head: number): void {
  const { cache, counters, frames: f, geometry, work } = machine;
  const order = f.order[head];
  const count = 1 << order;
  f.order.fill(0, head, head + count);
  f.flags.fill(FRAME_FILE | PG_HEAD, head, head + count);
  f.memcg.fill(f.memcg[head], head, head + count);
  f.refcount.fill(1, head, head + count);
  if (order === geometry.pmdOrder) {
    cache.hugePages -= count;
    counters.vmstat.thp_split_page++;
  }
  counters.mthp.split[order]++;
  work.splits++;
}
