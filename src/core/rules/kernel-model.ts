import type { Geometry } from '../memory/geometry.ts';
import { anonOrders, MIN_ANON_ORDER, type Order, type OrderSet, orderSet } from '../memory/order.ts';
import type { KernelModelName } from './kernel-names.ts';
import type { ScanResult } from './scan-result.ts';

/**
 * How max_ptes_none limits the holes of windows below the PMD order (collapse_max_ptes_none,
 * docs/khugepaged.md#none-rules and docs/khugepaged.md#historic-none-rules).
 */
type NoneRule =
  /** Only 0 and NR-1 mean something; every other value counts as 0. */
  | 'ends'
  /** Shifted right by the orders below the PMD order. */
  | 'scaled'
  /** Like scaled, after a cap at NR/2 - 1. */
  | 'capped';

/** One version of khugepaged, MADV_COLLAPSE and page faults: the differences that decide what they do. */
export interface KernelModel {
  readonly name: KernelModelName;
  /** The algorithm that this version searches a range with. */
  readonly algorithm: 'walk' | 'stack';
  /** Only PMD-sized collapse exists: mTHP sizes are for page faults alone. */
  readonly pmdOrderOnly: boolean;
  /** The orders that page faults allocate: the PMD order alone before 6.8, every size from 6.8 on. */
  readonly faultOrders: 'pmd' | 'all';
  /** The walk does not descend below this order (KHUGEPAGED_MIN_MTHP_ORDER). */
  readonly minOrder: Order;
  readonly noneRule: NoneRule;
  /** Whether non-present PTEs count as occupied for the PMD-order window. */
  readonly unmappedFillsPmd: boolean;
  /** Whether the search itself, and not only isolation, sees that userfaultfd is armed. */
  readonly searchSeesUffd: boolean;
  /** Whether a range without a collapse returns the reason, or only SCAN_FAIL. */
  readonly returnsReason: boolean;
  /** Whether clean MADV_FREE pages stop the scan. */
  readonly refusesLazyfree: boolean;
  /** Whether a range that no PTE may write to ends in SCAN_PAGE_RO: before 6.18. */
  readonly refusesReadOnly: boolean;
  /**
   * Whether MADV_COLLAPSE of pages that lie inside one PMD range, and touch neither end, is EINVAL and not
   * success.
   */
  readonly madviseFailsInsideRange: boolean;
  /**
   * Whether MADV_COLLAPSE ends at a range without a PTE table; where the table above is missing too it always
   * goes on.
   */
  readonly madviseStopsAtEmptyPmd: boolean;
  /**
   * Whether the page cache of any file is collapsed. Before 7.2 it took a kernel that was built with
   * CONFIG_READ_ONLY_THP_FOR_FS, which is off by default, and a file that nobody has open for writing.
   */
  readonly collapsesFiles: boolean;
  /** The PFN in mm_khugepaged_scan_pmd: of the folio looked at last, or of the one that failed. */
  readonly scanPfn: 'last' | 'failed';
  /** Result names that this version spells differently. */
  readonly spellings: Partial<Record<ScanResult, string>>;
}

const linux72: KernelModel = {
  name: 'linux-7.2',
  algorithm: 'walk',
  pmdOrderOnly: false,
  faultOrders: 'all',
  minOrder: MIN_ANON_ORDER,
  noneRule: 'ends',
  unmappedFillsPmd: true,
  searchSeesUffd: false,
  returnsReason: true,
  refusesLazyfree: true,
  refusesReadOnly: false,
  madviseFailsInsideRange: false,
  madviseStopsAtEmptyPmd: false,
  collapsesFiles: true,
  scanPfn: 'last',
  spellings: { SCAN_PTE_UFFD: 'SCAN_PTE_UFFD_WP' },
};

const linux618: KernelModel = {
  ...linux72,
  name: 'linux-6.18',
  pmdOrderOnly: true,
  refusesLazyfree: false,
  madviseFailsInsideRange: true,
  madviseStopsAtEmptyPmd: true,
  collapsesFiles: false,
  spellings: { SCAN_PTE_UFFD: 'SCAN_PTE_UFFD_WP', SCAN_NO_PTE_TABLE: 'SCAN_PMD_NULL' },
};

/**
 * All models by name. `linux-6.6` stands for all before 6.8, whose page faults get the PMD order only; its
 * khugepaged is that of 6.17 as far as is known, which refuses ranges without a writable PTE. `scaled` and
 * `capped` are 7.2 with the none rules of v1 to v10 and of v11 and v12
 * (docs/khugepaged.md#historic-none-rules).
 */
export const KERNEL_MODELS = {
  'linux-7.3': { ...linux72, name: 'linux-7.3', scanPfn: 'failed', spellings: {} },
  'linux-7.2': linux72,
  'linux-6.18': linux618,
  'linux-6.6': { ...linux618, name: 'linux-6.6', faultOrders: 'pmd', refusesReadOnly: true },
  v18: {
    ...linux72,
    name: 'v18',
    algorithm: 'stack',
    unmappedFillsPmd: false,
    searchSeesUffd: true,
    returnsReason: false,
  },
  scaled: { ...linux72, name: 'scaled', noneRule: 'scaled' },
  capped: { ...linux72, name: 'capped', noneRule: 'capped' },
} as const satisfies Record<KernelModelName, KernelModel>;

/** The orders that khugepaged of this version considers for anonymous memory. */
export function collapsibleOrders(model: KernelModel, geometry: Geometry): OrderSet {
  return model.pmdOrderOnly ? orderSet([geometry.pmdOrder]) : anonOrders(geometry);
}

/** The orders that page faults of this version consider for anonymous memory. */
export function faultableOrders(model: KernelModel, geometry: Geometry): OrderSet {
  return model.faultOrders === 'pmd' ? orderSet([geometry.pmdOrder]) : anonOrders(geometry);
}

/** The name that this version's source gives to a result. */
export function resultName(result: ScanResult, model: KernelModel): string {
  return model.spellings[result] ?? result;
}
