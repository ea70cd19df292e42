import type { Geometry } from '../memory/geometry.ts';

/** Pages of some memory by the order of their folio, and whole, naturally aligned folios by order. */
export interface FolioMapping {
  readonly pagesByOrder: Int32Array;
  readonly wholeFolios: Int32Array;
}

export function emptyFolioMapping({ pmdOrder }: Geometry): FolioMapping {
  return { pagesByOrder: new Int32Array(pmdOrder + 1), wholeFolios: new Int32Array(pmdOrder + 1) };
}

export function clearFolioMapping({ pagesByOrder, wholeFolios }: FolioMapping): void {
  pagesByOrder.fill(0);
  wholeFolios.fill(0);
}

/**
 * Adds `pages` present pages, those from `first` up to `end`, which cut no whole folio in two. Orders above 0
 * are those of present pages.
 */
export function addFolioMapping(
  { pagesByOrder, wholeFolios }: FolioMapping,
  folioOrders: Uint8Array,
  first: number,
  end: number,
  pages: number,
): void {
  let small = pages;
  for (let from = first; from < end; ) {
    const order = folioOrders[from];
    let to = from + 1;
    while (to < end && folioOrders[to] === order) to++;
    if (order > 0) {
      pagesByOrder[order] += to - from;
      small -= to - from;
      wholeFolios[order] += Math.max(0, (to >>> order) - ((from + (1 << order) - 1) >>> order));
    }
    from = to;
  }
  pagesByOrder[0] += small;
}
