import { type Result, succeed } from '../core/failure.ts';
import { type Geometry, pageBytes, pagesPerRange, rangeBytes } from '../core/geometry.ts';
import { isEmpty, type Occupancy, wordsPerRange } from '../core/occupancy.ts';
import type { RangeState } from '../core/range-state.ts';
import { isUffdArmed } from '../core/vma.ts';
import { readFolioFacts } from './folio-facts.ts';
import type { PageFlags } from './page-flags.ts';
import { type Pagemap, PAGEMAP_HIGH } from './pagemap.ts';
import { PAGE_IS, type PagemapScan } from './pagemap-scan.ts';
import type { SmapsVma } from './smaps.ts';

/** PMD ranges that are read at once: what bounds the memory of a reader. */
export const RANGES_PER_CHUNK = 128;

/** What a reader of one process has to look with. */
export interface Instruments {
  readonly geometry: Geometry;
  readonly pagemap: Pagemap;
  /** Undefined before Linux 6.7 or without koffi. */
  readonly scan: PagemapScan | undefined;
  /** Undefined without privilege. */
  readonly flags: PageFlags | undefined;
}

/** Bitmaps of a whole chunk, each of them wordsPerRange words a range. */
interface ChunkBitmaps {
  readonly present: Occupancy;
  readonly swap: Occupancy;
  readonly guard: Occupancy;
  readonly uffd: Occupancy;
  readonly notExclusive: Occupancy;
}

/**
 * The ranges of a VMA within [start, end) that hold any page. `start` is a multiple of the PMD size and the chunk at most
 * RANGES_PER_CHUNK long; pages outside the VMA are left out. Fails when the process is gone.
 */
export function readChunk(
  tools: Instruments,
  vma: SmapsVma,
  start: number,
  end: number,
): Result<RangeState[]> {
  const { geometry, pagemap } = tools;
  const pages = (end - start) / pageBytes(geometry);
  const first = Math.max(start, vma.start);
  const last = Math.min(end, vma.end);
  const entries = new Uint32Array(2 * pages);
  const word = (address: number) => (2 * (address - start)) / pageBytes(geometry);
  const read = pagemap.read(first, entries.subarray(word(first), word(last)));
  if (!read.ok) return read;

  const bitmaps = extractBitmaps(entries);
  const zeroPages = readCategory(tools, start, end, PAGE_IS.zeroPage);
  const folioFacts = tools.flags && readFolioFacts(entries, bitmaps, tools.flags);
  const zero = zeroPages ?? folioFacts?.zero;
  const pmdMapped = readPmdMapped(tools, vma, start, end);

  // A small page is shared if it is not mapped exclusively; a large folio if any of its pages is mapped elsewhere.
  const shared = folioFacts?.shared ?? bitmaps.notExclusive;
  const none = new Uint32Array(wordsPerRange(geometry));
  const all = none.map(() => 0xffffffff);
  const lazyfreeKnownNone = vma.lazyFreeBytes === 0 || vma.flags.includes('dp');
  const words = wordsPerRange(geometry);
  const rangePages = pagesPerRange(geometry);

  const ranges: RangeState[] = [];
  for (let index = 0; index * rangePages < pages; index++) {
    const slice = (bitmap: Occupancy) => bitmap.subarray(index * words, (index + 1) * words);
    const present = slice(bitmaps.present);
    const swap = slice(bitmaps.swap);
    if (isEmpty(present) && isEmpty(swap)) continue;
    const zeroHere = zero && slice(zero);
    ranges.push({
      geometry,
      address: start + index * rangeBytes(geometry),
      present,
      swap,
      guard: slice(bitmaps.guard),
      zero: zeroHere,
      shared: zeroHere ? slice(shared).map((bits, i) => bits & ~zeroHere[i]) : slice(shared),
      unreferenced: unreferencedIn(vma, none, all),
      pinned: undefined,
      lazyfree: lazyfreeKnownNone ? none : folioFacts && slice(folioFacts.lazyfree),
      locked: folioFacts && slice(folioFacts.locked),
      uffd: isUffdArmed(vma) ? slice(bitmaps.uffd) : none,
      folioOrders: folioFacts?.orders.subarray(index * rangePages, (index + 1) * rangePages),
      pmdMapped: pmdMapped?.has(start + index * rangeBytes(geometry)),
      uffdArmed: isUffdArmed(vma),
    });
  }
  return succeed(ranges);
}

/** smaps tells only how much of a VMA was used recently, so which pages is known when it is all or none. */
function unreferencedIn(vma: SmapsVma, none: Occupancy, all: Occupancy): Occupancy | undefined {
  if (vma.referencedBytes === 0) return all;
  return vma.referencedBytes >= vma.rssBytes ? none : undefined;
}

/** Addresses of the ranges that one PMD entry maps; undefined where nothing can tell. */
function readPmdMapped(
  tools: Instruments,
  vma: SmapsVma,
  start: number,
  end: number,
): Set<number> | undefined {
  if (vma.pmdMappedBytes === 0) return new Set();
  if (!tools.scan) return undefined;
  const mapped = new Set<number>();
  const bytes = rangeBytes(tools.geometry);
  for (const region of tools.scan(tools.pagemap.fd, start, end, PAGE_IS.pmdMapped)) {
    for (let address = region.start; address < region.end; address += bytes) mapped.add(address);
  }
  return mapped;
}

/** The pages of a chunk in one PAGEMAP_SCAN category, as a bitmap of the chunk; undefined without the ioctl. */
function readCategory(
  tools: Instruments,
  start: number,
  end: number,
  category: number,
): Occupancy | undefined {
  if (!tools.scan) return undefined;
  const bytes = pageBytes(tools.geometry);
  const bitmap = new Uint32Array(Math.ceil((end - start) / bytes / 32));
  for (const region of tools.scan(tools.pagemap.fd, start, end, category)) {
    for (let page = (region.start - start) / bytes; page < (region.end - start) / bytes; page++) {
      bitmap[page >>> 5] |= 1 << (page & 31);
    }
  }
  return bitmap;
}

/** Gathers the flag bits of pagemap entries into bitmaps, 32 pages a word. */
function extractBitmaps(entries: Uint32Array): ChunkBitmaps {
  const words = Math.ceil(entries.length / 64);
  const present = new Uint32Array(words);
  const swap = new Uint32Array(words);
  const guard = new Uint32Array(words);
  const uffd = new Uint32Array(words);
  const notExclusive = new Uint32Array(words);
  for (let word = 0; word < words; word++) {
    const base = word * 64 + 1;
    for (let bit = 0; bit < 32; bit++) {
      const high = entries[base + 2 * bit];
      if (high === 0) continue;
      if (high & PAGEMAP_HIGH.present) {
        present[word] |= 1 << bit;
        if (!(high & PAGEMAP_HIGH.exclusive)) notExclusive[word] |= 1 << bit;
      } else if (high & PAGEMAP_HIGH.swapped) {
        swap[word] |= 1 << bit;
        if (high & PAGEMAP_HIGH.guard) guard[word] |= 1 << bit;
      }
      if (high & PAGEMAP_HIGH.uffd) uffd[word] |= 1 << bit;
    }
  }
  return { present, swap, guard, uffd, notExclusive };
}
