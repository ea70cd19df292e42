import { asOrder, highestOrder, type Order, orderSet } from '../memory/order.ts';
import type { CachedFile } from './page-cache.ts';
import type { ShmemSettings } from './shmem-settings.ts';

/**
 * By how many pages, as an order, mmap aligns a mapping to its file where nobody names an address: 0 where
 * it may lie at any page. A file is aligned by the PMD size, a tmpfs by its mount, a memfd and System V
 * memory by the top level alone: the sizes are asked only for memory `withoutFile` (MAP_SHARED and
 * MAP_ANONYMOUS).
 * Source: thp_get_unmapped_area and shmem_get_unmapped_area, docs/khugepaged.md#layout-of-mappings.
 */
export function mappingAlignment(
  { kind, hugeMount = 'never' }: Pick<CachedFile, 'kind' | 'hugeMount'>,
  withoutFile: boolean,
  { enabled, sizes }: ShmemSettings,
  pmdOrder: Order,
): Order {
  const none = asOrder(0);
  if (kind === 'file' || enabled === 'force') return pmdOrder;
  if (enabled === 'deny') return none;
  if (kind === 'tmpfs') return hugeMount === 'never' ? none : pmdOrder;
  const byTopLevel = enabled === 'never' ? none : pmdOrder;
  if (!withoutFile) return byTopLevel;
  const counting = [...sizes].filter(([, word]) =>
    word === 'inherit' ? enabled !== 'never' : word !== 'never',
  );
  return highestOrder(orderSet(counting.map(([order]) => order))) ?? byTopLevel;
}
