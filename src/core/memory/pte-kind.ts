import { hasPage } from './occupancy.ts';
import type { RangeState } from './range-state.ts';

/**
 * What a PTE holds: the order of the folio that it maps, 0 for a small page, or one of the things that are no
 * folio.
 */
export type PteKind = number | 'empty' | 'zero' | 'swap';

/**
 * What a PTE of a range holds; of a range that a PMD entry maps, what that does. As `costOf` counts it: pages
 * whose folio is unknown are small. Markers and migration entries are `swap`, too.
 */
export function pteKind(range: RangeState, page: number): PteKind {
  const { geometry, folioOrders, pmdMapped } = range;
  const { present, swap, zero } = range.facts;
  // One entry for all: the huge zero page, or a folio.
  if (pmdMapped) return zero && hasPage(zero, 0) ? 'zero' : geometry.pmdOrder;
  if (!hasPage(present, page)) return hasPage(swap, page) ? 'swap' : 'empty';
  if (zero && hasPage(zero, page)) return 'zero';
  return folioOrders?.[page] ?? 0;
}
