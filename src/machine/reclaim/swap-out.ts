import { folioMapcount, isIdle, putFolio, removeRmap, setLazyfree } from '../folios/folio.ts';
import { splitFolio } from '../folios/folio-split.ts';
import { forEachMapping } from '../folios/rmap-walk.ts';
import { PG_LAZYFREE, PG_POISONED } from '../frames/frame-table.ts';
import type { Machine } from '../machine.ts';
import { splitPmd } from '../page-tables/pmd-split.ts';
import { makePte, PTE_DIRTY, PTE_SWAP, PTE_UFFD } from '../page-tables/pte.ts';
import { NO_SLOT } from './swap-area.ts';

/**
 * Frees a folio that is idle: drops it if MADV_FREE marked it and nobody wrote to it since, else writes it to
 * swap. A large folio goes as a whole if all its pages are mapped and consecutive slots are free; else it is
 * split first. Returns the pages that became free. Source: shrink_folio_list for anonymous memory.
 */
export function swapOutFolio(machine: Machine, head: number): number {
  const f = machine.frames;
  if (!isIdle(f, head) || f.has(head, PG_POISONED)) return 0;
  if (f.has(head, PG_LAZYFREE)) {
    if (!isDirty(machine, head)) return drop(machine, head);
    setLazyfree(machine, head, false);
  }
  const order = f.order[head];
  if (order === 0) return writeOut(machine, head, machine.swap.take(0), 1);
  return swapOutLarge(machine, head, order);
}

function swapOutLarge(machine: Machine, head: number, order: number): number {
  const f = machine.frames;
  const pages = 1 << order;
  const isPmdSize = order === machine.geometry.pmdOrder;
  const { mthp, vmstat } = machine.counters;
  forEachMapping(machine, head, (mm, pmd, offset) => {
    if (offset < 0) splitPmd(machine, mm, pmd);
  });
  const whole = f.refcount[head + 3] === pages;
  const slot = whole ? machine.swap.take(order) : NO_SLOT;
  if (slot !== NO_SLOT) {
    mthp.swpout[order]++;
    if (isPmdSize) vmstat.thp_swpout++;
    return writeOut(machine, head, slot, pages);
  }
  if (whole) {
    if (machine.swap.free === 0) return 0;
    mthp.swpout_fallback[order]++;
    if (isPmdSize) vmstat.thp_swpout_fallback++;
  }
  const before = machine.freePages;
  if (!splitFolio(machine, head)) return 0;
  for (let page = head; page < head + pages; page++) {
    if (isIdle(f, page) && f.order[page] === 0 && f.mapcount[page] > 0) swapOutFolio(machine, page);
  }
  return machine.freePages - before;
}

function writeOut(machine: Machine, head: number, slot: number, pages: number): number {
  if (slot === NO_SLOT) return 0;
  const f = machine.frames;
  for (let i = 0; i < pages; i++) machine.swap.store(slot + i, f.content[head + i], f.mapcount[head + i]);
  unmap(machine, head, (offset) => makePte(PTE_SWAP, slot + offset, 0));
  machine.counters.vmstat.pswpout += pages;
  machine.work.swapWrites += pages;
  return pages;
}

/** Drops a clean MADV_FREE folio: its PTEs become none. */
function drop(machine: Machine, head: number): number {
  const pages = 1 << machine.frames.order[head];
  forEachMapping(machine, head, (mm, pmd, offset) => {
    if (offset < 0) splitPmd(machine, mm, pmd);
  });
  unmap(machine, head, undefined);
  machine.counters.vmstat.pglazyfreed += pages;
  return pages;
}

/** Replaces every PTE of a folio by its swap entry, or by none, and frees the folio with the last. */
function unmap(machine: Machine, head: number, entryOf: ((offset: number) => number) | undefined): void {
  const f = machine.frames;
  f.refcount[head]++;
  let mappings = 0;
  forEachMapping(machine, head, (mm, pmd, offset, frame) => {
    const uffd = pmd.ptes[offset] & PTE_UFFD;
    pmd.ptes[offset] = entryOf ? entryOf(frame - head) | uffd : 0;
    if (entryOf) mm.swapEntries++;
    mm.rssPages--;
    mappings++;
  });
  if (mappings !== folioMapcount(f, head)) throw new Error(`folio ${head}: a mapping was not found`);
  removeAllRmap(machine, head);
  putFolio(machine, head, mappings + 1);
}

/** The folio is mapped nowhere any more: no part of it stays, so that it is not queued to be split. */
function removeAllRmap(machine: Machine, head: number): void {
  const f = machine.frames;
  if (f.order[head] === 0) {
    for (let n = f.mapcount[head]; n > 0; n--) removeRmap(machine, head, 1, 0);
    return;
  }
  f.mapcount.fill(0, head, head + (1 << f.order[head]));
  f.refcount.fill(0, head + 1, head + 4);
}

function isDirty(machine: Machine, head: number): boolean {
  let dirty = false;
  forEachMapping(machine, head, (_mm, pmd, offset) => {
    dirty ||= ((offset < 0 ? pmd.leaf : pmd.ptes[offset]) & PTE_DIRTY) !== 0;
  });
  return dirty;
}
