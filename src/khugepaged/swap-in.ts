import type { Order } from '../core/memory/order.ts';
import type { ScanResult } from '../core/rules/scan-result.ts';
import { drainLru } from '../machine/folios/lru.ts';
import { faultInEntry } from '../machine/page-tables/collapse-steps.ts';
import type { Mm } from '../machine/page-tables/mm.ts';
import { PMD_TABLE, type Pmd } from '../machine/page-tables/pmd.ts';
import { PTE_KIND, PTE_SWAP } from '../machine/page-tables/pte.ts';
import type { VmArea } from '../machine/page-tables/vm-area.ts';
import type { CollapseControl } from './collapse-control.ts';
import { workNs } from './costs.ts';
import { countExceeded } from './exceed-counters.ts';

/** A window of an attempt: `address` is the first byte of it, `offset` its first PTE in the range. */
export interface WindowAt {
  readonly mm: Mm;
  readonly address: number;
  readonly offset: number;
  readonly order: Order;
}

/**
 * Faults the non-present entries of a window in; windows below the PMD order fail at the first. What was
 * swapped in stays, whatever becomes of the attempt. The caller holds the mmap lock for read.
 * Source: __collapse_huge_page_swapin, docs/khugepaged.md#swap-in.
 */
export function swapInWindow(
  control: CollapseControl,
  { mm, address, offset, order }: WindowAt,
  area: VmArea,
  pmd: Pmd,
  referenced: number,
): ScanResult {
  const { system } = control;
  const { machine, costs } = system;
  const { swapReads } = machine.work;
  // Faults: one of them may bring a large folio in.
  let swappedIn = 0;
  const result = faultAll();
  if (swappedIn > 0) drainLru(machine);
  control.activity.swappedInPages += machine.work.swapReads - swapReads;
  system.trace?.(
    {
      event: 'mm_collapse_huge_page_swapin',
      mm: mm.id,
      address,
      swappedIn,
      referenced,
      result,
      order,
    },
    system.timeline.now,
  );
  return result;

  function faultAll(): ScanResult {
    for (let i = offset; i < offset + (1 << order); i++) {
      if (pmd.kind !== PMD_TABLE) return 'SCAN_NO_PTE_TABLE';
      if ((pmd.ptes[i] & PTE_KIND) < PTE_SWAP) continue;
      if (order < machine.geometry.pmdOrder) {
        countExceeded(machine, 'SCAN_EXCEED_SWAP_PTE', order);
        return 'SCAN_EXCEED_SWAP_PTE';
      }
      if (system.fails('swapin-retry', address, order)) return 'SCAN_PAGE_LOCK';
      if (system.fails('swapin-error', address, order)) return 'SCAN_FAIL';
      const before = workNs(machine.work, costs);
      const outcome = faultInEntry(machine, mm, area, pmd, i);
      if (outcome === 'done') swappedIn++;
      control.spend('swapin', workNs(machine.work, costs) - before);
      if (outcome === 'retry') return 'SCAN_PAGE_LOCK';
      if (outcome === 'fail') return 'SCAN_FAIL';
    }
    return 'SCAN_SUCCEED';
  }
}
