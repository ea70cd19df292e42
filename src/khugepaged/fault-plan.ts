import type { Order } from '../core/memory/order.ts';

/** Where a run can be made to fail though nothing in the machine is wrong, and what comes of it. */
export type FaultPoint =
  /** The PTE table is gone when the scan wants its lock: SCAN_NO_PTE_TABLE. */
  | 'scan-table'
  /** No memory: SCAN_ALLOC_HUGE_PAGE_FAIL. */
  | 'allocate'
  /** The charge is refused: SCAN_CGROUP_CHARGE_FAIL. */
  | 'charge'
  /**
   * The deferred split list of the memory cgroup cannot be had: SCAN_ALLOC_HUGE_PAGE_FAIL, not counted as
   * failed.
   */
  | 'deferred-list'
  /** A fault has to be retried, its page is locked: SCAN_PAGE_LOCK. */
  | 'swapin-retry'
  /** A fault fails: SCAN_FAIL. */
  | 'swapin-error'
  /** The detached PTE table cannot be mapped: SCAN_NO_PTE_TABLE. */
  | 'map-table'
  /** A PTE maps no ordinary page: SCAN_PAGE_NULL. */
  | 'isolate-page'
  /** Somebody took the folio off the LRU in this moment: SCAN_DEL_PAGE_LRU. */
  | 'isolate-lru'
  /** Reading a page raises a memory error: SCAN_COPY_MC. */
  | 'copy';

/** Where in the process of a collapse the question is asked. */
interface FaultSite {
  readonly point: FaultPoint;
  /** First byte of the range or window. */
  readonly address: number;
  /** The PMD order in the scan. */
  readonly order: Order;
}

/** Whether the run fails at this point. Asked each time that it passes it, in the order of the run. */
export type FaultPlan = (site: FaultSite) => boolean;
