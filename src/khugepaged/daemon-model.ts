import type { KernelModel } from '../core/rules/kernel-model.ts';

/** How versions of the daemon differ, beyond what they collapse: docs/khugepaged.md#versions. */
export interface DaemonModel {
  /** Progress is the number of PTEs looked at, and 1 for a range without; else NR for every range. */
  readonly countsPtes: boolean;
  /**
   * An address space that prctl disables leaves the cursor at once; else only where its VMAs are all done.
   */
  readonly releasesDisabled: boolean;
  /** Any anonymous size, or the top level alone, keeps the thread running; else only the PMD size does. */
  readonly runsForAnySize: boolean;
  /** Stats of collapses by size, the order in trace events, and the event mm_khugepaged_scan. */
  readonly knowsOrders: boolean;
  /** Trace events say whether a PTE was writable, and results have a number for that none was. */
  readonly tracesWritable: boolean;
  /** Writes to `enabled` files that change nothing neither start, stop nor wake the thread. */
  readonly ignoresUnchanged: boolean;
}

const linux72: DaemonModel = {
  countsPtes: true,
  releasesDisabled: true,
  runsForAnySize: true,
  knowsOrders: true,
  tracesWritable: false,
  ignoresUnchanged: true,
};

/** The daemon of a kernel model: models of rules that were never released run in that of 7.2. */
export function daemonModel(model: KernelModel): DaemonModel {
  if (model.pmdOrderOnly) {
    return {
      ...linux72,
      countsPtes: false,
      releasesDisabled: false,
      runsForAnySize: false,
      knowsOrders: false,
      tracesWritable: model.refusesReadOnly,
      ignoresUnchanged: false,
    };
  }
  return linux72;
}
