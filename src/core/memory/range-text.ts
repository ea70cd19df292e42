import { fail, type Result, succeed } from '../base/failure.ts';
import { type Geometry, pagesPerRange } from './geometry.ts';
import { emptyOccupancy, hasPage, isEmpty, type Occupancy, setPage } from './occupancy.ts';
import { formatPages, parsePages } from './page-list.ts';
import { PAGE_FACTS, type PageFact, pageFacts, type RangeState } from './range-state.ts';

/**
 * A range without its address, as JSON: facts are page lists (0-15,100). What is left out is empty, false or small pages;
 * null is unknown.
 */
export type RangeText = { readonly [K in PageFact]?: string | null } & {
  /** PTEs of each folio order, such as {"4":"16-31"}. */
  readonly folioOrders?: { readonly [order: string]: string } | null;
  readonly pmdMapped?: boolean | null;
  readonly uffdArmed?: boolean;
};

export function rangeText(range: RangeState): RangeText {
  const lists = PAGE_FACTS.flatMap((fact) => {
    const bitmap = range.facts[fact];
    if (bitmap && isEmpty(bitmap)) return [];
    return [[fact, bitmap ? formatPages(bitmap) : null] as const];
  });
  const { folioOrders, pmdMapped, uffdArmed } = range;
  const folios = folioOrders ? folioLists(folioOrders, range.geometry) : null;
  return {
    ...Object.fromEntries(lists),
    ...(folios && Object.keys(folios).length === 0 ? {} : { folioOrders: folios }),
    ...(pmdMapped === false ? {} : { pmdMapped: pmdMapped ?? null }),
    ...(uffdArmed ? { uffdArmed } : {}),
  };
}

function folioLists(folioOrders: Uint8Array, geometry: Geometry): Record<string, string> {
  const byOrder = new Map<number, Occupancy>();
  for (const [page, order] of folioOrders.entries()) {
    if (order === 0) continue;
    let pages = byOrder.get(order);
    if (!pages) byOrder.set(order, (pages = emptyOccupancy(geometry)));
    setPage(pages, page);
  }
  return Object.fromEntries([...byOrder].map(([order, pages]) => [order, formatPages(pages)]));
}

/** The range of such a text, at address 0. Fails when a list names no pages of a range or an order is none. */
export function rangeOfText(text: RangeText, geometry: Geometry): Result<RangeState> {
  const bitmaps: Partial<Record<PageFact, Occupancy | undefined>> = {};
  for (const fact of PAGE_FACTS) {
    const list = text[fact];
    if (list === null) continue;
    const pages = parsePages(list ?? '', geometry);
    if (!pages.ok) return pages;
    bitmaps[fact] = pages.value;
  }
  let folioOrders: Uint8Array | undefined;
  if (text.folioOrders !== null) {
    folioOrders = new Uint8Array(pagesPerRange(geometry));
    for (const [order, list] of Object.entries(text.folioOrders ?? {})) {
      const pages = parsePages(list, geometry);
      if (!pages.ok) return pages;
      if (!/^\d+$/.test(order) || Number(order) > geometry.pmdOrder)
        return fail('unreadable', `folio order ${order} is not one of this geometry`);
      for (let page = 0; page < folioOrders.length; page++)
        if (hasPage(pages.value, page)) folioOrders[page] = Number(order);
    }
  }
  const { present = emptyOccupancy(geometry), swap = emptyOccupancy(geometry) } = bitmaps;
  return succeed({
    geometry,
    address: 0,
    facts: pageFacts({ present, swap }, (fact) => bitmaps[fact]),
    folioOrders,
    pmdMapped: text.pmdMapped === null ? undefined : (text.pmdMapped ?? false),
    uffdArmed: text.uffdArmed ?? false,
  });
}
