import { mapNewFolio } from '../../../src/machine/fault/fault-map.ts';
import { allocPage, ensureTable } from '../../../src/machine/folios/folio-alloc.ts';
import type { Machine } from '../../../src/machine/machine.ts';
import { changeAreas } from '../../../src/machine/page-tables/address-space.ts';
import { offsetOf } from '../../../src/machine/page-tables/lookup.ts';
import type { Mm } from '../../../src/machine/page-tables/mm.ts';
import { PMD_HUGE_ZERO, PMD_LEAF, PMD_NONE, PMD_TABLE } from '../../../src/machine/page-tables/pmd.ts';
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
import { VM_UFFD_ANY } from '../../../src/machine/page-tables/vma-flags.ts';
import { forEachTable } from './for-each-table.ts';

/** Registers areas with userfaultfd in these modes (VM_UFFD_*); 0 unregisters, and lifts write protection. */
export function userfaultRegister(
  machine: Machine,
  mm: Mm,
  start: number,
  bytes: number,
  modes: number,
): void {
  const end = start + bytes;
  if (modes === 0) userfaultUnprotect(machine, mm, start, bytes);
  changeAreas(machine, mm, start, end, (flags) => (flags & ~VM_UFFD_ANY) | modes);
}

/**
 * UFFDIO_WRITEPROTECT: tracks pages and swap entries, with markers also empty PTEs
 * (UFFD_FEATURE_WP_UNPOPULATED). PMD leaves are split for it. False if there is no memory for page tables.
 */
export function userfaultProtect(
  machine: Machine,
  mm: Mm,
  start: number,
  bytes: number,
  { unpopulated }: { unpopulated?: boolean } = {},
): boolean {
  const { rangeBytes } = machine;
  for (let at = start; unpopulated && at < start + bytes; at += rangeBytes) {
    const pmd = mm.pmd(Math.floor(at / rangeBytes));
    if (pmd.kind === PMD_NONE && !ensureTable(machine, mm, pmd)) return false;
  }
  forEachTable(machine, mm, start, start + bytes, ({ ptes }, first, last) => {
    for (let i = first; i < last; i++) {
      const kind = ptes[i] & PTE_KIND;
      if (kind === PTE_NONE) {
        if (unpopulated) ptes[i] = makePte(PTE_UFFD_MARKER, 0, PTE_UFFD);
      } else if (kind === PTE_SWAP || kind === PTE_PRESENT) {
        ptes[i] = ((ptes[i] & ~PTE_WRITABLE) | PTE_UFFD) >>> 0;
      }
    }
  });
  return true;
}

/** UFFDIO_WRITEPROTECT without its mode: stops tracking, and drops markers. */
function userfaultUnprotect(machine: Machine, mm: Mm, start: number, bytes: number): void {
  forEachTable(machine, mm, start, start + bytes, ({ ptes }, first, last) => {
    for (let i = first; i < last; i++) {
      const isMarker = (ptes[i] & PTE_KIND) === PTE_UFFD_MARKER;
      ptes[i] = isMarker ? PTE_NONE : (ptes[i] & ~PTE_UFFD) >>> 0;
    }
  });
}

/** UFFDIO_COPY: resolves a missing page with this content; false if something is there or no memory is. */
export function userfaultCopy(machine: Machine, mm: Mm, address: number, content: number): boolean {
  const area = mm.areas.at(address);
  if (!area?.anonymous) return false;
  const pmd = mm.pmd(Math.floor(address / machine.rangeBytes));
  const offset = offsetOf(machine, address);
  if (
    pmd.kind === PMD_LEAF ||
    pmd.kind === PMD_HUGE_ZERO ||
    (pmd.kind === PMD_TABLE && pmd.ptes[offset] !== PTE_NONE)
  )
    return false;
  if (!ensureTable(machine, mm, pmd)) return false;
  const frame = allocPage(machine, mm);
  if (frame < 0) return false;
  area.hasAnonVma = true;
  machine.frames.content[frame] = content;
  mapNewFolio(machine, { mm, area, pmd, offset }, frame);
  mm.rssPages++;
  return true;
}
