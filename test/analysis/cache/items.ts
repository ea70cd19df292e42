import type { CacheRange } from '../../../src/core/memory/cache-range.ts';
import { pagesPerRange, rangeBytes, x86_64 } from '../../../src/core/memory/geometry.ts';
import { emptyOccupancy, setPages } from '../../../src/core/memory/occupancy.ts';
import type { MemoryItem } from '../../../src/core/rules/memory-source.ts';
import type { CachedFile } from '../../../src/core/rules/page-cache.ts';
import type { Vma } from '../../../src/core/rules/vma.ts';
import { vmaItem } from '../streams.ts';

const RANGE = rangeBytes(x86_64);

/** A VMA of four ranges, aligned with its file and half in RSS. */
export function mappingItem(file: CachedFile, text: Partial<Vma> = {}): MemoryItem {
  const [start, end] = [8 * RANGE, 12 * RANGE];
  const mapping = { file: file.id, offset: 0 };
  return vmaItem({ start, end, name: file.name, anonymous: false, rssBytes: 2 * RANGE, mapping, ...text });
}

/** The first ranges of a file, by how many pages each has in memory, all of them mapped. */
export function cacheItem(pages: readonly number[], facts: Partial<CacheRange> = {}): MemoryItem {
  const ranges = pages.map((count, i): CacheRange => {
    const present = emptyOccupancy(x86_64);
    setPages(present, 0, count);
    const folioOrders = new Uint8Array(pagesPerRange(x86_64));
    const seen = { swapPages: 0, folioOrders, dirtyPages: 0, mappedPages: count };
    return { geometry: x86_64, offset: i * RANGE, present, ...seen, ...facts };
  });
  return { kind: 'cache-ranges', ranges };
}
