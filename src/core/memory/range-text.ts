import { type Failure, fail, type Result, succeed } from '../base/failure.ts';
import { type Geometry, pagesPerRange } from './geometry.ts';
import { noFolioOrder, presentAndSwapped } from './impossible-range.ts';
import {
  difference,
  emptyOccupancy,
  hasPage,
  intersection,
  isEmpty,
  type Occupancy,
  setPage,
  union,
} from './occupancy.ts';
import { formatPages, parsePages } from './page-list.ts';
import {
  type ExtraFact,
  eachFact,
  hasLargeFolio,
  PAGE_FACTS,
  type PageFact,
  pageFacts,
  type RangeState,
  type SeenFact,
} from './range-state.ts';

/**
 * A range without its address, as JSON: facts are page lists (0-15,100). What is left out is empty, false or
 * small pages; null is unknown. Pages of `zero` are present and those of `guard` in swap, listed there or
 * not.
 */
export type RangeText = { readonly [K in SeenFact]?: string } & {
  readonly [K in ExtraFact]?: string | null;
} & {
  /** PTEs of each folio order, such as {"4":"16-31"}. Those of PTEs that are not present mean nothing. */
  readonly folioOrders?: { readonly [order: string]: string } | null;
  readonly pmdMapped?: boolean | null;
  readonly uffdArmed?: boolean;
};

/** What of a text cannot be read, or contradicts the rest of it. */
interface RangeProblem extends Failure {
  /** The list that is wrong by itself. */
  readonly list: PageFact | 'folios' | undefined;
}

export function rangeText({ facts, ...range }: RangeState): RangeText {
  const swap = difference(facts.swap, facts.present);
  const zero = facts.zero && intersection(facts.zero, facts.present);
  const guard = facts.guard && intersection(facts.guard, swap);
  const said = { ...facts, swap, zero, guard };
  const lists = PAGE_FACTS.flatMap((fact) => {
    const bitmap = said[fact];
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
  if (!hasLargeFolio(folioOrders)) return {};
  const byOrder = new Map<number, Occupancy>();
  for (const [page, order] of folioOrders.entries()) {
    if (order === 0) continue;
    let pages = byOrder.get(order);
    if (!pages) byOrder.set(order, (pages = emptyOccupancy(geometry)));
    setPage(pages, page);
  }
  return Object.fromEntries([...byOrder].map(([order, pages]) => [order, formatPages(pages)]));
}

/**
 * The range of a text, at address 0. Fails on pages that no range has, on orders that no folio has, and on
 * pages that would be two things at once.
 */
export function rangeOfText(text: RangeText, geometry: Geometry): Result<RangeState> {
  const { range, problems } = readRange(text, geometry);
  if (problems.length === 0) return succeed(range);
  const [{ kind, message, list }] = problems;
  return fail(kind, list ? `${list}: ${message}` : message);
}

/**
 * The range of a text, at address 0, as far as the text can be read: lists with problems count as empty, and
 * pages that are present and in swap as present.
 */
export function readRange(
  text: RangeText,
  geometry: Geometry,
): { readonly range: RangeState; readonly problems: readonly RangeProblem[] } {
  const problems: RangeProblem[] = [];
  const report = (list: RangeProblem['list'], failure: Failure) => problems.push({ ...failure, list });
  const lists = eachFact((fact) =>
    text[fact] === null ? undefined : pagesOf(text[fact] ?? '', geometry, (failure) => report(fact, failure)),
  );
  const none = emptyOccupancy(geometry);
  const present = union(lists.present ?? none, lists.zero ?? none);
  const swap = union(lists.swap ?? none, lists.guard ?? none);
  const both = intersection(present, swap);
  if (!isEmpty(both)) {
    const page = Number.parseInt(formatPages(both), 10);
    report(undefined, { kind: 'usage', message: presentAndSwapped(page) });
  }
  const { folioOrders = {}, pmdMapped = false, uffdArmed = false } = text;
  const range = {
    geometry,
    address: 0,
    facts: pageFacts({ present, swap: difference(swap, present) }, (fact) => lists[fact]),
    folioOrders: folioOrders
      ? ordersOf(folioOrders, present, geometry, (failure) => report('folios', failure))
      : undefined,
    pmdMapped: pmdMapped ?? undefined,
    uffdArmed,
  };
  return { range, problems };
}

/** The order of the folio of each page that is present. */
function ordersOf(
  lists: NonNullable<RangeText['folioOrders']>,
  present: Occupancy,
  geometry: Geometry,
  report: (failure: Failure) => void,
): Uint8Array {
  const orders = new Uint8Array(pagesPerRange(geometry));
  for (const [name, list] of Object.entries(lists)) {
    const order = /^\d+$/.test(name) ? Number(name) : 0;
    if (order < 1 || order > geometry.pmdOrder) {
      report({ kind: 'usage', message: noFolioOrder(name, geometry) });
      continue;
    }
    const pages = intersection(pagesOf(list, geometry, report), present);
    const taken = orders.findIndex((other, page) => other > 0 && hasPage(pages, page));
    if (taken >= 0) {
      const message = `page ${taken} is in folios of two orders; a page can be in one`;
      report({ kind: 'usage', message });
    }
    for (let page = 0; page < orders.length; page++) if (hasPage(pages, page)) orders[page] = order;
  }
  return orders;
}

function pagesOf(text: string, geometry: Geometry, report: (failure: Failure) => void): Occupancy {
  const pages = parsePages(text, geometry);
  if (pages.ok) return pages.value;
  report(pages.failure);
  return emptyOccupancy(geometry);
}
