import { sizeFolder } from '../../core/base/sysfs.ts';
import { type Geometry, orderBytes } from '../../core/memory/geometry.ts';
import { anonOrders, type Order, ordersOf } from '../../core/memory/order.ts';
import { isGauge, type ThpCounters } from '../../core/rules/thp-counters.ts';

/** Files of khugepaged are 32 bits wide. */
const WRAP = 2 ** 32;

/** How much each counter grew; gauges, and counters that one of the readings does not have, are left out. */
export function counterGrowth(before: ThpCounters, after: ThpCounters): ThpCounters {
  const growth: Record<string, number> = {};
  for (const [name, value] of Object.entries(after)) {
    const earlier = before[name];
    if (earlier === undefined || isGauge(name)) continue;
    growth[name] =
      value < earlier && name.startsWith('khugepaged/') ? value - earlier + WRAP : value - earlier;
  }
  return growth;
}

/** Counters of one size; undefined for what this kernel does not count. */
export interface SizeCounters {
  readonly order: Order;
  /** Huge pages made by page faults, and faults that took a smaller size instead. */
  readonly faults: number | undefined;
  readonly faultFailures: number | undefined;
  /** Huge pages allocated for collapses, which may fail all the same, and those there was no memory for. */
  readonly collapseAllocations: number | undefined;
  readonly collapseAllocationFailures: number | undefined;
  readonly splits: number | undefined;
  readonly splitFailures: number | undefined;
}

/**
 * Counters by size, the smallest first. Allocations for collapses below the PMD size are counted since 7.2;
 * no kernel counts collapses by size (docs/khugepaged.md#statistics).
 */
export function sizeCounters(counters: ThpCounters, geometry: Geometry): SizeCounters[] {
  return ordersOf(anonOrders(geometry)).map((order) => {
    const stats = `${sizeFolder(orderBytes(order, geometry))}/stats`;
    const of = (name: string, inVmstat: string) =>
      counters[`${stats}/${name}`] ??
      // Sums over all sizes are none of one size.
      (order === geometry.pmdOrder ? counters[`vmstat/${inVmstat}`] : undefined);
    return {
      order,
      faults: of('anon_fault_alloc', 'thp_fault_alloc'),
      faultFailures: of('anon_fault_fallback', 'thp_fault_fallback'),
      collapseAllocations: of('collapse_alloc', 'thp_collapse_alloc'),
      collapseAllocationFailures: of('collapse_alloc_failed', 'thp_collapse_alloc_failed'),
      splits: of('split', 'thp_split_page'),
      splitFailures: of('split_failed', 'thp_split_page_failed'),
    };
  });
}

/** Counters that no column of sizes has: those whose reading grew, by their name. */
export function otherGrowth(growth: ThpCounters): [name: string, grew: number][] {
  return Object.entries(growth).filter(
    ([name, grew]) =>
      grew !== 0 &&
      !name.startsWith('khugepaged/') &&
      !/\/stats\/(anon_fault_(alloc|fallback)|collapse_alloc(_failed)?|split(_failed)?)$/.test(name) &&
      !/^vmstat\/thp_(fault_(alloc|fallback)|collapse_alloc(_failed)?|split_page(_failed)?)$/.test(name),
  );
}
