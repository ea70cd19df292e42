import type { Geometry } from '../memory/geometry.ts';
import { pagesPerRange } from '../memory/geometry.ts';
import { savedEntries } from '../rules/tlb-reach.ts';

/** How pages are mapped. Lists are indexed by order. */
interface Mapped {
  readonly residentPages: number;
  /** Of these, pages that PMD entries map. */
  readonly pmdMappedPages: number;
  /** Folios that PTEs map whole and naturally aligned. */
  readonly wholeFolios: ArrayLike<number>;
}

/**
 * TLB entries that map these pages once, if one entry below the PMD maps up to `reachPages`: a PMD entry
 * takes one, a folio that PTEs map whole takes `folioEntries`, every other page one. See
 * docs/advice.md#tlb-entries.
 */
export function tlbEntries(mapped: Mapped, reachPages: number, geometry: Geometry): number {
  const { residentPages, pmdMappedPages, wholeFolios } = mapped;
  let entries = residentPages - pmdMappedPages + pmdMappedPages / pagesPerRange(geometry);
  for (let order = 1; order < wholeFolios.length; order++)
    if (wholeFolios[order] > 0) entries -= wholeFolios[order] * savedEntries(order, reachPages);
  return entries;
}

/**
 * TLB entries of memory that page faults filled: pages by the order of their folio, all of them whole and
 * aligned, those of the PMD order mapped by PMD entries.
 */
export function restartTlbEntries(
  pagesByOrder: ArrayLike<number>,
  reachPages: number,
  geometry: Geometry,
): number {
  const { pmdOrder } = geometry;
  const wholeFolios = Array.from(pagesByOrder, (pages, order) => (order < pmdOrder ? pages / 2 ** order : 0));
  const residentPages = Array.from(pagesByOrder).reduce((sum, pages) => sum + pages, 0);
  return tlbEntries(
    { residentPages, pmdMappedPages: pagesByOrder[pmdOrder], wholeFolios },
    reachPages,
    geometry,
  );
}
