import { changeAreas } from '../../../src/machine/page-tables/address-space.ts';
import { mapNewFolio } from '../../../src/machine/fault/fault-map.ts';
import { allocPage, ensureTable } from '../../../src/machine/folios/folio-alloc.ts';
import { offsetOf } from '../../../src/machine/page-tables/lookup.ts';
import type { Machine } from '../../../src/machine/machine.ts';
import type { Mm } from '../../../src/machine/page-tables/mm.ts';
import { PMD_LEAF, PMD_NONE, PMD_TABLE } from '../../../src/machine/page-tables/pmd.ts';
import {
  makePte,
  PTE_KIND,
  PTE_NONE,
  PTE_PRESENT,
  PTE_SWAP,
  PTE_UFFD,
  PTE_UFFD_MARKER,
  PTE_WRITABLE,
} from '../../../src/machine/page-tables/pte.ts';
import { forEachTable } from '../../../src/machine/page-tables/unmap.ts';
import { VM_UFFD_ANY } from '../../../src/machine/page-tables/vma-flags.ts';

/** Registers areas with userfaultfd in these modes (VM_UFFD_*); 0 unregisters, and lifts write protection. */
export function userfaultRegister(
  machine: Machine,
  mm: Mm,
  start: number,
  bytes: number,
  modes: number,
): void {
  const end = start + bytes;
  if (modes === 0) userfaultProtect(machine, mm, start, bytes, false);
  changeAreas(machine, mm, start, end, (flags) => (flags & ~VM_UFFD_ANY) | modes);
}

/**
 * UFFDIO_WRITEPROTECT: tracks pages and swap entries, with markers also empty PTEs (UFFD_FEATURE_WP_UNPOPULATED); or
 * stops tracking. PMD leaves are split for it.
 */
export function userfaultProtect(
  machine: Machine,
  mm: Mm,
  start: number,
  bytes: number,
  protect: boolean,
  unpopulated = false,
): boolean {
  const { rangeBytes } = machine;
  for (let at = start; unpopulated && protect && at < start + bytes; at += rangeBytes) {
    const pmd = mm.pmd(Math.floor(at / rangeBytes));
    if (pmd.kind === PMD_NONE && !ensureTable(machine, mm, pmd)) return false;
  }
  forEachTable(machine, mm, start, start + bytes, ({ ptes }, first, last) => {
    for (let i = first; i < last; i++) {
      const kind = ptes[i] & PTE_KIND;
      if (!protect) {
        ptes[i] = kind === PTE_UFFD_MARKER ? PTE_NONE : (ptes[i] & ~PTE_UFFD) >>> 0;
      } else if (kind === PTE_NONE) {
        if (unpopulated) ptes[i] = makePte(PTE_UFFD_MARKER, 0, PTE_UFFD);
      } else if (kind === PTE_SWAP || kind === PTE_PRESENT) {
        ptes[i] = ((ptes[i] & ~PTE_WRITABLE) | PTE_UFFD) >>> 0;
      }
    }
  });
  return true;
}

/** UFFDIO_COPY: resolves a missing page with this content; false if something is there or no memory is. */
export function userfaultCopy(machine: Machine, mm: Mm, address: number, content: number): boolean {
  const area = mm.areas.at(address);
  if (!area?.anonymous) return false;
  const pmd = mm.pmd(Math.floor(address / machine.rangeBytes));
  const offset = offsetOf(machine, address);
  if (pmd.kind === PMD_LEAF || (pmd.kind === PMD_TABLE && pmd.ptes[offset] !== PTE_NONE)) return false;
  if (!ensureTable(machine, mm, pmd)) return false;
  const frame = allocPage(machine, mm);
  if (frame < 0) return false;
  area.hasAnonVma = true;
  machine.frames.content[frame] = content;
  mapNewFolio(machine, mm, area, pmd, offset, frame, 0);
  mm.rssPages++;
  return true;
}
