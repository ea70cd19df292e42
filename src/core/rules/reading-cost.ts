/** What it took to read memory, in nanoseconds. */
export interface ReadingCost {
  readonly wallNs: number;
  /** CPU time of the reader, in the kernel and outside of it, on all of its threads. */
  readonly cpuNs: number;
  /**
   * Wall time inside of system calls in which the kernel walks the page tables of the process that is read:
   * those that read smaps, smaps_rollup and pagemap, and PAGEMAP_SCAN. It holds mmap_lock or the lock of a
   * VMA there, and lets go of it from time to time: page faults, mmap and munmap of that process waited no
   * longer than this, altogether.
   */
  readonly underLocksNs: number;
}

/** The same of one process. */
export interface ProcessCost extends ReadingCost {
  readonly pid: number;
}
