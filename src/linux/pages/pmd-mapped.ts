import { pagesPerRange, rangeBytes } from '../../core/memory/geometry.ts';
import { countPages, hasPage } from '../../core/memory/occupancy.ts';
import type { RangeState } from '../../core/memory/range-state.ts';
import type { SmapsVma } from './smaps.ts';

/**
 * Where AnonHugePages of smaps says that a VMA has memory mapped by PMD entries, and PAGEMAP_SCAN is not
 * there to say where: in every range that may be mapped so, or in some of them.
 */
export type PmdMapping = 'everywhere' | 'somewhere';

/**
 * Whether one PMD entry maps a range, as far as its pages and the sums of its VMA tell: it has all pages, of
 * one folio where folios are visible. Sums do not count the huge zero page. Undefined where it may be.
 */
export function pmdMappedBySums(
  { geometry, facts, folioOrders }: Pick<RangeState, 'geometry' | 'facts' | 'folioOrders'>,
  { pmdMappedBytes, pmdMapping }: SmapsVma,
): boolean | undefined {
  if (countPages(facts.present) < pagesPerRange(geometry)) return false;
  if (mayBeZeroPage(facts)) return undefined;
  if (folioOrders && !folioOrders.every((order) => order === geometry.pmdOrder)) return false;
  if (pmdMappedBytes === 0) return false;
  return pmdMapping === 'everywhere' ? true : undefined;
}

/** Zero pages look shared where nothing tells them apart. */
function mayBeZeroPage({ zero, shared }: RangeState['facts']): boolean {
  const alike = zero ?? shared;
  return alike === undefined || hasPage(alike, 0);
}

/** How the memory of a VMA that PMD entries map lies, from its ranges as they look without knowing that. */
export function pmdMappingOf(vma: SmapsVma, ranges: Iterable<RangeState>): PmdMapping {
  let bytes = 0;
  for (const { pmdMapped, geometry, facts } of ranges)
    if (pmdMapped === undefined && !mayBeZeroPage(facts)) bytes += rangeBytes(geometry);
  return bytes === vma.pmdMappedBytes ? 'everywhere' : 'somewhere';
}
