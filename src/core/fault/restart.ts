import { type Geometry, pagesPerRange } from '../memory/geometry.ts';
import { emptyOccupancy, fullOccupancy, hasPage, type Occupancy, setPage } from '../memory/occupancy.ts';
import { asOffset, type Order, type OrderSet, ordersOf, type Window } from '../memory/order.ts';
import { holdsWindow, type PageSpan } from '../memory/page-span.ts';
import { plainRange, type RangeState } from '../memory/range-state.ts';

/** What page faults make of one PMD range of a program that starts again. */
export interface RestartedRange {
  /** Large folios, in order of their offsets. */
  readonly folios: readonly Window[];
  /** Resident pages, those in folios included. */
  readonly present: number;
}

/**
 * Pages of a range that a program has touched: present and swapped ones, no zero pages and no guard markers.
 */
export function touchedPages({ geometry, facts, pmdMapped }: RangeState): Occupancy {
  const { present, swap, zero, guard } = facts;
  // The huge zero page is nobody's memory.
  if (pmdMapped) return zero && hasPage(zero, 0) ? emptyOccupancy(geometry) : fullOccupancy(geometry);
  const touched = new Uint32Array(present.length);
  for (let i = 0; i < touched.length; i++) {
    const mapped = zero ? present[i] & ~zero[i] : present[i];
    touched[i] = mapped | (guard ? swap[i] & ~guard[i] : swap[i]);
  }
  return touched;
}

/**
 * What page faults leave in one PMD range if a program starts again and touches the same pages: at each place
 * the largest window of an order that faults may use, that fits in the VMA and holds a touched page, is
 * filled. The order in which pages are touched does not matter. `vma` is in PTEs from the start of the range;
 * `touched` holds no page outside of it. An upper bound: a VMA that grows while it is touched, reads before
 * writes, and memory given back leave less.
 * Source: do_huge_pmd_anonymous_page, alloc_anon_folio; docs/khugepaged.md#restart.
 */
export function restartRange(
  touched: Occupancy,
  vma: PageSpan,
  orders: OrderSet,
  geometry: Geometry,
): RestartedRange {
  const descending = ordersOf(orders).reverse();
  return filledBlocks(
    touched,
    (page) => descending.find((each) => holdsWindow(vma, page & -(1 << each), each)),
    geometry,
  );
}

/**
 * The range cut into blocks, of which those with a touched page are filled. `orderAt` says for the first page
 * of a block which order it has, undefined for a small page.
 */
export function filledBlocks(
  touched: Occupancy,
  orderAt: (page: number) => Order | undefined,
  geometry: Geometry,
): RestartedRange {
  const folios: Window[] = [];
  let present = 0;
  for (let page = 0; page < pagesPerRange(geometry); ) {
    const order = orderAt(page);
    const pages = order === undefined ? 1 : 1 << order;
    if (holdsPage(touched, page, pages)) {
      if (order !== undefined) folios.push({ offset: asOffset(page), order });
      present += pages;
    }
    page += pages;
  }
  return { folios, present };
}

/** A range as a restart leaves it, under the assumptions of `restartRange`; nothing of it is in swap. */
export function restartedState(range: RangeState, vma: PageSpan, orders: OrderSet): RangeState {
  const { geometry, address } = range;
  const present = touchedPages(range);
  const folioOrders = new Uint8Array(pagesPerRange(geometry));
  const { folios } = restartRange(present, vma, orders, geometry);
  for (const { offset, order } of folios) {
    for (let page = offset as number; page < offset + 2 ** order; page++) setPage(present, page);
    folioOrders.fill(order, offset, offset + 2 ** order);
  }
  const pmdMapped = folios.some(({ order }) => order === geometry.pmdOrder);
  return { ...plainRange(geometry, present, folioOrders), address, pmdMapped };
}

function holdsPage(touched: Occupancy, first: number, pages: number): boolean {
  for (let page = first; page < first + pages; page++) if (hasPage(touched, page)) return true;
  return false;
}
