import { freesEmptyTables } from '../../core/fault/empty-tables.ts';
import { setLazyfree } from '../folios/folio.ts';
import { splitFolio } from '../folios/folio-split.ts';
import { drainAllLru } from '../folios/lru.ts';
import { maybeMappedShared } from '../folios/mapped-shared.ts';
import { PG_LOCKED, PG_LRU, PG_REFERENCED } from '../frames/frame-table.ts';
import type { Machine } from '../machine.ts';
import { changeAreas } from '../page-tables/address-space.ts';
import type { Mm } from '../page-tables/mm.ts';
import { PMD_HUGE_ZERO, PMD_LEAF, type Pmd } from '../page-tables/pmd.ts';
import {
  PTE_ACCESSED,
  PTE_DIRTY,
  PTE_KIND,
  PTE_NONE,
  PTE_PRESENT,
  PTE_SWAP,
  pteValue,
} from '../page-tables/pte.ts';
import { forEachRange, refuseHeld, unmapPages } from '../page-tables/unmap.ts';
import { VM_HUGEPAGE, VM_NOHUGEPAGE } from '../page-tables/vma-flags.ts';
import { swapOutFolio } from '../reclaim/swap-out.ts';

/**
 * MADV_HUGEPAGE: the areas want THPs, and khugepaged hears of them (khugepaged_enter_vma,
 * docs/khugepaged.md#registration).
 */
export function madviseHugepage(machine: Machine, mm: Mm, start: number, bytes: number): void {
  const end = start + bytes;
  changeAreas(machine, mm, start, end, (flags) => (flags & ~VM_NOHUGEPAGE) | VM_HUGEPAGE);
  for (const area of mm.areas.overlapping(start, end)) machine.hooks.enterVma?.(mm, area);
}

/** MADV_NOHUGEPAGE: no new THPs; those that are there stay. */
export function madviseNohugepage(machine: Machine, mm: Mm, start: number, bytes: number): void {
  changeAreas(machine, mm, start, start + bytes, (flags) => (flags & ~VM_HUGEPAGE) | VM_NOHUGEPAGE);
}

/**
 * MADV_DONTNEED: the pages are given up at once; they read as zeros afterwards. Guard markers stay. A page
 * table that is empty then is freed where the machine does that, so that a fault may map a folio of the PMD
 * order again.
 */
export function madviseDontneed(machine: Machine, mm: Mm, start: number, bytes: number): void {
  const tables = freesEmptyTables(machine.geometry) ? 'empty' : 'keep';
  for (const area of mm.areas.overlapping(start, start + bytes)) {
    const from = Math.max(start, area.start);
    unmapPages(machine, mm, from, Math.min(start + bytes, area.end), { markers: false, tables });
  }
}

/**
 * MADV_FREE: private pages may be dropped by reclaim as long as nobody writes to them; swap entries are
 * dropped at once.
 * Source: madvise_free_pte_range.
 */
export function madviseFree(machine: Machine, mm: Mm, start: number, bytes: number): void {
  forEachPrivateFolio(machine, mm, start, bytes, (head, pmd, offset, count) => {
    forget(pmd, offset, count, PTE_ACCESSED | PTE_DIRTY);
    machine.frames.clear(head, PG_REFERENCED);
    setLazyfree(machine, head, true);
  });
  forEachRange(machine, mm, start, start + bytes, (pmd, first, last) => {
    if (pmd.kind === PMD_LEAF || pmd.kind === PMD_HUGE_ZERO) return;
    for (let i = first; i < last; i++) {
      if ((pmd.ptes[i] & PTE_KIND) !== PTE_SWAP) continue;
      machine.swap.put(pteValue(pmd.ptes[i]));
      mm.swapEntries--;
      pmd.ptes[i] = PTE_NONE;
    }
  });
}

/** MADV_PAGEOUT: private pages go to swap, as far as it has room. Returns the pages freed. */
export function madvisePageout(machine: Machine, mm: Mm, start: number, bytes: number): number {
  let freed = 0;
  forEachPrivateFolio(machine, mm, start, bytes, (head, pmd, offset, count) => {
    forget(pmd, offset, count, PTE_ACCESSED);
    machine.frames.clear(head, PG_REFERENCED);
    freed += swapOutFolio(machine, head);
  });
  return freed;
}

/**
 * Makes pages old, as time does: no accessed bits, no referenced flags. Like a write to clear_refs, but for a
 * part.
 */
export function clearReferences(machine: Machine, mm: Mm, start: number, bytes: number): void {
  const f = machine.frames;
  forEachRange(machine, mm, start, start + bytes, (pmd, first, last) => {
    if (pmd.kind === PMD_HUGE_ZERO) return;
    if (pmd.kind === PMD_LEAF) {
      forget(pmd, -1, 0, PTE_ACCESSED);
      f.clear(pteValue(pmd.leaf), PG_REFERENCED);
      return;
    }
    for (let i = first; i < last; i++) {
      const pte = pmd.ptes[i];
      if ((pte & PTE_KIND) !== PTE_PRESENT) continue;
      forget(pmd, i, 1, PTE_ACCESSED);
      f.clear(f.headOf(pteValue(pte)), PG_REFERENCED);
    }
  });
}

function forget(pmd: Pmd, offset: number, count: number, bits: number): void {
  if (offset < 0) pmd.leaf = (pmd.leaf & ~bits) >>> 0;
  for (let i = offset; i < offset + count && offset >= 0; i++) pmd.ptes[i] = (pmd.ptes[i] & ~bits) >>> 0;
}

/**
 * Visits the folios that lie wholly in [start, start + bytes) and that only this process maps, unlocked and
 * on the LRU: their PTEs begin at `offset`, -1 for a PMD leaf. Large folios that the range covers in part are
 * split for it.
 */
function forEachPrivateFolio(
  machine: Machine,
  mm: Mm,
  start: number,
  bytes: number,
  visit: (head: number, pmd: Pmd, offset: number, count: number) => void,
): void {
  const f = machine.frames;
  const usable = (head: number) =>
    !maybeMappedShared(f, head) && (f.flags[head] & (PG_LRU | PG_LOCKED)) === PG_LRU;
  drainAllLru(machine);
  forEachRange(machine, mm, start, start + bytes, (pmd, first, last) => {
    refuseHeld(pmd);
    if (pmd.kind === PMD_HUGE_ZERO) return;
    if (pmd.kind === PMD_LEAF) {
      const head = pteValue(pmd.leaf);
      if (!usable(head)) return;
      if (last - first === machine.rangePages) {
        visit(head, pmd, -1, 0);
        return;
      }
      if (!splitFolio(machine, head)) return;
    }
    for (let offset = first; offset < last; ) {
      const pte = pmd.ptes[offset];
      const frame = pteValue(pte);
      const count = (pte & PTE_KIND) === PTE_PRESENT ? wholeFolio(machine, pmd, offset, last) : 0;
      const isWhole = count === 1 << f.order[frame];
      if (count > 0 && usable(f.headOf(frame)) && (isWhole || splitFolio(machine, f.headOf(frame)))) {
        visit(frame, pmd, offset, isWhole ? count : 1);
      }
      offset += isWhole && count > 0 ? count : 1;
    }
  });
}

/** PTEs from this one on, up to `last`, that map consecutive pages of one folio. */
function wholeFolio(machine: Machine, pmd: Pmd, offset: number, last: number): number {
  const f = machine.frames;
  const frame = pteValue(pmd.ptes[offset]);
  const end = f.headOf(frame) + (1 << f.order[frame]);
  let count = 1;
  while (offset + count < last && frame + count < end) {
    const pte = pmd.ptes[offset + count];
    if ((pte & PTE_KIND) !== PTE_PRESENT || pteValue(pte) !== frame + count) break;
    count++;
  }
  return count;
}
