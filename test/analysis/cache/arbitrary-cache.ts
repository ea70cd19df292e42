import fc from 'fast-check';
import type { CacheRange } from '../../../src/core/memory/cache-range.ts';
import {
  geometryOfPmdOrder,
  pageBytes,
  pagesPerRange,
  rangeBytes,
} from '../../../src/core/memory/geometry.ts';
import { emptyOccupancy, setPages } from '../../../src/core/memory/occupancy.ts';
import { asOrder } from '../../../src/core/memory/order.ts';
import type { CacheSettings } from '../../../src/core/rules/cache-orders.ts';
import type { MemoryItem } from '../../../src/core/rules/memory-source.ts';
import { CACHE_KINDS, type CachedFile } from '../../../src/core/rules/page-cache.ts';
import { TOP_LEVEL_WORDS } from '../../../src/core/rules/settings-words.ts';
import { HUGE_MOUNT_WORDS, SHMEM_SIZE_WORDS, SHMEM_WORDS } from '../../../src/core/rules/shmem-settings.ts';
import { processItem, vmaItem } from '../streams.ts';

/** PMD ranges of 16 pages: every count is met often. */
export const SMALL = geometryOfPmdOrder(4);
const NR = pagesPerRange(SMALL);
const RANGE = rangeBytes(SMALL);
const PAGE = pageBytes(SMALL);

/** Undefined, for what a source could not see, as often as any other. */
const unseen = <T>(seen: fc.Arbitrary<T>) => fc.option(seen, { nil: undefined, freq: 4 });

const range = fc.record({
  pages: fc.integer({ min: 0, max: NR }),
  swapped: unseen(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: NR }))),
  order: unseen(fc.constantFrom(0, 0, 2, SMALL.pmdOrder)),
  dirtyPages: unseen(fc.constantFrom(0, 0, 1)),
  mappedPages: unseen(fc.integer({ min: 0, max: 3 * NR })),
});

const mapper = fc.record({
  first: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2 * NR })),
  pages: fc.oneof(fc.constant(4 * NR), fc.integer({ min: 1, max: 4 * NR })),
  shift: fc.constantFrom(0, 0, 0, 1),
  flags: fc.constantFrom([], [], ['hg'], ['nh'], ['io']),
  thpDisabled: fc.constantFrom(false, false, false, true, undefined),
});

const file = fc.record({
  kind: fc.constantFrom(...CACHE_KINDS),
  filesystem: fc.constantFrom('ext4', 'overlay', 'zfs', undefined),
  bytes: unseen(fc.integer({ min: 1, max: 5 * RANGE })),
  hugeMount: unseen(fc.constantFrom(...HUGE_MOUNT_WORDS)),
  isUnread: fc.constantFrom(false, false, false, true),
  mappers: fc.array(mapper, { minLength: 1, maxLength: 4 }),
  ranges: fc.array(range, { minLength: 1, maxLength: 4 }),
});

/** Items of a source: a process for each mapping, then files with what the page cache has of them. */
export const arbitraryCache: fc.Arbitrary<MemoryItem[]> = fc
  .array(file, { minLength: 1, maxLength: 6 })
  .map((files) => {
    const mapped: MemoryItem[] = [];
    const cached: MemoryItem[] = [];
    for (const [i, { kind, filesystem, bytes, hugeMount, isUnread, mappers, ranges }] of files.entries()) {
      const id = `8:1:${i}`;
      for (const [j, { first, pages, shift, flags, thpDisabled }] of mappers.entries()) {
        mapped.push(processItem(10 * i + j, { thpDisabled }));
        const start = 64 * RANGE + (first + shift) * PAGE;
        const mapping = { file: id, offset: first * PAGE };
        const end = start + pages * PAGE;
        mapped.push(vmaItem({ start, end, anonymous: false, flags, rssBytes: PAGE * i, mapping }));
      }
      const unread = isUnread ? { unread: `reason ${i % 2}` } : {};
      const cachedFile: CachedFile = { id, kind, name: id, filesystem, bytes, hugeMount, ...unread };
      cached.push({ kind: 'file', file: cachedFile });
      if (!isUnread) cached.push({ kind: 'cache-ranges', ranges: ranges.map(rangeAt) });
    }
    return [...mapped, ...cached];
  });

function rangeAt({ pages, swapped, order, dirtyPages, mappedPages }: CacheText, at: number): CacheRange {
  const present = emptyOccupancy(SMALL);
  // A folio of the PMD size is there as a whole.
  const isHuge = order === SMALL.pmdOrder;
  setPages(present, 0, isHuge ? NR : pages);
  const folioOrders = order === undefined ? undefined : new Uint8Array(NR).fill(order);
  return {
    geometry: SMALL,
    offset: at * RANGE,
    present,
    swapPages: isHuge ? 0 : swapped,
    folioOrders,
    dirtyPages,
    mappedPages,
  };
}

interface CacheText {
  readonly pages: number;
  readonly swapped: number | undefined;
  readonly order: number | undefined;
  readonly dirtyPages: number | undefined;
  readonly mappedPages: number | undefined;
}

/** Any settings that govern the page cache, with the limits that decide about it. */
export const arbitraryGoverning: fc.Arbitrary<
  CacheSettings & { readonly limits: { readonly maxPtesNone: number; readonly maxPtesSwap: number } }
> = fc
  .record({
    enabled: fc.constantFrom(...TOP_LEVEL_WORDS),
    collapsesFiles: fc.boolean(),
    top: fc.constantFrom(...SHMEM_WORDS),
    size: fc.option(fc.constantFrom(...SHMEM_SIZE_WORDS), { nil: undefined }),
    maxPtesNone: fc.oneof(fc.constant(NR - 1), fc.integer({ min: 0, max: NR - 1 })),
    maxPtesSwap: fc.integer({ min: 0, max: NR - 1 }),
  })
  .map(({ enabled, collapsesFiles, top, size, maxPtesNone, maxPtesSwap }) => ({
    settings: { enabled },
    model: { collapsesFiles },
    shmem: { enabled: top, sizes: new Map(size ? [[asOrder(SMALL.pmdOrder), size]] : []) },
    limits: { maxPtesNone, maxPtesSwap },
  }));
