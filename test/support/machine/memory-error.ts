import { isIdle, putFolio, removeRmap, setLazyfree } from '../../../src/machine/folios/folio.ts';
import { splitFolio } from '../../../src/machine/folios/folio-split.ts';
import { isolateFromLru } from '../../../src/machine/folios/lru.ts';
import { forEachMapping } from '../../../src/machine/folios/rmap-walk.ts';
import { FRAME_KERNEL, PG_HEAD, PG_POISONED } from '../../../src/machine/frames/frame-table.ts';
import type { Machine } from '../../../src/machine/machine.ts';
import { PTE_HWPOISON } from '../../../src/machine/page-tables/pte.ts';

/** The next read of this frame will raise a memory error; nobody knows yet. */
export function poisonFrame(machine: Machine, frame: number): void {
  machine.frames.set(frame, PG_POISONED);
}

/**
 * Takes a frame out of use for good: whoever maps it has a hwpoison entry from now on. False if others hold
 * references.
 * Source: memory_failure for anonymous memory.
 */
export function loseFrame(machine: Machine, frame: number): boolean {
  const f = machine.frames;
  if (f.order[frame] > 0 && !splitFolio(machine, f.headOf(frame))) return false;
  if (!isIdle(f, frame) || f.mapcount[frame] === 0) return false;
  isolateFromLru(machine, frame);
  setLazyfree(machine, frame, false);
  forEachMapping(machine, frame, (mm, pmd, offset) => {
    pmd.ptes[offset] = PTE_HWPOISON;
    mm.rssPages--;
    removeRmap(machine, frame, 1, mm.id);
    putFolio(machine, frame, 1);
  });
  machine.memcgs[f.memcg[frame]].uncharge(1);
  f.refcount[frame] = 0;
  f.flags[frame] = FRAME_KERNEL | PG_HEAD | PG_POISONED;
  return true;
}
