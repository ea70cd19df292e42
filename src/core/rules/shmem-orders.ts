import { type Geometry, pageBytes } from '../memory/geometry.ts';
import { NO_ORDERS, type Order, type OrderSet, orderSet, ordersOf, uniteOrders } from '../memory/order.ts';
import type { CachedFile } from './page-cache.ts';
import { type ShmemSettings, type ShmemSizeWord, shmemOrders } from './shmem-settings.ts';

/**
 * The orders that the settings allow for a page of shared memory that is mapped, by a page fault or, of them
 * the PMD order, by khugepaged. `page` is its place in the file in pages, `advised` whether its VMA has
 * MADV_HUGEPAGE. A size that is not known is taken for large enough. Source: shmem_allowable_huge_orders and
 * shmem_huge_global_enabled, docs/khugepaged.md#faults-of-shared-memory.
 */
export function allowedShmemOrders(
  file: Pick<CachedFile, 'kind' | 'bytes' | 'hugeMount'>,
  page: number,
  advised: boolean,
  { enabled, sizes }: ShmemSettings,
  geometry: Geometry,
): OrderSet {
  if (enabled === 'deny') return NO_ORDERS;
  const all = shmemOrders(geometry);
  const endingInside = orderSet(ordersOf(all).filter((order) => isWithinSize(file, page, order, geometry)));
  const byWord = (word: Exclude<ShmemSizeWord, 'inherit'>): OrderSet => {
    if (word === 'always') return all;
    if (word === 'within_size' && endingInside !== NO_ORDERS) return endingInside;
    return word !== 'never' && advised ? all : NO_ORDERS;
  };
  if (file.kind === 'tmpfs')
    return enabled === 'force' ? orderSet([geometry.pmdOrder]) : byWord(file.hugeMount ?? 'never');
  const having = (word: ShmemSizeWord): OrderSet =>
    orderSet([...sizes].filter(([, each]) => each === word).map(([order]) => order));
  if (enabled === 'force') return having('inherit');
  const inside = ordersOf(having('within_size')).filter((order) => isWithinSize(file, page, order, geometry));
  return [
    having('always'),
    orderSet(inside),
    advised ? having('advise') : NO_ORDERS,
    byWord(enabled) === NO_ORDERS ? NO_ORDERS : having('inherit'),
  ].reduce(uniteOrders);
}

/**
 * Whether the aligned window around a page ends within the file. Source: shmem_get_orders_within_size.
 */
function isWithinSize(
  { bytes }: Pick<CachedFile, 'bytes'>,
  page: number,
  order: Order,
  geometry: Geometry,
): boolean {
  if (bytes === undefined) return true;
  const end = (Math.floor(page / 2 ** order) + 1) * 2 ** order;
  return end <= Math.ceil(bytes / pageBytes(geometry));
}
