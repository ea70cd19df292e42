import { pagesPerRange } from '../memory/geometry.ts';
import { hasPage } from '../memory/occupancy.ts';
import { type CollapsePlan, collapsesOf } from './plan.ts';
import type { RangeState } from '../memory/range-state.ts';

/** What a plan costs and gains, in base pages unless said otherwise. */
export interface PlanCost {
  /** Windows tried: each one allocates a folio and clears the PMD under the mmap write lock. */
  readonly attempts: number;
  /** Pages of all collapsed windows. */
  readonly coveredPages: number;
  /** Empty and zero-page PTEs that become private pages. */
  readonly filledPages: number;
  readonly copiedPages: number;
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
  /** TLB entries if one entry maps one naturally aligned, wholly mapped folio (contiguous PTEs, coalescing). */
  readonly tlbEntriesFolio: number;
  /** TLB entries if only a PMD entry maps more than one page (x86-64 without coalescing). */
  readonly tlbEntriesPmd: number;
}

/** What a PTE maps: the order of its folio, or one of these two. */
const NOTHING = -2;
const ZERO_PAGE = -1;

/**
 * Adds up a plan for a range; without a plan nothing changes. Where folio orders are unknown, pages that no PMD entry
 * maps count as small.
 */
export function costOf(range: RangeState, plan: CollapsePlan | undefined): PlanCost {
  const { pmdOrder } = range.geometry;
  const mapped = mappedOrders(range);
  const before = describe(mapped, pmdOrder, range.pmdMapped === true);

  const collapses = plan ? collapsesOf(plan) : [];
  const swappedInPages = plan?.swappedInPages ?? 0;
  let coveredPages = 0;
  let copiedPages = 0;
  let pmdCollapse = false;
  swapIn(range, swappedInPages, mapped);
  for (const { offset, order, pages } of collapses) {
    coveredPages += 1 << order;
    copiedPages += pages;
    pmdCollapse ||= order === pmdOrder;
    mapped.fill(order, offset, offset + (1 << order));
  }
  const changed = collapses.length > 0 || swappedInPages > 0;
  return {
    attempts: plan?.attempts.length ?? 0,
    coveredPages,
    filledPages: coveredPages - copiedPages,
    copiedPages,
    swappedInPages,
    before,
    after: changed ? describe(mapped, pmdOrder, pmdCollapse) : before,
  };
}

function mappedOrders(range: RangeState): Int8Array {
  const mapped = new Int8Array(pagesPerRange(range.geometry)).fill(NOTHING);
  const { present, zero } = range.facts;
  const { folioOrders } = range;
  if (range.pmdMapped) {
    // The huge zero page is nobody's memory.
    const isZeroPage = zero !== undefined && hasPage(zero, 0);
    return mapped.fill(isZeroPage ? ZERO_PAGE : range.geometry.pmdOrder);
  }
  for (let i = 0; i < present.length; i++) {
    for (let left = present[i]; left !== 0; left &= left - 1) {
      const page = 32 * i + 31 - Math.clz32(left & -left);
      if (zero && hasPage(zero, page)) mapped[page] = ZERO_PAGE;
      else mapped[page] = folioOrders ? folioOrders[page] : 0;
    }
  }
  return mapped;
}

/** Swap-in goes upwards from the start of the range and leaves small pages. */
function swapIn(range: RangeState, count: number, mapped: Int8Array): void {
  for (let page = 0; count > 0; page++) {
    if (!hasPage(range.facts.swap, page)) continue;
    mapped[page] = 0;
    count--;
  }
}

function describe(mapped: Int8Array, pmdOrder: number, pmdMapped: boolean): Mapping {
  const pagesByOrder = Array.from({ length: pmdOrder + 1 }, () => 0);
  let tlbEntriesFolio = 0;
  let ptes = 0;
  for (let page = 0; page < mapped.length; ) {
    const order = mapped[page];
    const pages = order > 0 && isWholeFolio(mapped, page, order) ? 1 << order : 1;
    if (order !== NOTHING) {
      tlbEntriesFolio++;
      ptes += pages;
    }
    if (order >= 0) pagesByOrder[order] += pages;
    page += pages;
  }
  if (pmdMapped)
    return { pagesByOrder, pmdMappedPages: pagesByOrder[pmdOrder], tlbEntriesFolio: 1, tlbEntriesPmd: 1 };
  return { pagesByOrder, pmdMappedPages: 0, tlbEntriesFolio, tlbEntriesPmd: ptes };
}

function isWholeFolio(mapped: Int8Array, first: number, order: number): boolean {
  const size = 1 << order;
  if (first % size !== 0 || first + size > mapped.length) return false;
  for (let page = first; page < first + size; page++) if (mapped[page] !== order) return false;
  return true;
}
