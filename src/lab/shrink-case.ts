import { type Geometry, MIN_PMD_ORDER, pagesPerRange } from '../core/geometry.ts';
import { countPages, emptyOccupancy, hasPage, type Occupancy, setPage } from '../core/occupancy.ts';
import { anonOrders, asOffset, type OrderSet, ordersOf } from '../core/order.ts';
import type { LabCase } from './lab-case.ts';

/**
 * Cases that are smaller than this one in one way, the larger steps first: a smaller PMD order, fewer PTEs, fewer
 * enabled orders, fewer failures, a plainer limit.
 */
export function* smallerCases(labCase: LabCase): Generator<LabCase> {
  yield* halves(labCase);
  yield* fewerPtes(labCase);
  const { range, orders, outcomes, maxPtesNone } = labCase;
  for (const order of ordersOf(orders)) yield { ...labCase, orders: (orders & ~(1 << order)) as OrderSet };
  for (const rule of outcomes) yield { ...labCase, outcomes: outcomes.filter((each) => each !== rule) };
  if (range.uffdArmed) yield { ...labCase, range: { ...range, uffdArmed: false } };
  const largest = pagesPerRange(range.geometry) - 1;
  if (maxPtesNone !== 0) yield { ...labCase, maxPtesNone: 0 };
  if (maxPtesNone !== 0 && maxPtesNone !== largest) yield { ...labCase, maxPtesNone: largest };
}

/** Each half of the range as a range of its own. */
function* halves(labCase: LabCase): Generator<LabCase> {
  const { range, orders, outcomes, maxPtesNone } = labCase;
  const { geometry } = range;
  if (geometry.pmdOrder === MIN_PMD_ORDER) return;
  const half: Geometry = { ...geometry, pmdOrder: geometry.pmdOrder - 1 };
  const pages = pagesPerRange(half);
  const limits = new Set([maxPtesNone >>> 1, maxPtesNone === 2 * pages - 1 ? pages - 1 : 0]);
  for (const first of [0, pages]) {
    const occupied = emptyOccupancy(half);
    for (let page = 0; page < pages; page++)
      if (hasPage(range.occupied, first + page)) setPage(occupied, page);
    const unmapped = Math.min(range.unmapped, pages - countPages(occupied));
    for (const limit of limits) {
      yield {
        range: { ...range, geometry: half, occupied, unmapped },
        orders: (orders & anonOrders(half)) as OrderSet,
        maxPtesNone: limit,
        outcomes: outcomes.flatMap((rule) => {
          const offset = (rule.offset ?? 0) - first;
          const inside = offset >= 0 && offset < pages;
          const kept = (rule.orders & anonOrders(half)) as OrderSet;
          return inside && kept !== 0 ? [{ ...rule, offset: asOffset(offset), orders: kept }] : [];
        }),
      };
    }
  }
}

/** Without swapped PTEs, or without the pages of one block, large blocks first. */
function* fewerPtes(labCase: LabCase): Generator<LabCase> {
  const { range } = labCase;
  const { occupied, unmapped, geometry } = range;
  for (const fewer of new Set([0, unmapped >>> 1, unmapped - 1])) {
    if (fewer >= 0 && fewer < unmapped) yield { ...labCase, range: { ...range, unmapped: fewer } };
  }
  const pages = pagesPerRange(geometry);
  for (let size = pages; size >= 1; size >>>= 1) {
    for (let first = 0; first < pages; first += size) {
      const kept = without(occupied, first, size);
      if (kept) yield { ...labCase, range: { ...range, occupied: kept } };
    }
  }
}

/** The pages without a block of them; undefined if there is nothing in it. */
function without(pages: Occupancy, first: number, size: number): Occupancy | undefined {
  const kept = pages.slice();
  for (let page = first; page < first + size; page++) kept[page >>> 5] &= ~(1 << (page & 31));
  return kept.every((word, i) => word === pages[i]) ? undefined : kept;
}
