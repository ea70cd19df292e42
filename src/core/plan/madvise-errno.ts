import type { ScanResult } from '../rules/scan-result.ts';

/** What a madvise call of MADV_COLLAPSE can fail with. */
export type MadviseErrno = 'EINVAL' | 'ENOMEM' | 'EBUSY' | 'EAGAIN';

const ERRNOS: Partial<Record<ScanResult, MadviseErrno>> = {
  SCAN_ALLOC_HUGE_PAGE_FAIL: 'ENOMEM',
  SCAN_CGROUP_CHARGE_FAIL: 'EBUSY',
  SCAN_EXCEED_NONE_PTE: 'EBUSY',
  SCAN_PAGE_COUNT: 'EAGAIN',
  SCAN_PAGE_LOCK: 'EAGAIN',
  SCAN_PAGE_LRU: 'EAGAIN',
  SCAN_DEL_PAGE_LRU: 'EAGAIN',
  SCAN_PAGE_FILLED: 'EAGAIN',
  SCAN_PAGE_HAS_PRIVATE: 'EAGAIN',
  SCAN_PAGE_DIRTY_OR_WRITEBACK: 'EAGAIN',
};

/**
 * The errno for the last result of a call that was no success.
 * Source: madvise_collapse_errno, docs/khugepaged.md#madvise-errno.
 */
export function madviseErrno(result: ScanResult): MadviseErrno {
  return ERRNOS[result] ?? 'EINVAL';
}

const GO_ON: ReadonlySet<ScanResult> = new Set([
  'SCAN_SUCCEED',
  'SCAN_PMD_MAPPED',
  'SCAN_NO_PTE_TABLE',
  'SCAN_PTE_NON_PRESENT',
  'SCAN_PTE_UFFD',
  'SCAN_LACK_REFERENCED_PAGE',
  'SCAN_PAGE_NULL',
  'SCAN_PAGE_COUNT',
  'SCAN_PAGE_LOCK',
  'SCAN_PAGE_COMPOUND',
  'SCAN_PAGE_LRU',
  'SCAN_DEL_PAGE_LRU',
]);

/**
 * Whether MADV_COLLAPSE looks at the next range after one with this result.
 * Source: madvise_collapse, docs/khugepaged.md#madv_collapse.
 */
export function madviseGoesOn(result: ScanResult): boolean {
  return GO_ON.has(result);
}

/**
 * Whether MADV_COLLAPSE takes a range with this result for a huge page.
 * Source: madvise_collapse, docs/khugepaged.md#madv_collapse.
 */
export function madviseIsDone(result: ScanResult): boolean {
  return result === 'SCAN_SUCCEED' || result === 'SCAN_PMD_MAPPED';
}
