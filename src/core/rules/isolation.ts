import type { Geometry } from '../memory/geometry.ts';
import { hasPage, type Occupancy } from '../memory/occupancy.ts';
import type { Window } from '../memory/order.ts';
import { type CollapsePolicy, noneLimit, sharedLimit } from './policy.ts';
import type { ScanResult } from './scan-result.ts';

/** What isolation asks about the PTEs of a range, each by its position in the range. */
export interface IsolationFacts {
  /** Empty, or mapping the shared zero page. */
  isNoneOrZero(page: number): boolean;
  isPresent(page: number): boolean;
  /** Present, and tracked by userfaultfd. */
  isTracked(page: number): boolean;
  /** Present, and mapping no ordinary page: no struct page, or a device's. */
  isNull(page: number): boolean;
  /** A clean MADV_FREE page in an area that is not droppable. */
  isLazyfree(page: number): boolean;
  /** folio_maybe_mapped_shared. */
  isShared(page: number): boolean;
  folioOrder(page: number): number;
  isReferenced(page: number): boolean;
  /** Whether a PTE that was looked at may write; not known outside of a running system. */
  readonly writable?: boolean;
  /**
   * Locks the folio of this PTE and takes it off the LRU, unless that is done already; or what stands in the
   * way.
   */
  take(page: number): ScanResult | undefined;
}

/** How far isolation came, and what it counted. */
export interface IsolationReport {
  readonly result: ScanResult;
  readonly noneOrZero: number;
  readonly referenced: number;
  /** The PTE that ended it; the end of the window if none did. */
  readonly stoppedAt: number;
}

/**
 * Judges the PTEs of a window one by one and takes their folios; the caller gives them back on failure.
 * Source: __collapse_huge_page_isolate, in the order of docs/khugepaged.md#isolation.
 */
export function isolateWindow(
  facts: IsolationFacts,
  { offset, order }: Window,
  policy: CollapsePolicy,
  geometry: Geometry,
  uffdArmed: boolean,
): IsolationReport {
  const belowPmd = order < geometry.pmdOrder;
  const byKhugepaged = policy.caller === 'khugepaged';
  const refusesLazyfree = byKhugepaged && policy.model.refusesLazyfree;
  const nonesAllowed = uffdArmed ? 0 : noneLimit(policy, order, geometry);
  const sharedAllowed = sharedLimit(policy, order, geometry);
  const end = offset + (1 << order);
  let noneOrZero = 0;
  let shared = 0;
  let referenced = 0;
  let page: number = offset;
  for (; page < end; page++) {
    const failure = judge();
    if (failure) return { result: failure, noneOrZero, referenced, stoppedAt: page };
  }
  return { result: resultOfAll(), noneOrZero, referenced, stoppedAt: page };

  function resultOfAll(): ScanResult {
    if (policy.model.refusesReadOnly && facts.writable === false) return 'SCAN_PAGE_RO';
    return byKhugepaged && referenced === 0 ? 'SCAN_LACK_REFERENCED_PAGE' : 'SCAN_SUCCEED';
  }

  function judge(): ScanResult | undefined {
    if (facts.isNoneOrZero(page)) {
      return ++noneOrZero > nonesAllowed ? 'SCAN_EXCEED_NONE_PTE' : undefined;
    }
    if (!facts.isPresent(page)) return 'SCAN_PTE_NON_PRESENT';
    if (facts.isTracked(page)) return 'SCAN_PTE_UFFD';
    if (facts.isNull(page)) return 'SCAN_PAGE_NULL';
    if (refusesLazyfree && facts.isLazyfree(page)) return 'SCAN_PAGE_LAZYFREE';
    if (facts.isShared(page) && ++shared > sharedAllowed) return 'SCAN_EXCEED_SHARED_PTE';
    if (belowPmd && facts.folioOrder(page) >= order) return 'SCAN_PTE_MAPPED_HUGEPAGE';
    const obstacle = facts.take(page);
    if (obstacle) return obstacle;
    if (byKhugepaged && facts.isReferenced(page)) referenced++;
    return undefined;
  }
}

/**
 * The first page of a window in a folio of its order or a larger one, at which isolation ends; undefined if
 * there is none, or the window is that of the PMD order. `mapped` are PTEs that map an ordinary page.
 * Source: docs/khugepaged.md#isolation, row 7.
 */
export function firstHeld(
  mapped: Occupancy,
  folioOrders: Uint8Array,
  { offset, order }: Window,
  { pmdOrder }: Geometry,
): number | undefined {
  if (order === pmdOrder) return undefined;
  for (let page: number = offset; page < offset + (1 << order); page++)
    if (folioOrders[page] >= order && hasPage(mapped, page)) return page;
  return undefined;
}
