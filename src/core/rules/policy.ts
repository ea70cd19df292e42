import { fail, type Result, succeed } from '../base/failure.ts';
import { LIMIT_FILES, LIMITS } from '../base/sysfs.ts';
import { type Geometry, pagesPerRange } from '../memory/geometry.ts';
import {
  asOrder,
  intersectOrders,
  type Order,
  type OrderSet,
  orderSet,
  ordersOf,
  parseOrders,
} from '../memory/order.ts';
import { collapsibleOrders, type KernelModel } from './kernel-model.ts';

/**
 * The three limits of /sys/kernel/mm/transparent_hugepage/khugepaged, each in PTEs: 0 .. NR-1, and NR for no
 * limit.
 */
export interface CollapseLimits {
  readonly maxPtesNone: number;
  readonly maxPtesSwap: number;
  readonly maxPtesShared: number;
}

/**
 * Empty PTEs that windows may have, by order, in place of what max_ptes_none makes of it: what no Linux has,
 * for the question what it would be like.
 */
export type NoneLimits = readonly (number | undefined)[];

/** What one range may collapse to, and under which rules. */
export interface CollapsePolicy extends CollapseLimits {
  readonly noneLimits?: NoneLimits | undefined;
  /** Orders enabled for the range's VMA (thp_vma_allowable_orders, docs/khugepaged.md#possible-orders). */
  readonly orders: OrderSet;
  /**
   * Who collapses. Only khugepaged asks for recently used pages, and leaves MADV_FREE pages alone
   * (docs/khugepaged.md#madv_collapse).
   */
  readonly caller: 'khugepaged' | 'madvise';
  readonly model: KernelModel;
}

/** khugepaged's policy, whose orders are cut down to those that the model's khugepaged collapses to. */
export function collapsePolicy(
  orders: OrderSet,
  { maxPtesNone, maxPtesSwap, maxPtesShared }: CollapseLimits,
  model: KernelModel,
  geometry: Geometry,
): CollapsePolicy {
  const possible = intersectOrders(orders, collapsibleOrders(model, geometry));
  return { orders: possible, maxPtesNone, maxPtesSwap, maxPtesShared, caller: 'khugepaged', model };
}

/**
 * The policy of MADV_COLLAPSE: the PMD order alone, and no limit on a range in a VMA that is not
 * userfaultfd-armed.
 * Source: collapse_scan_pmd and collapse_max_ptes_none, docs/khugepaged.md#scan-limits,
 * docs/khugepaged.md#none-rules and docs/khugepaged.md#madv_collapse.
 */
export function madvisePolicy(model: KernelModel, geometry: Geometry): CollapsePolicy {
  const pages = pagesPerRange(geometry);
  const orders = orderSet([geometry.pmdOrder]);
  return { orders, maxPtesNone: pages, maxPtesSwap: pages, maxPtesShared: pages, caller: 'madvise', model };
}

/** The kernel's defaults: NR-1, NR/8 and NR/2 (docs/khugepaged.md#sysfs). */
export function defaultLimits(geometry: Geometry): CollapseLimits {
  const pages = pagesPerRange(geometry);
  return { maxPtesNone: pages - 1, maxPtesSwap: pages >>> 3, maxPtesShared: pages >>> 1 };
}

/** Checks limits as sysfs does: whole numbers of 0 .. NR-1. */
export function checkLimits<T extends CollapseLimits>(limits: T, geometry: Geometry): Result<T> {
  const largest = pagesPerRange(geometry) - 1;
  for (const key of LIMITS) {
    const value = limits[key];
    if (!Number.isInteger(value) || value < 0 || value > largest) {
      return fail(
        'usage',
        `${LIMIT_FILES[key]} ${value} is out of range: the kernel accepts 0 to ${largest}`,
      );
    }
  }
  return succeed(limits);
}

/**
 * Empty or zero-page PTEs that a window of this order may have, in a VMA that is not userfaultfd-armed.
 * Source: collapse_max_ptes_none, docs/khugepaged.md#none-rules; earlier postings:
 * docs/khugepaged.md#historic-none-rules.
 */
export function noneLimit(policy: CollapsePolicy, order: Order, geometry: Geometry): number {
  const { maxPtesNone, model, noneLimits } = policy;
  const ofOrder = noneLimits?.[order];
  if (ofOrder !== undefined) return ofOrder;
  if (order === geometry.pmdOrder) return maxPtesNone;
  const pages = pagesPerRange(geometry);
  const belowPmd = geometry.pmdOrder - order;
  switch (model.noneRule) {
    case 'ends':
      return maxPtesNone === pages - 1 ? (1 << order) - 1 : 0;
    case 'scaled':
      return maxPtesNone >>> belowPmd;
    case 'capped':
      return Math.min(maxPtesNone, (pages >>> 1) - 1) >>> belowPmd;
  }
}

/**
 * Whether khugepaged takes max_ptes_none for 0 at this order because it is neither 0 nor NR-1.
 * Source: collapse_max_ptes_none, docs/khugepaged.md#none-rules.
 */
export function ignoresNoneLimit(policy: CollapsePolicy, order: Order, geometry: Geometry): boolean {
  const { maxPtesNone, model, caller, noneLimits } = policy;
  if (noneLimits?.[order] !== undefined) return false;
  const belowPmd = order < geometry.pmdOrder;
  const isEnd = maxPtesNone === 0 || maxPtesNone === pagesPerRange(geometry) - 1;
  return caller === 'khugepaged' && model.noneRule === 'ends' && belowPmd && !isEnd;
}

/**
 * Shared PTEs that a window of this order may have.
 * Source: collapse_max_ptes_shared, docs/khugepaged.md#swap-and-shared-limits.
 */
export function sharedLimit(policy: CollapsePolicy, order: Order, geometry: Geometry): number {
  return order === geometry.pmdOrder ? policy.maxPtesShared : 0;
}

/**
 * Empty or zero-page PTEs at which the scan of a whole range goes on: the exact limit if the PMD order is the
 * only enabled one, else NR-1 even when userfaultfd is armed.
 * Source: collapse_scan_pmd, docs/khugepaged.md#scan-limits.
 */
export function scanNoneLimit(policy: CollapsePolicy, geometry: Geometry, uffdArmed: boolean): number {
  if (policy.orders !== orderSet([geometry.pmdOrder])) return pagesPerRange(geometry) - 1;
  return uffdArmed ? 0 : noneLimit(policy, asOrder(geometry.pmdOrder), geometry);
}

/** Reads a limit of some orders, such as `4-6=8`, over those that are there. */
export function parseNoneLimit(
  text: string,
  geometry: Geometry,
  limits: NoneLimits = [],
): Result<NoneLimits> {
  const match = /^([^=]+)=(\d+)$/.exec(text);
  if (!match) return fail('usage', `max_ptes_none of orders '${text}': write ORDERS=N, such as 4-6=8`);
  const orders = parseOrders(match[1], geometry);
  if (!orders.ok) return fail('usage', `max_ptes_none of orders '${text}': ${orders.failure.message}`);
  const limit = Number(match[2]);
  const tooSmall = ordersOf(orders.value).find((order) => limit >= 1 << order);
  if (tooSmall !== undefined)
    return fail(
      'usage',
      `max_ptes_none of orders '${text}': a window of order ${tooSmall} has at most ${(1 << tooSmall) - 1} empty pages`,
    );
  const all = Array.from({ length: geometry.pmdOrder + 1 }, (_, order) => limits[order]);
  for (const order of ordersOf(orders.value)) all[order] = limit;
  return succeed(all);
}
