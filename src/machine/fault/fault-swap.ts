import { allocPage } from '../folios/folio-alloc.ts';
import type { Machine } from '../machine.ts';
import type { Mm } from '../page-tables/mm.ts';
import type { Pmd } from '../page-tables/pmd.ts';
import { PTE_DIRTY, PTE_UFFD, PTE_WRITABLE, pteValue } from '../page-tables/pte.ts';
import type { VmArea } from '../page-tables/vm-area.ts';
import { mapNewFolio } from './fault-map.ts';

/**
 * Reads a swap entry back into a small folio of this process alone. There is no swap cache: the entry is
 * given up, and other processes that have one too will read their own copy. Source: do_swap_page.
 */
export function swapInPte(
  machine: Machine,
  mm: Mm,
  area: VmArea,
  pmd: Pmd,
  offset: number,
): 'oom' | undefined {
  const entry = pmd.ptes[offset];
  const frame = allocPage(machine, mm);
  if (frame < 0) return 'oom';
  const slot = pteValue(entry);
  machine.frames.content[frame] = machine.swap.content(slot);
  mapNewFolio(machine, { mm, area, pmd, offset }, frame);
  let pte = pmd.ptes[offset] & ~PTE_DIRTY;
  if (entry & PTE_UFFD) pte = (pte | PTE_UFFD) & ~PTE_WRITABLE;
  pmd.ptes[offset] = pte >>> 0;
  machine.swap.put(slot);
  mm.rssPages++;
  mm.swapEntries--;
  machine.counters.vmstat.pswpin++;
  machine.counters.vmstat.pgmajfault++;
  machine.work.swapReads++;
  return undefined;
}
