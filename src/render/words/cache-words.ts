import type { CacheRefusal, CacheTally } from '../../analysis/cache/cache-tally.ts';
import { LIMIT_FILES, sizeFolder } from '../../core/base/sysfs.ts';
import { type Geometry, rangeBytes } from '../../core/memory/geometry.ts';
import { asOrder } from '../../core/memory/order.ts';
import { CACHE_INELIGIBLE_REASONS, type CacheSettings } from '../../core/rules/cache-orders.ts';
import type { CacheKind } from '../../core/rules/page-cache.ts';
import { isScanResult, type ScanResult } from '../../core/rules/scan-result.ts';

/** What memory of a kind is called. */
export const CACHE_KIND_NAMES: Record<CacheKind, string> = {
  'shared-anonymous': 'shared anonymous memory',
  internal: 'memfd and System V shared memory',
  tmpfs: 'files on tmpfs',
  file: 'files on disks',
};

/** A file that governs huge pages of a kind, below /sys/kernel/mm/transparent_hugepage, and what it says. */
export interface GoverningFile {
  readonly file: string;
  readonly value: string;
}

/**
 * The files of sysfs that decide whether memory of a kind may have huge pages; of tmpfs none: its mount does.
 */
export function governingFiles(
  kind: CacheKind,
  { settings, shmem }: CacheSettings,
  geometry: Geometry,
): GoverningFile[] {
  const top = { file: 'shmem_enabled', value: shmem.enabled };
  if (kind === 'file') return [{ file: 'enabled', value: settings.enabled }];
  if (kind === 'internal') return [top];
  const overrides = shmem.enabled === 'deny' || shmem.enabled === 'force';
  if (kind === 'tmpfs') return overrides ? [top] : [];
  const value = shmem.sizes.get(asOrder(geometry.pmdOrder)) ?? 'never';
  const size = { file: `${sizeFolder(rangeBytes(geometry))}/shmem_enabled`, value };
  return value === 'inherit' || overrides ? [size, top] : [size];
}

const RESULT_REASONS: Partial<Record<ScanResult, string>> = {
  SCAN_EXCEED_NONE_PTE: `more than ${LIMIT_FILES.maxPtesNone} of its pages are not in memory`,
  SCAN_EXCEED_SWAP_PTE: `more than ${LIMIT_FILES.maxPtesSwap} of its pages are swapped out`,
  SCAN_PTE_MAPPED_HUGEPAGE: 'one huge page already',
  SCAN_PAGE_DIRTY_OR_WRITEBACK: 'pages wait to be written back; khugepaged comes again',
  SCAN_FAIL: 'the file ends within the range',
};

/** Why a range of the page cache stays as it is. */
export function cacheRefusalWords(refusal: CacheRefusal): string {
  if (!isScanResult(refusal)) return CACHE_INELIGIBLE_REASONS[refusal];
  return RESULT_REASONS[refusal] ?? refusal;
}

/** What is taken for granted of the page cache, a sentence each. */
export function cacheAssumptions(tallies: readonly CacheTally[], assumesShmem: boolean): string[] {
  const unknown = new Set(tallies.flatMap((tally) => [...tally.unknown.keys()]));
  return [
    ...(tallies.some(({ collapses }) => collapses > 0)
      ? ["a process that maps it is on khugepaged's list: one that started under other settings may not be"]
      : []),
    ...(assumesShmem ? ['shared memory has the settings of an untouched kernel: nothing says'] : []),
    ...(unknown.has('folioOrders') ? ['no page of the page cache is in a huge page already'] : []),
    ...(unknown.has('swapPages') ? ['no shared memory is swapped out'] : []),
    ...(unknown.has('dirtyPages') ? ['no page of a file waits to be written back'] : []),
    ...(unknown.has('bytes') ? ['no file ends within a PMD range'] : []),
  ];
}
