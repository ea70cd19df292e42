/** Where Linux keeps the settings of transparent huge pages. */
export const THP_FOLDER = '/sys/kernel/mm/transparent_hugepage';

/** The folder of a folio size below THP_FOLDER, such as "hugepages-64kB". */
export function sizeFolder(bytes: number): string {
  return `hugepages-${bytes / 1024}kB`;
}

/** khugepaged's limits by the names of their files in the folder `khugepaged`. */
export const LIMIT_FILES = {
  maxPtesNone: 'max_ptes_none',
  maxPtesSwap: 'max_ptes_swap',
  maxPtesShared: 'max_ptes_shared',
} as const;

/** The limits, in the order in which they are written and checked. */
export const LIMITS = Object.keys(LIMIT_FILES) as readonly (keyof typeof LIMIT_FILES)[];

/** khugepaged's pace by the names of its files in the folder `khugepaged`. */
export const PACE_FILES = {
  pagesToScan: 'pages_to_scan',
  scanSleepMs: 'scan_sleep_millisecs',
  allocSleepMs: 'alloc_sleep_millisecs',
  defrag: 'defrag',
} as const;
