import {
  FRAME_FOLIO,
  PG_EXCLUSIVE,
  PG_HEAD,
  PG_LAZYFREE,
  PG_LOCKED,
  PG_LRU,
  PG_POISONED,
  PG_REFERENCED,
} from '../frames/frame-table.ts';
import type { Machine } from '../machine.ts';
import { splitPmd } from '../page-tables/pmd-split.ts';
import { makePte, PTE_UFFD, PTE_ZERO } from '../page-tables/pte.ts';
import { expectedRefs, setLazyfree, undeferSplit } from './folio.ts';
import { forEachMapping } from './rmap-walk.ts';

/**
 * Splits a large folio into small ones: PMD leaves become page tables, pages that nobody maps are freed. With
 * `dropZeros` mapped pages that hold zeros are replaced by the shared zero page. False, and nothing has
 * changed but PMD leaves, if somebody else holds a reference, the lock or the LRU isolation.
 * Source: split_huge_page_to_list, docs/khugepaged.md#deferred-split.
 */
export function splitFolio(
  machine: Machine,
  head: number,
  { dropZeros }: { dropZeros?: boolean } = {},
): boolean {
  const f = machine.frames;
  const order = f.order[head];
  const { mthp, vmstat } = machine.counters;
  const isPmdSize = order === machine.geometry.pmdOrder;
  if (f.refcount[head] !== expectedRefs(f, head) || !f.has(head, PG_LRU) || f.has(head, PG_LOCKED)) {
    mthp.split_failed[order]++;
    if (isPmdSize) vmstat.thp_split_page_failed++;
    return false;
  }
  forEachMapping(machine, head, (mm, pmd, offset) => {
    if (offset < 0) splitPmd(machine, mm, pmd);
  });
  if (dropZeros) mapZeros(machine, head);
  undeferSplit(machine, head);
  mthp.split[order]++;
  mthp.nr_anon[order]--;
  if (isPmdSize) vmstat.thp_split_page++;
  machine.work.splits++;
  breakUp(machine, head, order);
  return true;
}

/** Gives each page its own folio, or frees it. The large folio's shared fields go with this. */
function breakUp(machine: Machine, head: number, order: number): void {
  const f = machine.frames;
  const memcg = machine.memcgs[f.memcg[head]];
  const root = machine.anon.rootOf(f.rmap[head]);
  if (root === undefined) throw new Error(`folio ${head} is split and mapped nowhere`);
  const index = machine.anon.indexOf(f.rmap[head]);
  const isLazyfree = f.has(head, PG_LAZYFREE);
  setLazyfree(machine, head, false);
  const shared = f.flags[head] & (PG_LRU | PG_REFERENCED);
  const node = machine.nodeOf(head);
  for (let i = 0; i < 1 << order; i++) {
    const frame = head + i;
    const mappings = f.mapcount[frame];
    f.order[frame] = 0;
    f.memcg[frame] = memcg.id;
    f.refcount[frame] = mappings;
    if (mappings === 0) {
      f.flags[frame] = 0;
      memcg.uncharge(1);
      node.free(frame, 0);
      continue;
    }
    f.flags[frame] = FRAME_FOLIO | PG_HEAD | shared | (f.flags[frame] & (PG_EXCLUSIVE | PG_POISONED));
    f.rmap[frame] = machine.anon.pack(root, index + i);
    if (isLazyfree) setLazyfree(machine, frame, true);
  }
}

function mapZeros(machine: Machine, head: number): void {
  const f = machine.frames;
  forEachMapping(machine, head, (mm, pmd, offset, frame) => {
    if (f.content[frame] !== 0 || f.has(frame, PG_POISONED)) return;
    pmd.ptes[offset] = makePte(PTE_ZERO, 0, pmd.ptes[offset] & PTE_UFFD);
    f.mapcount[frame]--;
    f.refcount[head]--;
    mm.rssPages--;
  });
}
