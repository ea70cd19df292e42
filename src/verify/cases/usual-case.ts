import { geometryOfPmdOrder, pagesPerRange } from '../../core/memory/geometry.ts';
import { emptyOccupancy, hasPage, setPage } from '../../core/memory/occupancy.ts';
import type { SearchCase } from './search-case.ts';

/** The PMD order of x86-64 and of arm64 with pages of 4K, which most people have. */
export const USUAL_PMD_ORDER = 9;

/**
 * The pages, sizes and failures of a case in a range of 2M, so that it can be tried on a machine; undefined
 * if the range is larger. A limit that stands for no limit does so there too.
 */
export function inUsualRange(searchCase: SearchCase): SearchCase | undefined {
  const { range, orders, maxPtesNone, noneLimits, outcomes } = searchCase;
  const { pmdOrder } = range.geometry;
  // No machine has limits by order, and a pass there has other ranges.
  if (pmdOrder > USUAL_PMD_ORDER || noneLimits || searchCase.before) return undefined;
  const geometry = geometryOfPmdOrder(USUAL_PMD_ORDER);
  const occupied = emptyOccupancy(geometry);
  for (let page = 0; page < pagesPerRange(range.geometry); page++)
    if (hasPage(range.occupied, page)) setPage(occupied, page);
  const isUnlimited = maxPtesNone === pagesPerRange(range.geometry) - 1;
  return {
    range: { ...range, geometry, occupied },
    orders,
    maxPtesNone: isUnlimited ? pagesPerRange(geometry) - 1 : maxPtesNone,
    outcomes,
  };
}
