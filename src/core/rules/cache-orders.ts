import { type Geometry, pageBytes, rangeBytes } from '../memory/geometry.ts';
import { asOrder, hasOrder } from '../memory/order.ts';
import type { KernelModel } from './kernel-model.ts';
import { mappingAlignment } from './mapping-alignment.ts';
import { type CachedFile, type FileMapping, SHARED_ANONYMOUS } from './page-cache.ts';
import { allowedShmemOrders, shmemOrdersOfWord } from './shmem-orders.ts';
import type { ShmemSettings } from './shmem-settings.ts';
import type { ThpSettings } from './thp-settings.ts';
import { refusalOfVma, type Vma } from './vma.ts';

/** Why no range that a VMA maps of a file is collapsed, whatever the page cache holds. */
export type CacheIneligible =
  | 'nohugepage'
  | 'prctl'
  | 'special'
  | 'alignment'
  | 'too-small'
  | 'settings'
  | 'filesystem'
  | 'kernel';

export const CACHE_INELIGIBLE_REASONS: Record<CacheIneligible, string> = {
  nohugepage: 'MADV_NOHUGEPAGE',
  prctl: 'THP disabled for the process (prctl)',
  special: 'special mapping (I/O, hugetlb, PFN map)',
  alignment: 'address and file offset are not aligned to each other',
  'too-small': 'maps no whole PMD range of the file',
  settings: 'the settings that govern it do not allow huge pages',
  filesystem: 'its filesystem does not take folios of the PMD size',
  kernel:
    'before Linux 7.2 only kernels built with CONFIG_READ_ONLY_THP_FOR_FS collapse files, and this is taken for none',
};

/** Filesystems that are known to take folios of the PMD size into the page cache of 7.2 and later. */
const PMD_FOLIO_FILESYSTEMS: ReadonlySet<string> = new Set(['ext4', 'xfs', 'btrfs']);
/** Filesystems that are known not to. */
const SMALL_FOLIO_FILESYSTEMS: ReadonlySet<string> = new Set(['overlay', 'squashfs', 'vfat', 'iso9660']);

/** Whether the filesystem of a file takes folios of the PMD size; undefined where that is not known. */
export function takesPmdFolios({ kind, filesystem }: CachedFile): boolean | undefined {
  if (kind !== 'file' || PMD_FOLIO_FILESYSTEMS.has(filesystem ?? '')) return true;
  return SMALL_FOLIO_FILESYSTEMS.has(filesystem ?? '') ? false : undefined;
}

/** What governs huge pages of files and shared memory. */
export interface CacheSettings {
  readonly settings: Pick<ThpSettings, 'enabled'>;
  readonly shmem: ShmemSettings;
  readonly model: Pick<KernelModel, 'collapsesFiles'>;
}

/**
 * Why khugepaged collapses nothing of a file through this VMA; undefined where it may, to the PMD order, the
 * only one there is for files and shared memory. A filesystem that is not known is taken for one that can.
 * Source: thp_vma_allowable_orders and shmem_allowable_huge_orders,
 * docs/khugepaged.md#files-and-shared-memory.
 */
export function whyNoCacheCollapse(
  vma: Vma & { readonly mapping: FileMapping },
  file: CachedFile,
  governing: CacheSettings,
  geometry: Geometry,
  thpDisabled: boolean | undefined,
): CacheIneligible | undefined {
  const refusal = refusalOfVma(vma, thpDisabled);
  if (refusal) return refusal;
  const bytes = rangeBytes(geometry);
  if ((vma.start - vma.mapping.offset) % bytes !== 0) return 'alignment';
  if (Math.ceil(vma.start / bytes) * bytes + bytes > vma.end) return 'too-small';
  const advised = vma.flags.includes('hg');
  if (file.kind !== 'file')
    return isShmemAllowed(file, vma.mapping, advised, governing.shmem, geometry) ? undefined : 'settings';
  const { enabled } = governing.settings;
  if (enabled === 'never' || (enabled === 'madvise' && !advised)) return 'settings';
  if (takesPmdFolios(file) === false) return 'filesystem';
  return governing.model.collapsesFiles ? undefined : 'kernel';
}

/**
 * Whether the kernel maps shared memory aligned to its file, by the PMD size, where the program leaves the
 * address to it: see mappingAlignment.
 */
export function isMappedAligned(file: CachedFile, shmem: ShmemSettings, { pmdOrder }: Geometry): boolean {
  if (file.kind === 'file') return false;
  return mappingAlignment(file, file.name === SHARED_ANONYMOUS, shmem, asOrder(pmdOrder)) === pmdOrder;
}

/** Source: shmem_allowable_huge_orders, docs/khugepaged.md#files-and-shared-memory. */
function isShmemAllowed(
  file: CachedFile,
  { offset }: FileMapping,
  advised: boolean,
  shmem: ShmemSettings,
  geometry: Geometry,
): boolean {
  // The kernel asks for the page in which the VMA begins, whatever range is scanned.
  const page = Math.floor(offset / pageBytes(geometry));
  const pmdOrder = asOrder(geometry.pmdOrder);
  if (file.kind !== 'internal')
    return hasOrder(allowedShmemOrders(file, page, advised, shmem, geometry), pmdOrder);
  const { enabled } = shmem;
  if (enabled === 'deny' || enabled === 'force') return enabled === 'force';
  return hasOrder(shmemOrdersOfWord(enabled, file, page, advised, geometry), pmdOrder);
}
