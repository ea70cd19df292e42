/**
 * What the kernel counts about huge pages, by the file and the name it stands under: a line of
 * `/proc/vmstat` as `vmstat/thp_fault_alloc`; files of `/sys/kernel/mm/transparent_hugepage` by their path
 * there, `khugepaged/full_scans` and `hugepages-64kB/stats/anon_fault_alloc`. What a kernel does not count is
 * not there (docs/khugepaged.md#statistics).
 */
export type ThpCounters = Readonly<Record<string, number>>;

/** Whether a counter says how much there is, and not how often something happened. */
export function isGauge(name: string): boolean {
  return /(^|\/)nr_/.test(name);
}
