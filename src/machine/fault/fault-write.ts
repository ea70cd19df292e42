import { folioMapcount, getFolio, putFolio, removeRmap } from '../folios/folio.ts';
import { allocPage } from '../folios/folio-alloc.ts';
import { drainLru } from '../folios/lru.ts';
import { maybeMappedShared } from '../folios/mapped-shared.ts';
import { PG_BATCHED, PG_EXCLUSIVE, PG_POISONED } from '../frames/frame-table.ts';
import type { Machine } from '../machine.ts';
import type { Mm } from '../page-tables/mm.ts';
import type { Pmd } from '../page-tables/pmd.ts';
import { splitPmd } from '../page-tables/pmd-split.ts';
import { PTE_ACCESSED, PTE_DIRTY, PTE_UFFD, PTE_WRITABLE, pteValue } from '../page-tables/pte.ts';
import type { VmArea } from '../page-tables/vm-area.ts';
import { mapNewFolio } from './fault-map.ts';

/**
 * A write to a PMD leaf. If only this process has the folio the leaf becomes writable; else it is split, and
 * false says that PTEs decide. A leaf that userfaultfd protects stays as it is. Source: do_huge_pmd_wp_page.
 */
export function writeLeaf(machine: Machine, mm: Mm, pmd: Pmd): boolean {
  if (pmd.leaf & PTE_UFFD) return false;
  if (!(pmd.leaf & PTE_WRITABLE)) {
    const f = machine.frames;
    const head = pteValue(pmd.leaf);
    machine.counters.vmstat.pgfault++;
    if (!f.has(head, PG_EXCLUSIVE) && f.refcount[head] !== 1) {
      splitPmd(machine, mm, pmd);
      return false;
    }
    f.set(head, PG_EXCLUSIVE);
  }
  pmd.leaf = (pmd.leaf | PTE_ACCESSED | PTE_DIRTY | PTE_WRITABLE) >>> 0;
  return true;
}

/**
 * A write to a present PTE that is not writable: the page is taken over if only this process has it, else
 * copied to a small folio. Source: do_wp_page.
 */
export function writeProtectedPte(
  machine: Machine,
  mm: Mm,
  area: VmArea,
  pmd: Pmd,
  offset: number,
): 'oom' | 'hwpoison' | undefined {
  const f = machine.frames;
  const frame = pteValue(pmd.ptes[offset]);
  const head = f.headOf(frame);
  if (f.has(frame, PG_EXCLUSIVE) || isOurs(machine, head)) {
    f.set(frame, PG_EXCLUSIVE);
    pmd.ptes[offset] = (pmd.ptes[offset] | PTE_WRITABLE) >>> 0;
    return undefined;
  }
  if (f.has(frame, PG_POISONED)) return 'hwpoison';
  getFolio(machine, head, 1);
  const copy = allocPage(machine, mm);
  if (copy < 0) {
    putFolio(machine, head, 1);
    return 'oom';
  }
  f.content[copy] = f.content[frame];
  machine.work.copiedPages++;
  mapNewFolio(machine, { mm, area, pmd, offset }, copy);
  removeRmap(machine, frame, 1, mm.id);
  putFolio(machine, head, 2);
  return undefined;
}

/** Whether nothing but mappings of one process refers to the folio (wp_can_reuse_anon_folio). */
function isOurs(machine: Machine, head: number): boolean {
  const f = machine.frames;
  if (f.order[head] > 0) return f.refcount[head] === folioMapcount(f, head) && !maybeMappedShared(f, head);
  if (f.has(head, PG_BATCHED)) drainLru(machine);
  return f.refcount[head] === 1;
}
