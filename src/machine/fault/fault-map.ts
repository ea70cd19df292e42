import { addLeafRmap, addRmap } from '../folios/folio.ts';
import { addToLru } from '../folios/lru.ts';
import { PG_EXCLUSIVE } from '../frames/frame-table.ts';
import type { Machine } from '../machine.ts';
import type { Mm } from '../page-tables/mm.ts';
import { PMD_LEAF, type Pmd } from '../page-tables/pmd.ts';
import { makePte, PTE_ACCESSED, PTE_DIRTY, PTE_PRESENT, PTE_WRITABLE } from '../page-tables/pte.ts';
import type { VmArea } from '../page-tables/vm-area.ts';
import { VM_WRITE } from '../page-tables/vma-flags.ts';

/** Where the page of a PTE belongs, packed for the frame table. */
export function rmapPlaceOf(machine: Machine, mm: Mm, area: VmArea, pmd: Pmd, offset: number): number {
  const { anon, rangePages } = machine;
  if (area.moved !== 0) return anon.pack(mm.root, pmd.number * rangePages + offset - area.moved);
  if (pmd.anonRange === 0) pmd.anonRange = anon.idOf(mm.root, pmd.number);
  return anon.packIn(pmd.anonRange, offset);
}

/**
 * Flags of PTEs of new anonymous memory in an area: used, and written to if the area can be
 * (map_anon_folio_pte_nopf, docs/khugepaged.md#installation).
 */
export function newPteBits(area: VmArea): number {
  return area.flags & VM_WRITE ? PTE_ACCESSED | PTE_DIRTY | PTE_WRITABLE : PTE_ACCESSED;
}

/** A PTE: the address space, area and range that it is in, and its offset in the range. */
export interface PtePlace {
  readonly mm: Mm;
  readonly area: VmArea;
  readonly pmd: Pmd;
  readonly offset: number;
}

/**
 * Maps a new folio that only this process has, by as many PTEs from `offset` on as it has pages. The caller's
 * reference becomes that of the first PTE. RSS is the caller's matter.
 * Source: map_anon_folio_pte_nopf, docs/khugepaged.md#installation.
 */
export function mapNewFolio(machine: Machine, { mm, area, pmd, offset }: PtePlace, head: number): void {
  const f = machine.frames;
  const order = f.order[head];
  const bits = newPteBits(area);
  f.rmap[head] = rmapPlaceOf(machine, mm, area, pmd, offset);
  if (order === 0) {
    f.flags[head] |= PG_EXCLUSIVE;
    f.mapcount[head] = 1;
    pmd.ptes[offset] = makePte(PTE_PRESENT, head, bits);
  } else {
    const pages = 1 << order;
    for (let i = 0; i < pages; i++) {
      pmd.ptes[offset + i] = makePte(PTE_PRESENT, head + i, bits);
      f.flags[head + i] |= PG_EXCLUSIVE;
    }
    f.refcount[head] += pages - 1;
    addRmap(machine, head, pages, mm.id);
  }
  addToLru(machine, head);
}

/**
 * Maps a new PMD-order folio by a PMD leaf; the range's page table must be reserved and is deposited.
 * Source: map_anon_folio_pmd_nopf, docs/khugepaged.md#installation.
 */
export function mapNewLeaf(machine: Machine, mm: Mm, area: VmArea, pmd: Pmd, head: number): void {
  const f = machine.frames;
  f.rmap[head] = rmapPlaceOf(machine, mm, area, pmd, 0);
  f.set(head, PG_EXCLUSIVE);
  pmd.kind = PMD_LEAF;
  pmd.leaf = makePte(PTE_PRESENT, head, newPteBits(area));
  pmd.dropPtes();
  addLeafRmap(machine, head, mm.id);
  addToLru(machine, head);
}
