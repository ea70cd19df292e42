import type { Refusal } from '../../../analysis/ranges/tally.ts';
import type { OrderSet } from '../../../core/memory/order.ts';
import type { ScanResult } from '../../../core/rules/scan-result.ts';
import { INELIGIBLE_REASONS, type Ineligible } from '../../../core/rules/vma.ts';

/** Results in words, for readers who do not know khugepaged; docs/results.md has the same. */
export const RESULT_MEANINGS: Record<ScanResult, string> = {
  SCAN_FAIL: 'nothing collapsed, and no reason is named',
  SCAN_SUCCEED: 'collapsed',
  SCAN_NO_PTE_TABLE: 'no page table: no page of the range is in use',
  SCAN_PMD_MAPPED: 'already mapped by one PMD entry',
  SCAN_EXCEED_NONE_PTE: 'more empty pages than max_ptes_none',
  SCAN_EXCEED_SWAP_PTE: 'more pages in swap or guarded than max_ptes_swap (below the PMD size: any)',
  SCAN_EXCEED_SHARED_PTE: 'more shared pages than max_ptes_shared (below the PMD size: any)',
  SCAN_PTE_NON_PRESENT: 'a page was swapped out meanwhile',
  SCAN_PTE_UFFD: 'a page is tracked by userfaultfd',
  SCAN_PTE_MAPPED_HUGEPAGE: 'already holds a folio of that size or larger',
  SCAN_LACK_REFERENCED_PAGE: 'too few pages used recently: none, or less than half of a range with swap',
  SCAN_PAGE_NULL: 'a page without memory of its own',
  SCAN_SCAN_ABORT: 'pages too far apart in NUMA distance',
  SCAN_PAGE_COUNT: 'a page is pinned or on its way to the LRU',
  SCAN_PAGE_LRU: 'a page is off the LRU list',
  SCAN_PAGE_LOCK: 'a page is locked',
  SCAN_PAGE_ANON: 'a page is not anonymous',
  SCAN_PAGE_LAZYFREE: 'a clean MADV_FREE page',
  SCAN_PAGE_COMPOUND: 'a wrong compound page',
  SCAN_ANY_PROCESS: 'the process is ending or has THP disabled',
  SCAN_VMA_NULL: 'the VMA is gone',
  SCAN_VMA_CHECK: 'the size is no longer enabled for the VMA',
  SCAN_ADDRESS_RANGE: 'the VMA does not cover the whole range',
  SCAN_DEL_PAGE_LRU: 'a page could not be taken off the LRU list',
  SCAN_ALLOC_HUGE_PAGE_FAIL: 'no free memory of that size',
  SCAN_CGROUP_CHARGE_FAIL: 'the memory cgroup is at its limit',
  SCAN_TRUNCATED: 'the file was truncated',
  SCAN_PAGE_HAS_PRIVATE: 'a page has private data',
  SCAN_STORE_FAILED: 'the page cache refused the page',
  SCAN_COPY_MC: 'a hardware memory error in a page',
  SCAN_PAGE_FILLED: 'a hole in the file was filled meanwhile',
  SCAN_PAGE_DIRTY_OR_WRITEBACK: 'a page is dirty or being written back',
  SCAN_PAGE_RO: 'no page may be written to at once, as after a fork (Linux before 6.18)',
  SCAN_LOCK_DROPPED: 'page faults had to wait too often',
  SCAN_PAGE_NOT_EXCLUSIVE: 'a page could not be had alone',
  SCAN_ALLOC_LIGHT_MISS: 'no free memory of that size without reclaim',
  SCAN_VMA_LOCK: 'the VMA is gone or just being changed',
};

/** One line on why memory stays as it is, where memory with VM_HUGEPAGE has these orders. */
export function refusalLine(refusal: Refusal, hugepageOrders: OrderSet): string {
  if (Object.hasOwn(RESULT_MEANINGS, refusal)) return RESULT_MEANINGS[refusal as ScanResult];
  switch (refusal) {
    case 'vma-edge':
      return 'at the edge of a VMA that does not cover the whole range';
    case 'no-window':
      return 'no enabled size has enough pages present';
    case 'settings':
      return hugepageOrders === 0
        ? 'no size is enabled'
        : 'sizes are enabled only for memory with MADV_HUGEPAGE, and this has none';
    default:
      return INELIGIBLE_REASONS[refusal as Ineligible];
  }
}
