import { type Geometry, pageBytes } from '../memory/geometry.ts';
import { NO_ORDERS, type Order, type OrderSet, orderSet, ordersOf, uniteOrders } from '../memory/order.ts';
import type { CachedFile } from './page-cache.ts';
import { type HugeMountWord, type ShmemSettings, type ShmemSizeWord, shmemOrders } from './shmem-settings.ts';

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
  if (file.kind === 'tmpfs')
    return enabled === 'force'
      ? orderSet([geometry.pmdOrder])
      : shmemOrdersOfWord(file.hugeMount ?? 'never', file, page, advised, geometry);
  const having = (word: ShmemSizeWord): OrderSet =>
    orderSet([...sizes].filter(([, each]) => each === word).map(([order]) => order));
  if (enabled === 'force') return having('inherit');
  const inside = ordersOf(having('within_size')).filter((order) => isWithinSize(file, page, order, geometry));
  return [
    having('always'),
    orderSet(inside),
    advised ? having('advise') : NO_ORDERS,
    shmemOrdersOfWord(enabled, file, page, advised, geometry) === NO_ORDERS ? NO_ORDERS : having('inherit'),
  ].reduce(uniteOrders);
}

/**
 * The orders that a mount, or the top level, allows by itself: within_size those whose window ends within the
 * file; advice lifts it only where there is none. Source: shmem_huge_global_enabled.
 */
export function shmemOrdersOfWord(
  word: HugeMountWord,
  file: Pick<CachedFile, 'bytes'>,
  page: number,
  advised: boolean,
  geometry: Geometry,
): OrderSet {
  const all = shmemOrders(geometry);
  if (word === 'always') return all;
  if (word === 'within_size') {
    const inside = ordersOf(all).filter((order) => isWithinSize(file, page, order, geometry));
    if (inside.length > 0) return orderSet(inside);
  }
  return word !== 'never' && advised ? all : NO_ORDERS;
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
