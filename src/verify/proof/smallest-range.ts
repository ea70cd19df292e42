import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import {
  clearPage,
  countPages,
  emptyOccupancy,
  hasPage,
  type Occupancy,
  setPage,
  setPages,
} from '../../core/memory/occupancy.ts';
import type { Window } from '../../core/memory/order.ts';
import type { Fill } from '../../core/search/machine.ts';

/** What a window is to have. */
export interface WindowFact extends Window {
  readonly fill: Fill;
}

/** A range and the limit under which its windows have what they are to have. */
export interface FittingRange {
  readonly occupied: Occupancy;
  readonly unmapped: number;
  readonly maxPtesNone: number;
  /** Occupied and unmapped PTEs. */
  readonly ptes: number;
}

/**
 * The fewest PTEs with which all facts hold, under the none rule of 7.2, and where they are; undefined when
 * no range does it. Under the largest limit one page is enough for a window; under any other, all its pages
 * are, below the PMD order. These two are all there is to try. Facts about windows that are no aligned part
 * of the range are met as well as can be: their case has to be run. Orders are 2 or larger.
 * Source: collapse_max_ptes_none, docs/khugepaged.md#none-rules.
 */
export function smallestRange(facts: readonly WindowFact[], geometry: Geometry): FittingRange | undefined {
  const pmd = facts.find(({ offset, order }) => offset === 0 && order === geometry.pmdOrder)?.fill;
  const byAnyPage = pmd === 'too-few' || pmd === 'enough-with-swap' ? undefined : anyPage(facts, geometry);
  const byAllPages = allPages(facts, geometry, pmd);
  if (!byAnyPage || !byAllPages) return byAnyPage ?? byAllPages;
  return byAllPages.ptes < byAnyPage.ptes ? byAllPages : byAnyPage;
}

/** Under the largest limit: a page in each window that has enough, none in those that have too few. */
function anyPage(facts: readonly WindowFact[], geometry: Geometry): FittingRange | undefined {
  const occupied = emptyOccupancy(geometry);
  const empty = emptyOccupancy(geometry);
  for (const fact of facts) if (fact.fill === 'too-few') fillWindow(empty, fact, geometry);
  const odd = facts.filter((fact) => !isPart(fact, geometry));
  // A page for a small window is one for those around it, too.
  const filled = facts.filter(({ fill }) => fill !== 'too-few').sort((a, b) => a.order - b.order);
  const everywhere = { offset: 0, order: geometry.pmdOrder } as Window;
  for (const window of [...filled, everywhere]) {
    if (firstPage(window, geometry, (page) => hasPage(occupied, page)) !== undefined) continue;
    const isFree = (page: number) => !hasPage(empty, page);
    const shared =
      odd.length > 0
        ? firstPage(window, geometry, (page) => isFree(page) && odd.some((each) => holds(each, page)))
        : undefined;
    const page = shared ?? firstPage(window, geometry, isFree);
    if (page === undefined) return undefined;
    setPage(occupied, page);
  }
  return { occupied, unmapped: 0, maxPtesNone: pagesPerRange(geometry) - 1, ptes: countPages(occupied) };
}

/** Under a smaller limit: windows below the PMD order have enough when they are full. */
function allPages(
  facts: readonly WindowFact[],
  geometry: Geometry,
  pmd: Fill | undefined,
): FittingRange | undefined {
  const pages = pagesPerRange(geometry);
  const occupied = emptyOccupancy(geometry);
  const below = facts.filter(({ order }) => order < geometry.pmdOrder);
  const holed = below.filter(({ fill }) => fill === 'too-few');
  for (const window of below) if (window.fill !== 'too-few') fillWindow(occupied, window, geometry);
  const hasHole = (window: Window) =>
    firstPage(window, geometry, (page) => !hasPage(occupied, page)) !== undefined;
  if (!holed.every(hasHole)) return undefined;

  // The scan wants a page, and half a range of them where one is swapped; the limit decides the PMD order.
  const least = pmd === 'enough-with-swap' ? pages >>> 1 : pmd === 'enough' ? 2 : 1;
  let count = countPages(occupied);
  for (let page = 0; page < pages && count < least; page++) {
    if (hasPage(occupied, page)) continue;
    setPage(occupied, page);
    if (holed.some((window) => holds(window, page) && !hasHole(window))) clearPage(occupied, page);
    else count++;
  }
  const unmapped = pmd === 'enough-with-swap' ? 1 : 0;
  const isPossible = count >= least && count + unmapped <= pages && !(pmd === 'too-few' && count === pages);
  if (!isPossible) return undefined;
  const maxPtesNone = pmd === undefined || pmd === 'too-few' ? 0 : pages - count - unmapped;
  return { occupied, unmapped, maxPtesNone, ptes: count + unmapped };
}

function isPart({ offset, order }: Window, geometry: Geometry): boolean {
  return offset % (1 << order) === 0 && offset + (1 << order) <= pagesPerRange(geometry);
}

function holds({ offset, order }: Window, page: number): boolean {
  return page >= offset && page < offset + (1 << order);
}

/** The first page of a window, as far as it is in the range, that is asked for. */
function firstPage(
  { offset, order }: Window,
  geometry: Geometry,
  is: (page: number) => boolean,
): number | undefined {
  const end = Math.min(pagesPerRange(geometry), offset + (1 << order));
  for (let page = Math.max(0, offset); page < end; page++) if (is(page)) return page;
  return undefined;
}

function fillWindow(occupied: Occupancy, { offset, order }: Window, geometry: Geometry): void {
  const first = Math.max(0, offset);
  setPages(occupied, first, Math.min(pagesPerRange(geometry), offset + (1 << order)) - first);
}
