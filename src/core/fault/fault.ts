import type { Geometry } from '../memory/geometry.ts';
import { asOrder, hasOrder, MIN_ANON_ORDER, type Order, type OrderSet } from '../memory/order.ts';
import { holdsWindow, type PageSpan, windowStart } from '../memory/page-span.ts';

/**
 * What a PMD entry of anonymous memory holds: nothing, a page table, a folio of the PMD order, the huge zero
 * page.
 */
export type PmdEntry = 'none' | 'table' | 'folio' | 'huge-zero';

/** What a PTE of anonymous memory holds: nothing, a page, the shared zero page. */
export type PteEntry = 'none' | 'page' | 'zero';

/**
 * The page tables of one VMA, as far as a page fault looks at them. Pages are counted from a PMD-aligned
 * place.
 */
export interface FaultTables {
  readonly geometry: Geometry;
  readonly vma: PageSpan;
  /** The PMD entry of the range that begins at this page. */
  pmdAt(rangeStart: number): PmdEntry;
  /** The PTE of a page whose PMD entry holds a table. */
  pteAt(page: number): PteEntry;
}

export interface FaultPolicy {
  /** Orders that the VMA allows for page faults. */
  readonly orders: OrderSet;
  /** `use_zero_page`: reads of fresh ranges map the huge zero page. */
  readonly hugeZeroPage: boolean;
}

export type Access = 'read' | 'write';

/** What a touched page gets. `first` is the first page of what is mapped. */
export type FaultResult =
  | { readonly kind: 'mapped' }
  | { readonly kind: 'folio'; readonly first: number; readonly order: Order }
  | { readonly kind: 'zero-page'; readonly first: number }
  | { readonly kind: 'huge-zero-page'; readonly first: number };

/** Why a page fault does not take a window. */
type FaultRefusal = 'not-enabled' | 'outside-vma' | 'page-table' | 'not-empty';

/** One window that a page fault considers, from the PMD order down. */
export interface FaultVisit {
  readonly first: number;
  readonly order: Order;
  /** Undefined for the window that is taken. */
  readonly refusal: FaultRefusal | undefined;
  /** For `not-empty`: the first page of the window whose PTE is in use. */
  readonly occupied?: number;
}

/** What a touch of a page maps: `faultPage`, or a rule to compare it with. */
export type FaultRule = (
  tables: FaultTables,
  page: number,
  access: Access,
  policy: FaultPolicy,
  observe?: (visit: FaultVisit) => void,
) => FaultResult;

/**
 * What the first touch of a page maps, if memory is free. It changes nothing. `observe` hears of each window
 * that is considered. The page must lie in the VMA.
 * Source: do_huge_pmd_anonymous_page, alloc_anon_folio; docs/khugepaged.md#page-faults.
 */
export function faultPage(
  tables: FaultTables,
  page: number,
  access: Access,
  policy: FaultPolicy,
  observe?: (visit: FaultVisit) => void,
): FaultResult {
  const { geometry, vma } = tables;
  const pmdOrder = asOrder(geometry.pmdOrder);
  const rangeStart = windowStart(page, pmdOrder);
  const pmd = tables.pmdAt(rangeStart);
  if (pmd === 'folio' || (pmd === 'huge-zero' && access === 'read')) return { kind: 'mapped' };
  if (pmd === 'huge-zero') return { kind: 'folio', first: rangeStart, order: pmdOrder };
  if (pmd === 'table') {
    const pte = tables.pteAt(page);
    if (pte === 'page' || (pte === 'zero' && access === 'read')) return { kind: 'mapped' };
    if (pte === 'zero') return { kind: 'folio', first: page, order: asOrder(0) };
  }
  const refusal = pmdRefusal(pmd, rangeStart, vma, policy.orders, pmdOrder);
  observe?.({ first: rangeStart, order: pmdOrder, refusal });
  if (refusal === undefined) {
    if (access === 'read' && policy.hugeZeroPage) return { kind: 'huge-zero-page', first: rangeStart };
    return { kind: 'folio', first: rangeStart, order: pmdOrder };
  }
  if (access === 'read') return { kind: 'zero-page', first: page };
  for (let order = pmdOrder - 1; order >= MIN_ANON_ORDER; order--) {
    const first = windowStart(page, order);
    const visit = visitWindow(tables, first, asOrder(order), policy.orders, pmd);
    observe?.(visit);
    if (visit.refusal === undefined) return { kind: 'folio', first, order: asOrder(order) };
  }
  return { kind: 'folio', first: page, order: asOrder(0) };
}

function pmdRefusal(
  pmd: PmdEntry,
  rangeStart: number,
  vma: PageSpan,
  orders: OrderSet,
  pmdOrder: Order,
): FaultRefusal | undefined {
  if (!hasOrder(orders, pmdOrder)) return 'not-enabled';
  if (!holdsWindow(vma, rangeStart, pmdOrder)) return 'outside-vma';
  return pmd === 'table' ? 'page-table' : undefined;
}

function visitWindow(
  tables: FaultTables,
  first: number,
  order: Order,
  orders: OrderSet,
  pmd: PmdEntry,
): FaultVisit {
  if (!hasOrder(orders, order)) return { first, order, refusal: 'not-enabled' };
  if (!holdsWindow(tables.vma, first, order)) return { first, order, refusal: 'outside-vma' };
  if (pmd === 'table') {
    for (let page = first; page < first + 2 ** order; page++) {
      if (tables.pteAt(page) !== 'none') return { first, order, refusal: 'not-empty', occupied: page };
    }
  }
  return { first, order, refusal: undefined };
}
