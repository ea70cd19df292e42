import { ensureTable } from '../../../src/machine/folios/folio-alloc.ts';
import type { Machine } from '../../../src/machine/machine.ts';
import { changeAreas, freeEmptyTables } from '../../../src/machine/page-tables/address-space.ts';
import type { Mm } from '../../../src/machine/page-tables/mm.ts';
import { PMD_HUGE_ZERO, PMD_LEAF, PMD_NONE } from '../../../src/machine/page-tables/pmd.ts';
import { PTE_KIND, PTE_PRESENT, PTE_WRITABLE } from '../../../src/machine/page-tables/pte.ts';
import { forEachRange, refuseHeld } from '../../../src/machine/page-tables/unmap.ts';
import type { VmArea } from '../../../src/machine/page-tables/vm-area.ts';
import { VM_READ, VM_WRITE } from '../../../src/machine/page-tables/vma-flags.ts';
import { forEachTable } from './for-each-table.ts';

/**
 * Changes the access rights of mapped memory; PTEs lose the right to write at once and regain it by faults.
 */
export function mprotect(machine: Machine, mm: Mm, start: number, bytes: number, rights: number): void {
  const end = start + bytes;
  const change = (flags: number) => (flags & ~(VM_READ | VM_WRITE)) | rights;
  if (mm.areas.overlapping(start, end).every(({ flags }) => flags === change(flags))) return;
  changeAreas(machine, mm, start, end, change);
  if (rights & VM_WRITE) return;
  forEachRange(machine, mm, start, end, (pmd, first, last) => {
    refuseHeld(pmd);
    if (pmd.kind === PMD_HUGE_ZERO) return;
    if (pmd.kind === PMD_LEAF) {
      pmd.leaf = (pmd.leaf & ~PTE_WRITABLE) >>> 0;
      return;
    }
    for (let i = first; i < last; i++) {
      if ((pmd.ptes[i] & PTE_KIND) === PTE_PRESENT) pmd.ptes[i] = (pmd.ptes[i] & ~PTE_WRITABLE) >>> 0;
    }
  });
}

/**
 * Moves [start, start + bytes), which must lie in one area, to a page-aligned address where nothing is
 * mapped, with its pages. Source: move_page_tables; PMD leaves are always split.
 */
export function mremap(machine: Machine, mm: Mm, start: number, bytes: number, to: number): boolean {
  const area = mm.areas.at(start);
  if (!area || area.end < start + bytes || mm.areas.overlapping(to, to + bytes).length > 0) return false;
  const { pageBytes, rangeBytes } = machine;
  const [moving] = mm.areas.remove(start, start + bytes);
  const distance = (to - start) / pageBytes;
  const moved: VmArea = { ...moving, start: to, end: to + bytes, moved: moving.moved + distance };
  if (!mm.moves.includes(moved.moved)) mm.moves.push(moved.moved);
  mm.areas.add(moved);
  let complete = true;
  forEachTable(machine, mm, start, start + bytes, (pmd, first, last) => {
    for (let i = first; i < last; i++) {
      if (pmd.ptes[i] === 0) continue;
      const target = pmd.number * rangeBytes + (i + distance) * pageBytes;
      const targetPmd = mm.pmd(Math.floor(target / rangeBytes));
      if (targetPmd.kind === PMD_NONE && !ensureTable(machine, mm, targetPmd)) {
        complete = false;
        continue;
      }
      targetPmd.ptes[(target % rangeBytes) / pageBytes] = pmd.ptes[i];
      pmd.ptes[i] = 0;
    }
  });
  freeEmptyTables(machine, mm, start, start + bytes);
  return complete;
}
