import { asOrder, hasOrder, type OrderSet } from '../../core/memory/order.ts';
import { deferSplit, zeroFrames } from '../folios/folio.ts';
import { allocFolio, CHARGE_FAILED, freeTable, reserveTable } from '../folios/folio-alloc.ts';
import type { Machine } from '../machine.ts';
import type { Mm } from '../page-tables/mm.ts';
import { PMD_HUGE_ZERO, type Pmd } from '../page-tables/pmd.ts';
import { splitPmd } from '../page-tables/pmd-split.ts';
import { PTE_NONE } from '../page-tables/pte.ts';
import type { VmArea } from '../page-tables/vm-area.ts';
import { VM_HUGEPAGE } from '../page-tables/vma-flags.ts';
import { faultReclaims } from '../settings.ts';
import { mapNewFolio, mapNewLeaf } from './fault-map.ts';

/**
 * A fault in a range without page table, if the range lies in the area: a read maps the huge zero page, with
 * `useZeroPage` off and for writes a folio of the PMD order if memory of that size can be had. Otherwise the
 * range stays as it is, for smaller folios.
 * Source: do_huge_pmd_anonymous_page, docs/khugepaged.md#fault-write.
 */
export function faultPmd(machine: Machine, mm: Mm, area: VmArea, pmd: Pmd, isWrite: boolean): void {
  const start = pmd.number * machine.rangeBytes;
  if (start < area.start || start + machine.rangeBytes > area.end) return;
  area.hasAnonVma = true;
  machine.hooks.enterVma?.(mm, area);
  if (!reserveTable(machine, mm, pmd)) return;
  if (!isWrite && machine.settings.useZeroPage) {
    pmd.kind = PMD_HUGE_ZERO;
    // One page serves all; it is made once.
    machine.counters.vmstat.thp_zero_page_alloc = 1;
  } else if (!mapHuge(machine, mm, area, pmd)) freeTable(machine, mm, pmd);
}

/**
 * A write to the huge zero page: a folio of the PMD order takes its place, or zero page entries if there is
 * no memory of that size. Source: do_huge_zero_wp_pmd, docs/khugepaged.md#page-faults, rule 3.
 */
export function writeHugeZero(machine: Machine, mm: Mm, area: VmArea, pmd: Pmd): void {
  machine.counters.vmstat.pgfault++;
  if (!mapHuge(machine, mm, area, pmd)) splitPmd(machine, mm, pmd);
}

/**
 * Maps a new folio of the PMD order over a range whose page table is reserved; false if there is no memory.
 */
function mapHuge(machine: Machine, mm: Mm, area: VmArea, pmd: Pmd): boolean {
  const head = allocForFault(machine, mm, area, machine.geometry.pmdOrder);
  if (head < 0) return false;
  zeroFrames(machine, head, machine.rangePages);
  mapNewLeaf(machine, mm, area, pmd, head);
  mm.rssPages += machine.rangePages;
  if (machine.settings.shrinkUnderused) deferSplit(machine, head, 'underused');
  return true;
}

/**
 * A write fault at an empty PTE: maps the largest folio of these orders, below the PMD order, whose aligned
 * window around the PTE lies in the area, has no other entry and gets memory. Returns its order, 0 if none.
 * Source: alloc_anon_folio.
 */
export function faultLargeFolio(
  machine: Machine,
  mm: Mm,
  area: VmArea,
  pmd: Pmd,
  offset: number,
  orders: OrderSet,
): number {
  const start = pmd.number * machine.rangeBytes;
  for (let order = machine.geometry.pmdOrder - 1; order >= 2; order--) {
    if (!hasOrder(orders, asOrder(order))) continue;
    const first = offset & ~((1 << order) - 1);
    const address = start + first * machine.pageBytes;
    if (address < area.start || address + (machine.pageBytes << order) > area.end) continue;
    if (!isNone(pmd, first, 1 << order)) continue;
    const head = allocForFault(machine, mm, area, order);
    if (head < 0) continue;
    zeroFrames(machine, head, 1 << order);
    mapNewFolio(machine, { mm, area, pmd, offset: first }, head);
    mm.rssPages += 1 << order;
    return order;
  }
  return 0;
}

function isNone(pmd: Pmd, first: number, count: number): boolean {
  for (let i = first; i < first + count; i++) if (pmd.ptes[i] !== PTE_NONE) return false;
  return true;
}

function allocForFault(machine: Machine, mm: Mm, area: VmArea, order: number): number {
  const direct = faultReclaims(machine.settings.defrag, (area.flags & VM_HUGEPAGE) !== 0);
  const nodes = machine.nodeOrders[mm.node];
  const head = allocFolio(machine, order, mm.memcg, nodes, direct ? 'direct' : 'light');
  const { mthp, vmstat } = machine.counters;
  const isPmdSize = order === machine.geometry.pmdOrder;
  if (head >= 0) {
    mthp.anon_fault_alloc[order]++;
    if (isPmdSize) vmstat.thp_fault_alloc++;
    return head;
  }
  mthp.anon_fault_fallback[order]++;
  if (isPmdSize) vmstat.thp_fault_fallback++;
  if (head === CHARGE_FAILED) {
    mthp.anon_fault_fallback_charge[order]++;
    if (isPmdSize) vmstat.thp_fault_fallback_charge++;
  }
  return head;
}
