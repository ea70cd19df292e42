import type { CacheRange } from '../memory/cache-range.ts';
import { pageBytes, pagesPerRange } from '../memory/geometry.ts';
import { countPages, hasPage } from '../memory/occupancy.ts';
import { type CachedFile, isShmem } from '../rules/page-cache.ts';
import type { CollapseLimits } from '../rules/policy.ts';
import type { ScanResult } from '../rules/scan-result.ts';

/** What khugepaged does to one PMD range of a file. */
export interface CachePlan {
  /** SCAN_SUCCEED: one folio of the PMD size takes the place of what was there. */
  readonly result: ScanResult;
  /**
   * Pages by which the page cache grows: holes that are filled and pages that are swapped in. An attempt on a
   * file that fails has read holes as well.
   */
  readonly growthPages: number;
  /**
   * Page table entries that go away, of all mappers: their RSS falls by that until they touch it again, and
   * it falls even where the attempt fails. Undefined where the source did not see them, or which of them lie
   * before a dirty page.
   */
  readonly unmappedPages: number | undefined;
}

/** Facts of a range that a prediction took for granted, for its source could not see them. */
export type CacheUnknown = 'swapPages' | 'folioOrders' | 'dirtyPages' | 'bytes';

/**
 * What khugepaged does to a range of a file that it may collapse. It counts pages in the page cache, not
 * PTEs: nothing is asked of references or sharing. What is unknown is taken for absent (`cacheUnknowns`
 * names it).
 * Source: collapse_scan_file and collapse_file, docs/khugepaged.md#files-and-shared-memory.
 */
export function planCacheRange(
  range: CacheRange,
  file: CachedFile,
  limits: Pick<CollapseLimits, 'maxPtesNone' | 'maxPtesSwap'>,
): CachePlan {
  const present = countPages(range.present);
  const result = scanResultOf(range, present, file, limits);
  switch (result) {
    case 'SCAN_SUCCEED':
      return {
        result,
        growthPages: pagesPerRange(range.geometry) - present,
        unmappedPages: range.mappedPages,
      };
    // All that there is was read and unmapped before the end of the file was met.
    case 'SCAN_FAIL':
      return { result, growthPages: pagesWithin(range, file) - present, unmappedPages: range.mappedPages };
    case 'SCAN_PAGE_DIRTY_OR_WRITEBACK':
      return { result, growthPages: growthBeforeDirty(range, file, present), unmappedPages: undefined };
    default:
      return { result, growthPages: 0, unmappedPages: 0 };
  }
}

/** A hole before the dirty page is read, and with it all that follows. */
function growthBeforeDirty(range: CacheRange, file: CachedFile, present: number): number {
  const { firstDirtyPage, present: pages } = range;
  for (let page = 0; page < (firstDirtyPage ?? 0); page++)
    if (!hasPage(pages, page)) return pagesWithin(range, file) - present;
  return 0;
}

/** Pages of the range that lie within the file, all of them where its size is not known. */
function pagesWithin({ geometry, offset }: CacheRange, { bytes = Infinity }: CachedFile): number {
  const left = Math.ceil((bytes - offset) / pageBytes(geometry));
  return Math.min(Math.max(left, 0), pagesPerRange(geometry));
}

function scanResultOf(
  range: CacheRange,
  present: number,
  file: CachedFile,
  { maxPtesNone, maxPtesSwap }: Pick<CollapseLimits, 'maxPtesNone' | 'maxPtesSwap'>,
): ScanResult {
  const { geometry, swapPages = 0, dirtyPages = 0 } = range;
  if (swapPages > maxPtesSwap) return 'SCAN_EXCEED_SWAP_PTE';
  if (isOneFolio(range)) return 'SCAN_PTE_MAPPED_HUGEPAGE';
  if (present < pagesPerRange(geometry) - maxPtesNone) return 'SCAN_EXCEED_NONE_PTE';
  if (isShmem(file)) return 'SCAN_SUCCEED';
  if (dirtyPages > 0) return 'SCAN_PAGE_DIRTY_OR_WRITEBACK';
  // What lies behind the end of a file cannot be read.
  return pagesWithin(range, file) < pagesPerRange(geometry) ? 'SCAN_FAIL' : 'SCAN_SUCCEED';
}

/** Whether a folio of the PMD size is there already; false where folios cannot be seen. */
export function isOneFolio({ geometry, folioOrders }: Pick<CacheRange, 'geometry' | 'folioOrders'>): boolean {
  return folioOrders?.[0] === geometry.pmdOrder;
}

/** What is not known of a range and its file, and would matter to `planCacheRange`. */
export function cacheUnknowns(range: CacheRange, file: CachedFile): CacheUnknown[] {
  const unknown: CacheUnknown[] = [];
  if (range.folioOrders === undefined) unknown.push('folioOrders');
  if (range.swapPages === undefined) unknown.push('swapPages');
  if (!isShmem(file) && range.dirtyPages === undefined) unknown.push('dirtyPages');
  if (!isShmem(file) && file.bytes === undefined) unknown.push('bytes');
  return unknown;
}
