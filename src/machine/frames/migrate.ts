import { forEachMapping } from '../folios/rmap-walk.ts';
import type { Machine } from '../machine.ts';
import { makePte, PTE_PRESENT, pteBits } from '../page-tables/pte.ts';
import { FRAME_CACHE } from './frame-table.ts';

/**
 * Moves a small folio, or a page of page cache, to a free frame: content, references and every PTE. The old
 * frame has no owner afterwards. Source: migrate_folio, without the migration entries that others would wait
 * on.
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
