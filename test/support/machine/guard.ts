import { ensureTable } from '../../../src/machine/folios/folio-alloc.ts';
import type { Machine } from '../../../src/machine/machine.ts';
import type { Mm } from '../../../src/machine/page-tables/mm.ts';
import { PTE_GUARD, PTE_KIND, PTE_NONE } from '../../../src/machine/page-tables/pte.ts';
import { forEachRange, unmapPages } from '../../../src/machine/page-tables/unmap.ts';

/**
 * MADV_GUARD_INSTALL: touching these pages is a fault from now on; what they held is gone. False: no memory
 * for it.
 */
export function installGuard(machine: Machine, mm: Mm, start: number, bytes: number): boolean {
  const end = start + bytes;
  const { rangeBytes, pageBytes } = machine;
  // So that fork copies the markers.
  for (const area of mm.areas.overlapping(start, end)) area.hasAnonVma = true;
  unmapPages(machine, mm, start, end, { markers: true, tables: 'keep' });
  for (let address = start; address < end; address += pageBytes) {
    const pmd = mm.pmd(Math.floor(address / rangeBytes));
    if (!ensureTable(machine, mm, pmd)) return false;
    pmd.ptes[(address % rangeBytes) / pageBytes] = PTE_GUARD;
  }
  return true;
}

/** MADV_GUARD_REMOVE. */
export function removeGuard(machine: Machine, mm: Mm, start: number, bytes: number): void {
  forEachRange(machine, mm, start, start + bytes, (pmd, first, last) => {
    for (let i = first; i < last && pmd.ptes.length > 0; i++) {
      if ((pmd.ptes[i] & PTE_KIND) === PTE_GUARD) pmd.ptes[i] = PTE_NONE;
    }
  });
}
