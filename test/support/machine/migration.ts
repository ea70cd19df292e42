import { addRmap, getFolio, isIdle, putFolio, removeRmap } from '../../../src/machine/folios/folio.ts';
import { isolateFromLru, putBackToLru } from '../../../src/machine/folios/lru.ts';
import { forEachMapping } from '../../../src/machine/folios/rmap-walk.ts';
import { PG_LOCKED } from '../../../src/machine/frames/frame-table.ts';
import type { Machine } from '../../../src/machine/machine.ts';
import type { Mm } from '../../../src/machine/page-tables/mm.ts';
import type { Pmd } from '../../../src/machine/page-tables/pmd.ts';
import { makePte, PTE_MIGRATION, PTE_PRESENT, pteBits } from '../../../src/machine/page-tables/pte.ts';

/**
 * Begins the migration of a small folio and leaves it there: its PTEs are migration entries, it is locked and
 * off the LRU until `endMigration`. False if the folio is large or in use.
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
