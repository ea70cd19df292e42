import { pagesPerRange } from '../../core/memory/geometry.ts';
import { countBits, hasPage } from '../../core/memory/occupancy.ts';
import { hasLargeFolio, type RangeState } from '../../core/memory/range-state.ts';

/** Resident pages of a range, and those of them in large folios. */
export function residentPages({ geometry, folioOrders, pmdMapped, facts: { present, zero } }: RangeState): {
  resident: number;
  huge: number;
} {
  if (pmdMapped) {
    // The huge zero page is nobody's memory.
    const pages = zero !== undefined && hasPage(zero, 0) ? 0 : pagesPerRange(geometry);
    return { resident: pages, huge: pages };
  }
  const countsFolios = folioOrders !== undefined && hasLargeFolio(folioOrders);
  let resident = 0;
  let huge = 0;
  for (let i = 0; i < present.length; i++) {
    const pages = zero ? present[i] & ~zero[i] : present[i];
    resident += countBits(pages);
    if (!countsFolios) continue;
    for (let left = pages; left !== 0; left &= left - 1)
      if (folioOrders[i * 32 + 31 - Math.clz32(left & -left)] > 0) huge++;
  }
  return { resident, huge };
}
