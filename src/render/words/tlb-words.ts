import { formatSize } from '../../core/memory/format-size.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import { pagesPerRange } from '../../core/memory/geometry.ts';
import { FOLIO_REACH, type TlbReach } from '../../core/rules/tlb-reach.ts';

/**
 * Which line of the table of CPUs counts TLB entries: "one entry maps up to 16K below 2M (AMD Zen,
 * reported)".
 */
export function reachWords({ pages, cpu, certainty }: TlbReach, geometry: Geometry): string {
  const pmdSize = formatSize(pagesPerRange(geometry), geometry);
  const size = pages === FOLIO_REACH ? 'a folio of any size' : `up to ${formatSize(pages, geometry)}`;
  const what =
    pages === 1 ? `one entry maps one page below ${pmdSize}` : `one entry maps ${size} below ${pmdSize}`;
  if (certainty === 'unknown') return `${what} (not known: CPU ${cpu})`;
  return `${what} (${cpu}${certainty === 'reported' ? ', reported' : ''})`;
}
