import type { CachePrediction } from '../../analysis/cache/cache-prediction.ts';
import type { CacheRefusal, CacheTally } from '../../analysis/cache/cache-tally.ts';
import { formatBytes } from '../../core/base/bytes.ts';
import { plural } from '../../core/base/plural.ts';
import { sum } from '../../core/base/sum.ts';
import { LIMIT_FILES, sizeFolder } from '../../core/base/sysfs.ts';
import { type Geometry, rangeBytes } from '../../core/memory/geometry.ts';
import { asOrder } from '../../core/memory/order.ts';
import type { CacheUnknown } from '../../core/plan/cache-plan.ts';
import { CACHE_INELIGIBLE_REASONS, type CacheSettings } from '../../core/rules/cache-orders.ts';
import type { CacheKind } from '../../core/rules/page-cache.ts';
import { isScanResult, type ScanResult } from '../../core/rules/scan-result.ts';

/** What memory of a kind is called. */
export const CACHE_KIND_NAMES: Record<CacheKind, string> = {
  'shared-anonymous': 'shared anonymous memory and memfd',
  internal: 'System V shared memory',
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
  const overrides = shmem.enabled === 'deny' || shmem.enabled === 'force';
  if (kind === 'internal') return [top];
  if (kind === 'tmpfs') return overrides ? [top] : [];
  const value = shmem.sizes.get(asOrder(geometry.pmdOrder)) ?? 'never';
  const size = { file: `${sizeFolder(rangeBytes(geometry))}/shmem_enabled`, value };
  return value === 'inherit' || overrides ? [size, top] : [size];
}

const RESULT_REASONS: Partial<Record<ScanResult, string>> = {
  SCAN_EXCEED_NONE_PTE: `more than ${LIMIT_FILES.maxPtesNone} of its pages are not in memory`,
  SCAN_EXCEED_SWAP_PTE: `more than ${LIMIT_FILES.maxPtesSwap} of its pages are swapped out or were evicted`,
  SCAN_PTE_MAPPED_HUGEPAGE: 'one huge page already',
  SCAN_PAGE_DIRTY_OR_WRITEBACK: 'pages are dirty: it fails until somebody writes them back',
  SCAN_FAIL: 'the file ends within the range',
};

/** The settings that govern a kind, in one line. */
export function governedWords(kind: CacheKind, governing: CacheSettings, geometry: Geometry): string {
  const files = governingFiles(kind, governing, geometry);
  return files.length > 0
    ? files.map(({ file, value }) => `${file} ${value}`).join(', ')
    : 'huge= of the mount';
}

/** Why most of what stays as it is does so; empty where nothing stays. */
export function mainCacheRefusal({ refused }: CacheTally): string {
  const [main] = [...refused].sort(([, a], [, b]) => b.pages - a.pages);
  return main ? cacheRefusalWords(main[0]) : '';
}

/** Files that may be collapsed and could not be read: how much, and why. */
export function unreadSentence(unread: CachePrediction['unread']): string {
  const bytes = formatBytes(sum(unread.map(({ rssBytes }) => rssBytes)));
  const reasons = [...new Set(unread.map(({ why }) => why))].join('; ');
  return `not known: what becomes of ${plural(unread.length, 'file')} in the page cache, of which ${bytes} is in RSS: ${reasons}`;
}

/** What a restart does to shared memory that is not mapped aligned, though the settings allow it. */
export function unalignedSentence(bytes: number): string {
  return `${formatBytes(bytes)} of shared memory is not mapped aligned: once its programs are started again under these settings, the kernel maps it aligned, unless they choose the address, and page faults make it huge at once`;
}

/** What predictions of restarts leave out, where there is any shared memory. */
export const SHARED_RESTART =
  'What is said of restarts counts anonymous memory alone: shared memory is made huge at once by page faults, where its settings allow that.';

/**
 * What a restart does to memory of a kind, which predictions of restarts do not count; undefined for files.
 */
export function cacheRestartWords(kind: CacheKind, { refused, ranges }: CacheTally): string | undefined {
  if (kind === 'file') return undefined;
  const forbidden = refused.get('settings')?.ranges ?? 0;
  if (forbidden < ranges)
    return 'not counted above: made anew under these settings, page faults make it huge at once';
  // Page faults of System V shared memory go by more files than khugepaged does.
  return kind === 'internal'
    ? 'not counted above'
    : 'not counted above: these settings do not let page faults make folios of that size either';
}

/** Why a range of the page cache stays as it is. */
export function cacheRefusalWords(refusal: CacheRefusal): string {
  if (!isScanResult(refusal)) return CACHE_INELIGIBLE_REASONS[refusal];
  return RESULT_REASONS[refusal] ?? refusal;
}

/** What a prediction takes for granted about a fact that its source could not see. */
export const CACHE_ASSUMPTIONS: Record<CacheUnknown, string> = {
  folioOrders: 'no page of the page cache is in a huge page already',
  swapPages: 'no page of the page cache is swapped out or was evicted',
  dirtyPages: 'no page of a file waits to be written back',
  bytes: 'no file ends within a PMD range',
};

export const ASSUMES_REGISTRATION =
  "a process that maps it is on khugepaged's list: one that started under other settings may not be";
export const ASSUMES_SHMEM = 'shared memory has the settings of an untouched kernel: nothing says';

/** What is taken for granted of the page cache, a sentence each. */
export function cacheAssumptions(tallies: readonly CacheTally[], assumesShmem: boolean): string[] {
  const unknown = new Set(tallies.flatMap((tally) => [...tally.unknown.keys()]));
  const facts = Object.keys(CACHE_ASSUMPTIONS) as CacheUnknown[];
  return [
    ...(tallies.some(({ collapses }) => collapses > 0) ? [ASSUMES_REGISTRATION] : []),
    ...(assumesShmem ? [ASSUMES_SHMEM] : []),
    ...facts.filter((fact) => unknown.has(fact)).map((fact) => CACHE_ASSUMPTIONS[fact]),
  ];
}
