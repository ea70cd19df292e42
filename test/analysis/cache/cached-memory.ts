import { type CacheExplanation, explainCacheRange } from '../../../src/analysis/cache/cache-explanation.ts';
import { CacheRangeSearch } from '../../../src/analysis/cache/cache-search.ts';
import type { RunPolicy } from '../../../src/analysis/ranges/verdict.ts';
import type { CacheRange } from '../../../src/core/memory/cache-range.ts';
import { pagesPerRange, rangeBytes, x86_64 } from '../../../src/core/memory/geometry.ts';
import { asOrder } from '../../../src/core/memory/order.ts';
import type { MemoryItem } from '../../../src/core/rules/memory-source.ts';
import type { CachedFile } from '../../../src/core/rules/page-cache.ts';
import type { ShmemSizeWord, ShmemWord } from '../../../src/core/rules/shmem-settings.ts';
import { processItem, type RunPolicyText, runPolicyOf } from '../streams.ts';
import { cacheItem } from './items.ts';

export const RANGE = rangeBytes(x86_64);
export const PAGES = pagesPerRange(x86_64);

export const BUFFERS: CachedFile = {
  id: '0:1:5',
  kind: 'shared-anonymous',
  name: '/dev/zero (deleted)',
  bytes: 4 * RANGE,
};
export const TABLE: CachedFile = {
  id: '8:1:9',
  kind: 'file',
  name: '/data/<table>',
  filesystem: 'ext4',
  bytes: 4 * RANGE,
};
export const TMPFS: CachedFile = {
  id: '0:30:7',
  kind: 'tmpfs',
  name: '/dev/shm/queue',
  filesystem: 'tmpfs',
  bytes: 4 * RANGE,
  hugeMount: 'never',
};
export const SEGMENT: CachedFile = { id: '0:1:6', kind: 'internal', name: '/segment', bytes: 4 * RANGE };

/** A file and its first range, with so many pages in memory. */
export function fileItems(file: CachedFile, pages: number, facts: Partial<CacheRange> = {}): MemoryItem[] {
  return [{ kind: 'file', file }, cacheItem([pages], facts)];
}

/** A policy for shared memory: the word of the top level and that of the PMD size. */
export function shmemPolicy(
  enabled: ShmemWord | undefined,
  size: ShmemSizeWord = 'inherit',
  text: RunPolicyText = {},
): RunPolicy {
  const sizes = new Map([[asOrder(x86_64.pmdOrder), size]]);
  return { ...runPolicyOf(text), ...(enabled ? { shmem: { enabled, sizes } } : {}) };
}

/** The range at an address explained: of a VMA, given its end, the first with pages. */
export function explained(
  items: readonly MemoryItem[],
  runPolicy: RunPolicy,
  start = 8 * RANGE,
  end?: number,
): CacheExplanation {
  const search = new CacheRangeSearch(start, end, x86_64);
  for (const item of [processItem(1), ...items]) search.add(item);
  const found = search.found();
  if (!found) throw new Error('no VMA maps a file there');
  return explainCacheRange(found, x86_64, runPolicy);
}
