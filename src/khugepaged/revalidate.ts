import { hasOrder, type Order } from '../core/memory/order.ts';
import type { ScanResult } from '../core/rules/scan-result.ts';
import type { Mm } from '../machine/page-tables/mm.ts';
import type { VmArea } from '../machine/page-tables/vm-area.ts';
import type { CollapseControl } from './collapse-control.ts';

/**
 * Whether a range may still be collapsed to this order, after the mmap lock was not held: the area, or why
 * not. `address` is the first byte of the PMD range.
 * Source: hugepage_vma_revalidate, docs/khugepaged.md#revalidation.
 */
export function revalidate(
  control: CollapseControl,
  mm: Mm,
  address: number,
  order: Order,
): { area: VmArea; failure?: undefined } | { failure: ScanResult } {
  const { system } = control;
  control.spend('revalidate', system.costs.revalidate);
  if (system.isOutOfReach(mm)) return { failure: 'SCAN_ANY_PROCESS' };
  const area = mm.areas.above(address);
  if (!area) return { failure: 'SCAN_VMA_NULL' };
  if (area.start > address || area.end < address + system.machine.rangeBytes) {
    return { failure: 'SCAN_ADDRESS_RANGE' };
  }
  // Without an anon_vma no order is possible either, so that this is SCAN_VMA_CHECK and never SCAN_PAGE_ANON.
  if (!hasOrder(control.possibleOrders(mm, area), order)) return { failure: 'SCAN_VMA_CHECK' };
  return { area };
}
