import type { Order } from '../core/memory/order.ts';
import type { ScanResult } from '../core/rules/scan-result.ts';
import { putFolio } from '../machine/folios/folio.ts';
import { ALLOC_FAILED, allocFolio, CHARGE_FAILED } from '../machine/folios/folio-alloc.ts';
import type { Mm } from '../machine/page-tables/mm.ts';
import type { CollapseControl } from './collapse-control.ts';
import { workNs } from './costs.ts';

/**
 * Allocates and charges the folio of an attempt: its head frame, held by the caller, or why there is none. No
 * lock is held meanwhile. Counts allocations before anything later can fail.
 * Source: alloc_charge_folio, docs/khugepaged.md#allocation.
 */
export function allocCharge(
  control: CollapseControl,
  mm: Mm,
  address: number,
  order: Order,
): { head: number; failure?: undefined } | { failure: ScanResult } {
  const { system } = control;
  const { machine, costs } = system;
  const { mthp, vmstat } = machine.counters;
  const isPmdOrder = order === machine.geometry.pmdOrder;
  const before = workNs(machine.work, costs);
  const head = system.fails('allocate', address, order)
    ? ALLOC_FAILED
    : allocFolio(machine, order, mm.memcg, control.targetNodes, control.allocMode);
  if (head >= 0) system.held.set(head, 1);
  control.spend('allocate', costs.allocation + workNs(machine.work, costs) - before);
  if (head === ALLOC_FAILED) {
    mthp.collapse_alloc_failed[order]++;
    if (isPmdOrder) vmstat.thp_collapse_alloc_failed++;
    return { failure: 'SCAN_ALLOC_HUGE_PAGE_FAIL' };
  }
  mthp.collapse_alloc[order]++;
  if (isPmdOrder) vmstat.thp_collapse_alloc++;
  if (head === CHARGE_FAILED) return { failure: 'SCAN_CGROUP_CHARGE_FAIL' };
  if (system.fails('charge', address, order)) return giveUp('SCAN_CGROUP_CHARGE_FAIL');
  if (isPmdOrder) {
    const { id } = mm.memcg;
    system.memcgCollapseAllocs.set(id, (system.memcgCollapseAllocs.get(id) ?? 0) + 1);
  }
  if (system.fails('deferred-list', address, order)) return giveUp('SCAN_ALLOC_HUGE_PAGE_FAIL');
  return { head };

  function giveUp(failure: ScanResult): { failure: ScanResult } {
    freeUnused(control, head);
    return { failure };
  }
}

/** Frees and uncharges a folio that no attempt will install. */
export function freeUnused(control: CollapseControl, head: number): void {
  const { system } = control;
  system.held.delete(head);
  putFolio(system.machine, head, 1);
  control.spend('allocate', system.costs.free);
}
