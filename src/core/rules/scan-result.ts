/**
 * Every result code of khugepaged in the kernel's enum order, by its name in the newest kernel, with the
 * string that trace events print (docs/khugepaged.md#result-codes). What older kernels call a code is in the
 * `spellings` of rules/kernel-model.ts.
 */
const TRACE_STRINGS = {
  SCAN_FAIL: 'failed',
  SCAN_SUCCEED: 'succeeded',
  SCAN_NO_PTE_TABLE: 'no_pte_table',
  SCAN_PMD_MAPPED: 'page_pmd_mapped',
  SCAN_EXCEED_NONE_PTE: 'exceed_none_pte',
  SCAN_EXCEED_SWAP_PTE: 'exceed_swap_pte',
  SCAN_EXCEED_SHARED_PTE: 'exceed_shared_pte',
  SCAN_PTE_NON_PRESENT: 'pte_non_present',
  SCAN_PTE_UFFD: 'pte_uffd_wp',
  SCAN_PTE_MAPPED_HUGEPAGE: 'pte_mapped_hugepage',
  SCAN_LACK_REFERENCED_PAGE: 'lack_referenced_page',
  SCAN_PAGE_NULL: 'page_null',
  SCAN_SCAN_ABORT: 'scan_aborted',
  SCAN_PAGE_COUNT: 'not_suitable_page_count',
  SCAN_PAGE_LRU: 'page_not_in_lru',
  SCAN_PAGE_LOCK: 'page_locked',
  SCAN_PAGE_ANON: 'page_not_anon',
  SCAN_PAGE_LAZYFREE: 'page_lazyfree',
  SCAN_PAGE_COMPOUND: 'page_compound',
  SCAN_ANY_PROCESS: 'no_process_for_page',
  SCAN_VMA_NULL: 'vma_null',
  SCAN_VMA_CHECK: 'vma_check_failed',
  SCAN_ADDRESS_RANGE: 'not_suitable_address_range',
  SCAN_DEL_PAGE_LRU: 'could_not_delete_page_from_lru',
  SCAN_ALLOC_HUGE_PAGE_FAIL: 'alloc_huge_page_failed',
  SCAN_CGROUP_CHARGE_FAIL: 'ccgroup_charge_failed',
  SCAN_TRUNCATED: 'truncated',
  SCAN_PAGE_HAS_PRIVATE: 'page_has_private',
  SCAN_STORE_FAILED: 'store_failed',
  SCAN_COPY_MC: 'copy_poisoned_page',
  SCAN_PAGE_FILLED: 'page_filled',
  SCAN_PAGE_DIRTY_OR_WRITEBACK: 'page_dirty_or_writeback',
} as const;

/**
 * Codes that the proposed rebuild of mm/collapse adds; no kernel has numbers or trace strings for them:
 * docs/khugepaged.md#rounds-results.
 */
export const REBUILD_RESULTS = [
  'SCAN_LOCK_DROPPED',
  'SCAN_PAGE_NOT_EXCLUSIVE',
  'SCAN_ALLOC_LIGHT_MISS',
  'SCAN_VMA_LOCK',
] as const;

/** Codes that kernels before 7.2 alone have, with what their trace events print. */
const OLD_TRACE_STRINGS = { SCAN_PAGE_RO: 'no_writable_page' } as const;

/** The outcome of a scan or of one collapse attempt, by the kernel's name. */
export type ScanResult =
  | keyof typeof TRACE_STRINGS
  | (typeof REBUILD_RESULTS)[number]
  | keyof typeof OLD_TRACE_STRINGS;

/** The result codes of 7.2 and 7.3; the position of a name is its number in their enum. */
export const SCAN_RESULTS = Object.keys(TRACE_STRINGS) as readonly ScanResult[];

/** Those, and what the proposed rebuild adds: what searches and the rules of tests know. */
export const CURRENT_RESULTS: readonly ScanResult[] = [...SCAN_RESULTS, ...REBUILD_RESULTS];

/** Those, and what earlier kernels had. */
export const ALL_SCAN_RESULTS: readonly ScanResult[] = [
  ...CURRENT_RESULTS,
  ...(Object.keys(OLD_TRACE_STRINGS) as (keyof typeof OLD_TRACE_STRINGS)[]),
];

/** Words of trace events of kernels before 7.2, for codes that later ones do not have. */
const OLD_TRACE_WORDS: ReadonlyMap<string, string> = new Map([
  ['pmd_null', 'SCAN_PMD_NULL'],
  ['pmd_none', 'SCAN_PMD_NONE'],
]);

/** The kernel's name of the result that a trace event prints; the word itself where no version has it. */
export function scanNameTraced(word: string): string {
  return ALL_SCAN_RESULTS.find((result) => traceString(result) === word) ?? OLD_TRACE_WORDS.get(word) ?? word;
}

const ALL_RESULTS: ReadonlySet<string> = new Set(ALL_SCAN_RESULTS);

const EVERY_STRING: Partial<Record<ScanResult, string>> = { ...TRACE_STRINGS, ...OLD_TRACE_STRINGS };

/** What trace events print for a result; its name where no kernel prints it yet. */
export function traceString(result: ScanResult): string {
  return EVERY_STRING[result] ?? result;
}

/** Whether a name, or a refusal that has other reasons too, is the name of a result. */
export function isScanResult(name: string): name is ScanResult {
  return ALL_RESULTS.has(name);
}

/** Names that some versions give to a result, beside its own: the spellings of kernel models. */
const OTHER_NAMES: ReadonlyMap<string, ScanResult> = new Map([
  ['SCAN_PTE_UFFD_WP', 'SCAN_PTE_UFFD'],
  ['SCAN_PMD_NULL', 'SCAN_NO_PTE_TABLE'],
]);

/** The current result with this name, in the spelling of any version. */
export function scanResultNamed(name: string): ScanResult | undefined {
  return CURRENT_RESULTS.find((result) => result === name) ?? OTHER_NAMES.get(name);
}

/**
 * Next move of the walk after an attempt with this result.
 * Source: mthp_collapse, docs/khugepaged.md#results-and-moves.
 */
export type NextMove = 'next-offset' | 'next-order' | 'stop';

const NEXT_ORDER: ReadonlySet<ScanResult> = new Set([
  'SCAN_ALLOC_HUGE_PAGE_FAIL',
  'SCAN_LACK_REFERENCED_PAGE',
  'SCAN_EXCEED_NONE_PTE',
  'SCAN_EXCEED_SWAP_PTE',
  'SCAN_EXCEED_SHARED_PTE',
  'SCAN_PAGE_LOCK',
  'SCAN_PAGE_COUNT',
  'SCAN_PAGE_NULL',
  'SCAN_DEL_PAGE_LRU',
  'SCAN_PTE_NON_PRESENT',
  'SCAN_PTE_UFFD',
  'SCAN_PAGE_LAZYFREE',
]);

/**
 * Where an attempt's result leads: on past the window, into its halves, or out of the range.
 * Source: mthp_collapse, docs/khugepaged.md#results-and-moves.
 */
export function actionAfter(result: ScanResult): NextMove {
  if (result === 'SCAN_SUCCEED' || result === 'SCAN_PTE_MAPPED_HUGEPAGE') return 'next-offset';
  return NEXT_ORDER.has(result) ? 'next-order' : 'stop';
}
