import { describe, expect, test } from 'vitest';
import type { CacheRange } from '../../../src/core/memory/cache-range.ts';
import { pagesPerRange, rangeBytes, x86_64 } from '../../../src/core/memory/geometry.ts';
import { emptyOccupancy, setPages } from '../../../src/core/memory/occupancy.ts';
import { cacheUnknowns, planCacheRange } from '../../../src/core/plan/cache-plan.ts';
import type { CachedFile } from '../../../src/core/rules/page-cache.ts';

const NR = pagesPerRange(x86_64);
const SHMEM: CachedFile = {
  id: '0:1:7',
  kind: 'shared-anonymous',
  name: '/dev/zero (deleted)',
  bytes: 2 ** 23,
};
const FILE: CachedFile = { id: '8:1:7', kind: 'file', name: '/data', filesystem: 'ext4', bytes: 2 ** 23 };

/** A range with its first pages in the page cache. */
function rangeOf(pages: number, facts: Partial<CacheRange> = {}): CacheRange {
  const present = emptyOccupancy(x86_64);
  setPages(present, 0, pages);
  const small = new Uint8Array(NR);
  const seen = { swapPages: 0, folioOrders: small, dirtyPages: 0, mappedPages: pages };
  return { geometry: x86_64, offset: 0, present, ...seen, ...facts };
}

const limits = (maxPtesNone: number, maxPtesSwap = 64) => ({ maxPtesNone, maxPtesSwap });

describe('a range of the page cache', () => {
  test('collapses with max_ptes_none holes at most, and grows by them', () => {
    for (const file of [SHMEM, FILE])
      for (const none of [0, 1, 255, 511])
        for (const pages of [0, 1, 256, 257, 511, 512]) {
          const { result, growthPages, unmappedPages } = planCacheRange(rangeOf(pages), file, limits(none));
          const isIn = NR - pages <= none;
          expect(result).toBe(isIn ? 'SCAN_SUCCEED' : 'SCAN_EXCEED_NONE_PTE');
          expect(growthPages).toBe(isIn ? NR - pages : 0);
          expect(unmappedPages).toBe(isIn ? pages : 0);
        }
  });

  test('of shared memory with more swap entries than max_ptes_swap does not', () => {
    const swapped = rangeOf(400, { swapPages: 65 });
    expect(planCacheRange(swapped, SHMEM, limits(511)).result).toBe('SCAN_EXCEED_SWAP_PTE');
    expect(planCacheRange(swapped, SHMEM, limits(511, 65))).toMatchObject({
      result: 'SCAN_SUCCEED',
      growthPages: 112,
    });
  });

  test('is left alone where it is one folio already', () => {
    const folioOrders = new Uint8Array(NR).fill(x86_64.pmdOrder);
    const result = planCacheRange(rangeOf(NR, { folioOrders }), SHMEM, limits(511));
    expect(result).toEqual({ result: 'SCAN_PTE_MAPPED_HUGEPAGE', growthPages: 0, unmappedPages: 0 });
  });

  // Observed by `conform --suite files` on 7.2.13 and 7.3.4.
  test('of a file counts pages that reclaim took as swap', () => {
    const evicted = rangeOf(400, { swapPages: 9 });
    expect(planCacheRange(evicted, FILE, limits(511, 8)).result).toBe('SCAN_EXCEED_SWAP_PTE');
    expect(planCacheRange(evicted, FILE, limits(511, 9)).result).toBe('SCAN_SUCCEED');
  });

  test('of a file that ends in it fails after all of it was read and unmapped', () => {
    const range = rangeOf(100);
    const plan = planCacheRange(range, { ...FILE, bytes: 300 * 4096 + 1 }, limits(511));
    expect(plan).toEqual({ result: 'SCAN_FAIL', growthPages: 201, unmappedPages: 100 });
  });

  test('of a file with a dirty page is read if a hole comes first', () => {
    const behindHole = rangeOf(100, { dirtyPages: 1, firstDirtyPage: 200 });
    expect(planCacheRange(behindHole, FILE, limits(511)).growthPages).toBe(NR - 100);
    const beforeHole = rangeOf(100, { dirtyPages: 1, firstDirtyPage: 99 });
    expect(planCacheRange(beforeHole, FILE, limits(511))).toEqual({
      result: 'SCAN_PAGE_DIRTY_OR_WRITEBACK',
      growthPages: 0,
      unmappedPages: undefined,
    });
  });

  test('of a file fails while a page is dirty, and behind the end of the file', () => {
    expect(planCacheRange(rangeOf(NR, { dirtyPages: 1 }), FILE, limits(511)).result).toBe(
      'SCAN_PAGE_DIRTY_OR_WRITEBACK',
    );
    const last = rangeOf(100, { offset: 2 ** 23 - rangeBytes(x86_64) });
    expect(planCacheRange(last, FILE, limits(511)).result).toBe('SCAN_SUCCEED');
    expect(planCacheRange(last, { ...FILE, bytes: 2 ** 23 - 4096 }, limits(511)).result).toBe('SCAN_FAIL');
    expect(planCacheRange(last, { ...FILE, bytes: 2 ** 23 - 4095 }, limits(511)).result).toBe('SCAN_SUCCEED');
  });

  test('names what its source could not see', () => {
    const unseen = { swapPages: undefined, folioOrders: undefined, dirtyPages: undefined };
    expect(cacheUnknowns(rangeOf(1, unseen), SHMEM)).toEqual(['folioOrders', 'swapPages']);
    expect(cacheUnknowns(rangeOf(1, unseen), { ...FILE, bytes: undefined })).toEqual([
      'folioOrders',
      'swapPages',
      'dirtyPages',
      'bytes',
    ]);
    expect(planCacheRange(rangeOf(NR, { mappedPages: undefined }), SHMEM, limits(0)).unmappedPages).toBe(
      undefined,
    );
  });
});
