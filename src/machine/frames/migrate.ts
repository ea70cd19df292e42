import { addRmap, getFolio, isIdle, putFolio, removeRmap } from '../folios/folio.ts';
import { FRAME_CACHE, PG_LOCKED } from './frame-table.ts';
import { isolateFromLru, putBackToLru } from '../folios/lru.ts';
import type { Machine } from '../machine.ts';
import type { Mm } from '../page-tables/mm.ts';
import type { Pmd } from '../page-tables/pmd.ts';
import { makePte, PTE_MIGRATION, PTE_PRESENT, pteBits } from '../page-tables/pte.ts';
import { forEachMapping } from '../folios/rmap-walk.ts';

/**
 * Moves a small folio, or a page of page cache, to a free frame: content, references and every PTE. The old frame has no
 * owner afterwards. Source: migrate_folio, without the migration entries that others would wait on.
 */
export function migrateFrame(machine: Machine, from: number, to: number): void {
  const f = machine.frames;
  const isCache = f.kind(from) === FRAME_CACHE;
  if (!isCache) {
    forEachMapping(machine, from, (_mm, pmd, offset) => {
      pmd.ptes[offset] = makePte(PTE_PRESENT, to, pteBits(pmd.ptes[offset]));
    });
  }
  moveFrame(machine, from, to);
}

/** Moves what the frame table says about a small folio; the PTEs are the caller's matter. */
function moveFrame(machine: Machine, from: number, to: number): void {
  const f = machine.frames;
  f.flags[to] = f.flags[from];
  f.order[to] = 0;
  f.memcg[to] = f.memcg[from];
  f.refcount[to] = f.refcount[from];
  f.mapcount[to] = f.mapcount[from];
  f.content[to] = f.content[from];
  f.rmap[to] = f.rmap[from];
  f.refcount[from] = 0;
  f.mapcount[from] = 0;
  machine.work.copiedPages++;
}

/**
 * Begins the migration of a small folio and leaves it there: its PTEs are migration entries, it is locked and off the
 * LRU until `endMigration`. False if the folio is large or in use.
 */
export function beginMigration(machine: Machine, frame: number): boolean {
  const f = machine.frames;
  if (f.order[frame] > 0 || !isIdle(f, frame)) return false;
  isolateFromLru(machine, frame);
  f.set(frame, PG_LOCKED);
  forEachMapping(machine, frame, (mm, pmd, offset) => {
    pmd.ptes[offset] = makePte(PTE_MIGRATION, frame, pteBits(pmd.ptes[offset]));
    removeRmap(machine, frame, 1, mm.id);
    putFolio(machine, frame, 1);
  });
  return true;
}

/** Ends a migration: the folio is mapped again, where it was. */
export function endMigration(machine: Machine, frame: number): void {
  const visit = (mm: Mm, pmd: Pmd, offset: number) => {
    pmd.ptes[offset] = makePte(PTE_PRESENT, frame, pteBits(pmd.ptes[offset]));
    addRmap(machine, frame, 1, mm.id);
    getFolio(machine, frame, 1);
  };
  forEachMapping(machine, frame, visit, PTE_MIGRATION);
  machine.frames.clear(frame, PG_LOCKED);
  putBackToLru(machine, frame);
}
