import { formatBytes } from '../../core/base/bytes.ts';
import { type Geometry, geometryOfPmdOrder, pageBytes, x86_64 } from '../../core/memory/geometry.ts';

/** The flags that a command needs for a geometry: none for 4K pages and PMD order 9. */
export function geometryFlagWords(geometry: Geometry): string[] {
  const { pmdOrder } = geometry;
  return [...(pmdOrder === x86_64.pmdOrder ? [] : [`--pmd-order ${pmdOrder}`]), ...pageSizeFlag(geometry)];
}

/** The page size as a flag, where it is not the one that goes with the PMD order. */
export function pageSizeFlag(geometry: Geometry): string[] {
  const isImplied = geometry.pageShift === geometryOfPmdOrder(geometry.pmdOrder).pageShift;
  return isImplied ? [] : [`--page-size ${formatBytes(pageBytes(geometry))}`];
}
