import { type Geometry, noneByOrder, pagesPerRange } from '../memory/geometry.ts';
import { countPages, difference, hasPage } from '../memory/occupancy.ts';
import type { Window } from '../memory/order.ts';
import { codeOfOrder, orderOfCode, writePteCodes } from '../memory/pte-code.ts';
import { hasLargeFolio, type RangeState } from '../memory/range-state.ts';
import type { AttemptRecord } from '../rules/candidate.ts';
import { collapsesOf } from './collapses.ts';
import type { CollapsePlan } from './plan.ts';

/** What a plan costs and gains, in base pages unless said otherwise. */
export interface PlanCost {
  /** Windows tried: each one allocates a folio and clears the PMD under the mmap write lock. */
  readonly attempts: number;
  /** Pages of all collapsed windows. */
  readonly coveredPages: number;
  /** Empty and zero-page PTEs that become private pages. */
  readonly filledPages: number;
  readonly copiedPages: number;
  /** Of these, pages that another process may go on using: the machine keeps the original. */
  readonly copiedSharedPages: number;
  readonly swappedInPages: number;
  readonly before: Mapping;
  readonly after: Mapping;
}

/** How a range is mapped at one moment. */
export interface Mapping {
  /** Resident pages by the order of their folio: index k counts base pages in folios of order k. */
  readonly pagesByOrder: readonly number[];
  /** Resident pages that a PMD entry maps: all of the range or none. */
  readonly pmdMappedPages: number;
  /**
   * Folios that PTEs map whole and naturally aligned, by order: one TLB entry may map several of their pages.
   */
  readonly wholeFolios: readonly number[];
}

/**
 * Adds up a plan for a range; without a plan nothing changes. Where folio orders are unknown, pages that no
 * PMD entry maps count as small.
 */
export function costOf(range: RangeState, plan: CollapsePlan | undefined): PlanCost {
  const { pmdOrder } = range.geometry;
  const collapses = plan ? collapsesOf(plan) : [];
  const swappedInPages = plan?.swappedInPages ?? 0;
  let coveredPages = 0;
  let copiedPages = 0;
  let pmdCollapse = false;
  for (const { order, pages } of collapses) {
    coveredPages += 1 << order;
    copiedPages += pages;
    pmdCollapse ||= order === pmdOrder;
  }
  const isSmall = holdsSmallPages(range) && swappedInPages === 0 && areApart(collapses);
  return {
    attempts: plan?.attempts.length ?? 0,
    coveredPages,
    filledPages: coveredPages - copiedPages,
    copiedPages,
    // No window below the PMD order may hold a shared page.
    copiedSharedPages: pmdCollapse ? (plan?.scan.shared ?? 0) : 0,
    swappedInPages,
    ...(isSmall ? smallMappings(range, collapses) : mappingsOf(range, collapses, swappedInPages)),
  };
}

type Mappings = Pick<PlanCost, 'before' | 'after'>;

/** Of small pages each collapse takes those that it copies, and makes one folio. */
function smallMappings(
  { geometry, facts: { present, zero } }: RangeState,
  collapses: readonly AttemptRecord[],
): Mappings {
  const before = emptyMapping(geometry);
  before.pagesByOrder[0] = countPages(zero ? difference(present, zero) : present);
  if (collapses.length === 0) return { before, after: before };
  const after = emptyMapping(geometry);
  after.pagesByOrder[0] = before.pagesByOrder[0];
  for (const { order, pages } of collapses) {
    after.pagesByOrder[0] -= pages;
    after.pagesByOrder[order] += 1 << order;
    if (order < geometry.pmdOrder) after.wholeFolios[order]++;
    else after.pmdMappedPages += 1 << order;
  }
  return { before, after };
}

function holdsSmallPages({ folioOrders, pmdMapped }: RangeState): boolean {
  return !pmdMapped && !(folioOrders && hasLargeFolio(folioOrders));
}

/** Whether these are aligned windows, one after the other: searches of other people may collapse others. */
function areApart(windows: readonly Window[]): boolean {
  let end = 0;
  for (const { offset, order } of windows) {
    if (offset < end || offset % (1 << order) !== 0 || order === 0) return false;
    end = offset + (1 << order);
  }
  return true;
}

/** The same PTE by PTE, whatever the range holds. */
function mappingsOf(
  range: RangeState,
  collapses: readonly AttemptRecord[],
  swappedInPages: number,
): Mappings {
  const { geometry } = range;
  const codes = new Uint8Array(pagesPerRange(geometry));
  writePteCodes(range, codes);
  const before = describe(codes, geometry, range.pmdMapped === true);
  if (collapses.length === 0 && swappedInPages === 0) return { before, after: before };
  swapIn(range, swappedInPages, codes);
  for (const { offset, order } of collapses) codes.fill(codeOfOrder(order), offset, offset + (1 << order));
  const isPmdMapped = collapses.some(({ order }) => order === geometry.pmdOrder);
  return { before, after: describe(codes, geometry, isPmdMapped) };
}

/** Swap-in goes upwards from the start of the range and leaves small pages. */
function swapIn(range: RangeState, count: number, codes: Uint8Array): void {
  for (let page = 0; count > 0; page++) {
    if (!hasPage(range.facts.swap, page)) continue;
    codes[page] = codeOfOrder(0);
    count--;
  }
}

/** Of no page. */
function emptyMapping(geometry: Geometry) {
  return { pagesByOrder: noneByOrder(geometry), pmdMappedPages: 0, wholeFolios: noneByOrder(geometry) };
}

function describe(codes: Uint8Array, geometry: Geometry, pmdMapped: boolean): Mapping {
  const mapping = emptyMapping(geometry);
  const { pagesByOrder, wholeFolios } = mapping;
  for (let first = 0; first < codes.length; ) {
    const code = codes[first];
    let end = first + 1;
    while (end < codes.length && codes[end] === code) end++;
    // The zero page is nobody's memory.
    const order = orderOfCode(code);
    if (order !== undefined) {
      pagesByOrder[order] += end - first;
      if (order > 0 && !pmdMapped) wholeFolios[order] += alignedWindows(first, end, order);
    }
    first = end;
  }
  if (pmdMapped) mapping.pmdMappedPages = pagesByOrder[geometry.pmdOrder];
  return mapping;
}

/** Naturally aligned windows of an order among the pages from `first` up to `end`. */
function alignedWindows(first: number, end: number, order: number): number {
  return Math.max(0, (end >>> order) - ((first + (1 << order) - 1) >>> order));
}
