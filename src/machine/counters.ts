/**
 * Events of /proc/vmstat that the model raises, in file order (docs/khugepaged.md#vmstat); they only grow.
 */
const VMSTAT = [
  'pswpin',
  'pswpout',
  'pgfault',
  'pgmajfault',
  'pglazyfreed',
  'compact_migrate_scanned',
  'compact_stall',
  'compact_fail',
  'compact_success',
  'pgmigrate_success',
  'thp_migration_success',
  'thp_migration_fail',
  'thp_migration_split',
  'thp_fault_alloc',
  'thp_fault_fallback',
  'thp_fault_fallback_charge',
  'thp_collapse_alloc',
  'thp_collapse_alloc_failed',
  'thp_file_alloc',
  'thp_file_fallback',
  'thp_file_fallback_charge',
  'thp_file_mapped',
  'thp_split_page',
  'thp_split_page_failed',
  'thp_deferred_split_page',
  'thp_underused_split_page',
  'thp_split_pmd',
  'thp_scan_exceed_none_pte',
  'thp_scan_exceed_swap_pte',
  'thp_scan_exceed_share_pte',
  'thp_zero_page_alloc',
  'thp_zero_page_alloc_failed',
  'thp_swpout',
  'thp_swpout_fallback',
] as const;

/**
 * Files of hugepages-<size>kB/stats that only sizes of anonymous memory have, in file order
 * (docs/khugepaged.md#statistics).
 */
export const ANON_STATS = [
  'anon_fault_alloc',
  'anon_fault_fallback',
  'anon_fault_fallback_charge',
  'split_deferred',
  'nr_anon',
  'nr_anon_partially_mapped',
  'collapse_exceed_none_pte',
  'collapse_exceed_swap_pte',
  'collapse_exceed_shared_pte',
] as const;

/** Those of shared memory. */
export const SHMEM_STATS = ['shmem_alloc', 'shmem_fallback', 'shmem_fallback_charge'] as const;

/** Files of hugepages-<size>kB/stats that the model raises. */
const MTHP_STATS = [
  'swpin',
  'swpout',
  'swpout_fallback',
  'split',
  'split_failed',
  'collapse_alloc',
  'collapse_alloc_failed',
  ...SHMEM_STATS,
  ...ANON_STATS,
] as const;

export type VmstatName = (typeof VMSTAT)[number];
export type MthpStatName = (typeof MTHP_STATS)[number];

export const MTHP_STAT_NAMES: readonly MthpStatName[] = MTHP_STATS;

/** What the kernel counts system-wide, by the kernel's names. */
export class Counters {
  readonly vmstat = Object.fromEntries(VMSTAT.map((name) => [name, 0])) as Record<VmstatName, number>;
  /** Per-size counters, index is the order. `nr_anon` and `nr_anon_partially_mapped` are gauges. */
  readonly mthp: Readonly<Record<MthpStatName, number[]>>;

  constructor(pmdOrder: number) {
    const rows = MTHP_STATS.map((name) => [name, Array.from({ length: pmdOrder + 1 }, () => 0)]);
    this.mthp = Object.fromEntries(rows) as Record<MthpStatName, number[]>;
  }
}
