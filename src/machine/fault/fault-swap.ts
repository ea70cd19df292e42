import { asOrder, hasOrder, MIN_ANON_ORDER, NO_ORDERS } from '../../core/memory/order.ts';
import { allocFolio, allocPage } from '../folios/folio-alloc.ts';
import type { Machine } from '../machine.ts';
import type { Mm } from '../page-tables/mm.ts';
import type { Pmd } from '../page-tables/pmd.ts';
import { PTE_DIRTY, PTE_KIND, PTE_SWAP, PTE_UFFD, PTE_WRITABLE, pteValue } from '../page-tables/pte.ts';
import type { VmArea } from '../page-tables/vm-area.ts';
import { VM_UFFD_ANY } from '../page-tables/vma-flags.ts';
import { areaFaultOrders } from '../page-tables/vma-orders.ts';
import { mapNewFolio } from './fault-map.ts';

/**
 * Reads a swap entry back, and with it as many around it as make a folio of the largest order that page
 * faults may use, below the PMD order, if their aligned window lies in the area and is all swap entries of
 * this process alone with consecutive slots that are aligned as the window is. Otherwise one small page.
 * There is no swap cache, as with zram: entries are given up, and other processes that have one too will read
 * their own copy. Source: do_swap_page, alloc_swap_folio; docs/khugepaged.md#huge-zero-page-swap-in.
 */
export function swapInPte(
  machine: Machine,
  mm: Mm,
  area: VmArea,
  pmd: Pmd,
  offset: number,
): 'oom' | undefined {
  const orders = area.flags & VM_UFFD_ANY ? NO_ORDERS : areaFaultOrders(machine, mm, area);
  for (let order = machine.geometry.pmdOrder - 1; order >= MIN_ANON_ORDER && orders !== NO_ORDERS; order--) {
    const first = offset & -(1 << order);
    if (!hasOrder(orders, asOrder(order)) || !isOneRun(machine, area, pmd, first, 1 << order)) continue;
    const head = allocFolio(machine, order, mm.memcg, machine.nodeOrders[mm.node], 'light');
    if (head < 0) continue;
    fill(machine, mm, area, pmd, first, head);
    machine.counters.mthp.swpin[order]++;
    return undefined;
  }
  const frame = allocPage(machine, mm);
  if (frame < 0) return 'oom';
  fill(machine, mm, area, pmd, offset, frame);
  return undefined;
}

/**
 * Whether PTEs are swap entries of one process with consecutive slots, the first a multiple of their number.
 */
function isOneRun(machine: Machine, area: VmArea, pmd: Pmd, first: number, pages: number): boolean {
  const start = pmd.number * machine.rangeBytes + first * machine.pageBytes;
  if (start < area.start || start + pages * machine.pageBytes > area.end) return false;
  const slot = pteValue(pmd.ptes[first]);
  if (slot % pages !== 0) return false;
  for (let i = 0; i < pages; i++) {
    const pte = pmd.ptes[first + i];
    if ((pte & (PTE_KIND | PTE_UFFD)) !== PTE_SWAP || pteValue(pte) !== slot + i) return false;
    if (machine.swap.uses(slot + i) !== 1) return false;
  }
  return true;
}

/** Maps an allocated folio in the place of its swap entries, with what they held. */
function fill(machine: Machine, mm: Mm, area: VmArea, pmd: Pmd, first: number, head: number): void {
  const pages = 1 << machine.frames.order[head];
  const entries = pmd.ptes.slice(first, first + pages);
  for (let i = 0; i < pages; i++)
    machine.frames.content[head + i] = machine.swap.content(pteValue(entries[i]));
  mapNewFolio(machine, { mm, area, pmd, offset: first }, head);
  for (let i = 0; i < pages; i++) {
    let pte = pmd.ptes[first + i] & ~PTE_DIRTY;
    if (entries[i] & PTE_UFFD) pte = (pte | PTE_UFFD) & ~PTE_WRITABLE;
    pmd.ptes[first + i] = pte >>> 0;
    machine.swap.put(pteValue(entries[i]));
  }
  mm.rssPages += pages;
  mm.swapEntries -= pages;
  machine.counters.vmstat.pswpin += pages;
  machine.counters.vmstat.pgmajfault++;
  machine.work.swapReads += pages;
}
