import type { Order } from '../core/memory/order.ts';
import type { ScanResult } from '../core/rules/scan-result.ts';
import type { MthpStatName, VmstatName } from '../machine/counters.ts';
import type { Machine } from '../machine/machine.ts';

const COUNTERS: Partial<Record<ScanResult, readonly [MthpStatName, VmstatName]>> = {
  SCAN_EXCEED_NONE_PTE: ['collapse_exceed_none_pte', 'thp_scan_exceed_none_pte'],
  SCAN_EXCEED_SWAP_PTE: ['collapse_exceed_swap_pte', 'thp_scan_exceed_swap_pte'],
  SCAN_EXCEED_SHARED_PTE: ['collapse_exceed_shared_pte', 'thp_scan_exceed_share_pte'],
};

/**
 * Counts a result that says a limit was exceeded, by order, and in vmstat for the PMD order
 * (docs/khugepaged.md#statistics).
 */
export function countExceeded(machine: Machine, result: ScanResult, order: Order): void {
  const counters = COUNTERS[result];
  if (!counters) return;
  machine.counters.mthp[counters[0]][order]++;
  if (order === machine.geometry.pmdOrder) machine.counters.vmstat[counters[1]]++;
}
