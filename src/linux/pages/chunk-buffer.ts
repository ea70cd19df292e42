import { loadBitmaps } from '../../core/bitmaps/bitmaps.ts';
import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import type { Occupancy } from '../../core/memory/occupancy.ts';
import { PAGEMAP_HIGH } from './pagemap.ts';

/** Bitmaps of a whole chunk, each of them wordsPerRange words a range. */
export interface ChunkBitmaps {
  readonly present: Occupancy;
  readonly swap: Occupancy;
  readonly guard: Occupancy;
  readonly uffd: Occupancy;
  /** Present PTEs whose page is mapped more than once, or is the zero page. */
  readonly notExclusive: Occupancy;
}

/** Room for the pagemap entries of a chunk, overwritten by each, and what turns them into bitmaps. */
export interface ChunkBuffer {
  /** Two 32-bit words a page. The kernel writes straight into the memory that they are extracted from. */
  readonly entries: Int32Array;
  /** The flag bits of the first entries, 32 pages a word. */
  extract(words: number): ChunkBitmaps;
}

/** Bytes of an entry, and bits of a word. */
const ENTRY = 8;
const PAGES_PER_WORD = 32;

/** Room for this many PMD ranges; on WebAssembly where the engine allows it. */
export function createChunkBuffer(geometry: Geometry, ranges: number): ChunkBuffer {
  const words = Math.ceil((ranges * pagesPerRange(geometry)) / PAGES_PER_WORD);
  return createWasmChunkBuffer(words) ?? createPlainChunkBuffer(words);
}

export function createWasmChunkBuffer(words: number): ChunkBuffer | undefined {
  const bitmapsAt = words * PAGES_PER_WORD * ENTRY;
  const module = loadBitmaps(bitmapsAt + 5 * 4 * words);
  if (!module) return undefined;
  return {
    entries: new Int32Array(module.memory, 0, 2 * PAGES_PER_WORD * words),
    extract(count) {
      module.extract(0, count, bitmapsAt, 4 * words);
      // Copies, for ranges outlive the chunk.
      const bitmap = (i: number) => new Uint32Array(module.memory, bitmapsAt + 4 * words * i, count).slice();
      return {
        present: bitmap(0),
        swap: bitmap(1),
        guard: bitmap(2),
        uffd: bitmap(3),
        notExclusive: bitmap(4),
      };
    },
  };
}

export function createPlainChunkBuffer(words: number): ChunkBuffer {
  const entries = new Int32Array(2 * PAGES_PER_WORD * words);
  return { entries, extract: (count) => extractBitmaps(entries, count) };
}

/** Flags of an ordinary page, present and exclusive, in the top byte of an entry. */
const ORDINARY = (PAGEMAP_HIGH.present | PAGEMAP_HIGH.exclusive) >>> 24;

/** Gathers the flag bits of pagemap entries into bitmaps, 32 pages a word. */
function extractBitmaps(entries: Int32Array, words: number): ChunkBitmaps {
  const present = new Uint32Array(words);
  const swap = new Uint32Array(words);
  const guard = new Uint32Array(words);
  const uffd = new Uint32Array(words);
  const notExclusive = new Uint32Array(words);
  for (let word = 0; word < words; word++) {
    const base = word * 64 + 1;
    let ordinary = 0;
    for (let bit = 0; bit < 32; bit++) {
      const high = entries[base + 2 * bit];
      if (high === 0) continue;
      if (high >>> 24 === ORDINARY) {
        ordinary |= 1 << bit;
        continue;
      }
      if (high & PAGEMAP_HIGH.present) {
        present[word] |= 1 << bit;
        if (!(high & PAGEMAP_HIGH.exclusive)) notExclusive[word] |= 1 << bit;
      } else if (high & PAGEMAP_HIGH.swapped) {
        swap[word] |= 1 << bit;
        if (high & PAGEMAP_HIGH.guard) guard[word] |= 1 << bit;
      }
      if (high & PAGEMAP_HIGH.uffd) uffd[word] |= 1 << bit;
    }
    present[word] |= ordinary;
  }
  return { present, swap, guard, uffd, notExclusive };
}
