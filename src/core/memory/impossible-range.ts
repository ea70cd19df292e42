import type { Geometry } from './geometry.ts';
import type { Occupancy } from './occupancy.ts';
import type { PageSpan } from './page-span.ts';
import { PRESENT_FACTS, type RangeState } from './range-state.ts';

/** What a range holds that no range can; undefined where nothing is wrong. */
export function impossibleRange({ geometry, facts, folioOrders }: RangeState): string | undefined {
  const { present, swap } = facts;
  for (let i = 0; i < present.length; i++)
    if ((present[i] & swap[i]) !== 0) return presentAndSwapped(firstPage(i, present[i] & swap[i]));
  return folioOrders && impossibleOrders(folioOrders, geometry);
}

/**
 * What a range that somebody wrote down says of a page that it leaves empty or in swap, though it is true of
 * pages that are present alone; undefined where nothing. Sources may have such bits, which mean nothing.
 */
export function factOfNoPage({ facts }: RangeState): string | undefined {
  for (const fact of PRESENT_FACTS)
    for (let i = 0; i < facts.present.length; i++) {
      const misplaced = (facts[fact]?.[i] ?? 0) & ~facts.present[i];
      if (misplaced !== 0) return `page ${firstPage(i, misplaced)} is ${fact} but not present`;
    }
  return undefined;
}

/** Which page has a folio of an order that no folio has; undefined where none has. */
export function impossibleOrders(folioOrders: Uint8Array, geometry: Geometry): string | undefined {
  if (areAtMost(geometry.pmdOrder, folioOrders)) return undefined;
  for (let page = 0; page < folioOrders.length; page++)
    if (folioOrders[page] > geometry.pmdOrder)
      return `page ${page}, ${noFolioOrder(folioOrders[page], geometry)}`;
  return undefined;
}

/** Whether all orders are at most one. Eight at a time: this is asked of every range. */
function areAtMost(m: number, o: Uint8Array): boolean {
  // Below 0 where any of them is.
  let least = 0;
  for (let i = 0; i < o.length; i += 8)
    least |=
      (m - o[i]) |
      (m - o[i + 1]) |
      (m - o[i + 2]) |
      (m - o[i + 3]) |
      (m - o[i + 4]) |
      (m - o[i + 5]) |
      (m - o[i + 6]) |
      (m - o[i + 7]);
  return least >= 0;
}

/** Why a page cannot be both. */
export function presentAndSwapped(page: number): string {
  return `page ${page} is both present and in swap; a page can be one of them`;
}

/** Why a folio cannot be of an order that is none of a large folio. */
export function noFolioOrder(order: number | string, { pmdOrder }: Geometry): string {
  return `order ${order}: large folios have orders 1 to ${pmdOrder}`;
}

/** The first page that is present or in swap outside of the VMA of a range; undefined if there is none. */
export function pageOutside({ facts: { present, swap } }: RangeState, vma: PageSpan): number | undefined {
  for (let i = 0; i < present.length; i++) {
    const outside = (present[i] | swap[i]) & ~wordInside(vma, i);
    if (outside !== 0) return firstPage(i, outside);
  }
  return undefined;
}

/** The bits of a word of a bitmap that stand for pages of a span. */
function wordInside({ start, end }: PageSpan, word: number): Occupancy[number] {
  const from = Math.max(0, start - 32 * word);
  const to = Math.min(32, end - 32 * word);
  if (from >= to) return 0;
  return (to === 32 ? -1 : (1 << to) - 1) & (-1 << from);
}

function firstPage(word: number, bits: number): number {
  return 32 * word + 31 - Math.clz32(bits & -bits);
}
