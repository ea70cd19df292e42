import { type Result, succeed } from '../core/base/failure.ts';
import { type Geometry, pageBytes, pagesPerRange, rangeBytes } from '../core/memory/geometry.ts';
import { countPages, isEmpty, type Occupancy, wordsPerRange } from '../core/memory/occupancy.ts';
import { pageFacts, type RangeState } from '../core/memory/range-state.ts';
import type { SharedRun } from '../core/memory/shared-runs.ts';
import { isUffdArmed } from '../core/rules/vma.ts';
import type { ChunkBitmaps, ChunkBuffer } from './chunk-buffer.ts';
import { readFolioFacts } from './folio-facts.ts';
import type { PageFlags } from './page-flags.ts';
import type { Pagemap } from './pagemap.ts';
import { PAGE_IS, type PagemapScan } from './pagemap-scan.ts';
import { pmdMappedBySums } from './pmd-mapped.ts';
import { type PageNumbers, readSharedRuns } from './shared-pages.ts';
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
  /** Of the pages that processes share, whichever process is read. */
  readonly numbers: PageNumbers;
  /** Room for RANGES_PER_CHUNK ranges. */
  readonly buffer: ChunkBuffer;
}

/**
 * The ranges of a VMA within [start, end) that hold any page. `start` is a multiple of the PMD size and the
 * chunk at most RANGES_PER_CHUNK long; pages outside the VMA are left out. Fails when the process is gone.
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
  const entries = tools.buffer.entries.subarray(0, 2 * pages);
  const word = (address: number) => (2 * (address - start)) / pageBytes(geometry);
  entries.fill(0, 0, word(first)).fill(0, word(last));
  const read = pagemap.read(first, entries.subarray(word(first), word(last)));
  if (!read.ok) return read;

  const bitmaps = tools.buffer.extract(Math.ceil(pages / 32));
  const folioFacts = tools.flags && readFolioFacts({ start, entries, ...bitmaps }, tools.flags, tools);
  const zero = readZeroPages(tools, bitmaps, start, end) ?? folioFacts?.zero;
  const mayBeShared = folioFacts?.shared ?? bitmaps.notExclusive;
  const shared = zero ? mayBeShared.map((bits, i) => bits & ~zero[i]) : mayBeShared;
  const mayBePmdMapped = vma.pmdMappedBytes > 0 || !zero || !isEmpty(zero);
  const pmdMapped = mayBePmdMapped ? readPmdMapped(tools, start, end) : new Set<number>();
  const uffdArmed = isUffdArmed(vma);

  const words = wordsPerRange(geometry);
  const none = new Uint32Array(words);
  /** Cuts a bitmap of the chunk into those of its ranges; most are empty and need no cutting. */
  const cut = (bitmap: Occupancy) =>
    isEmpty(bitmap) ? () => none : (index: number) => bitmap.subarray(index * words, (index + 1) * words);
  const noPages = new Uint32Array(bitmaps.present.length);
  const lazyfree = readLazyfree(vma, folioFacts?.lazyfree, noPages, geometry);
  const unreferenced = readUnreferenced(vma, lazyfree, noPages);
  const presentOf = cut(bitmaps.present);
  const swapOf = cut(bitmaps.swap);
  const others = {
    guard: cut(bitmaps.guard),
    zero: zero && cut(zero),
    shared: cut(shared),
    unreferenced: unreferenced && cut(unreferenced),
    pinned: undefined,
    lazyfree: lazyfree && cut(lazyfree),
    locked: folioFacts && cut(folioFacts.locked),
    uffd: cut(uffdArmed ? bitmaps.uffd : noPages),
  };
  const rangePages = pagesPerRange(geometry);
  const sharedRunsOf = readSharing(tools, entries, shared);

  const ranges: RangeState[] = [];
  for (let index = 0; index * rangePages < pages; index++) {
    const present = presentOf(index);
    const swap = swapOf(index);
    if (isEmpty(present) && isEmpty(swap)) continue;
    const address = start + index * rangeBytes(geometry);
    const facts = pageFacts({ present, swap }, (fact) => others[fact]?.(index));
    const folioOrders = folioFacts?.orders.subarray(index * rangePages, (index + 1) * rangePages);
    ranges.push({
      geometry,
      address,
      facts,
      folioOrders,
      pmdMapped: pmdMapped ? pmdMapped.has(address) : pmdMappedBySums({ geometry, facts, folioOrders }, vma),
      uffdArmed,
      sharedRuns: sharedRunsOf(index, others.shared(index)),
    });
  }
  return succeed(ranges);
}

const NO_RUNS: readonly SharedRun[] = [];

/** Which pages the shared ones of each range are; undefined where frame numbers are not visible. */
function readSharing(
  { flags, numbers, geometry }: Instruments,
  entries: Int32Array,
  shared: Occupancy,
): (index: number, shared: Occupancy) => readonly SharedRun[] | undefined {
  if (isEmpty(shared)) return () => NO_RUNS;
  if (!flags) return (_, ofRange) => (isEmpty(ofRange) ? NO_RUNS : undefined);
  const ranges = entries.length / 2 / pagesPerRange(geometry);
  const lists = readSharedRuns({ entries, shared, ranges }, flags, numbers);
  return (index) => lists[index];
}

/**
 * The clean MADV_FREE pages of a chunk. smaps counts those of the VMA, and the flags mark those that were
 * written since as well: with more marks than there are clean pages nobody knows which they are. Droppable
 * memory looks like MADV_FREE and is not refused for it (collapse_scan_pmd, docs/khugepaged.md#scan-rows).
 */
function readLazyfree(
  vma: SmapsVma,
  marked: Occupancy | undefined,
  noPages: Occupancy,
  geometry: Geometry,
): Occupancy | undefined {
  if (vma.lazyFreeBytes === 0 || isDroppable(vma)) return noPages;
  return marked && countPages(marked) * pageBytes(geometry) <= vma.lazyFreeBytes ? marked : undefined;
}

/**
 * smaps tells only how much of a VMA was used recently, so which pages is known when it is all or none of
 * them, or all but those that MADV_FREE took the mark from.
 */
function readUnreferenced(
  vma: SmapsVma,
  lazyfree: Occupancy | undefined,
  noPages: Occupancy,
): Occupancy | undefined {
  if (vma.referencedBytes === 0) return noPages.map(() => 0xffffffff);
  if (vma.referencedBytes >= vma.rssBytes) return noPages;
  // The pages of droppable memory that count as MADV_FREE are not among `lazyfree`.
  if (isDroppable(vma) || vma.referencedBytes + vma.lazyFreeBytes !== vma.rssBytes) return undefined;
  return lazyfree;
}

/** Whether the memory may be dropped under pressure (MAP_DROPPABLE). */
function isDroppable(vma: SmapsVma): boolean {
  return vma.flags.includes('dp');
}

/**
 * Addresses of the ranges that one PMD entry maps; undefined where nothing can tell. smaps counts them, but
 * not those that map the huge zero page.
 */
function readPmdMapped(tools: Instruments, start: number, end: number): Set<number> | undefined {
  if (!tools.scan) return undefined;
  const mapped = new Set<number>();
  const bytes = rangeBytes(tools.geometry);
  for (const region of tools.scan(tools.pagemap.fd, start, end, PAGE_IS.pmdMapped)) {
    for (let address = region.start; address < region.end; address += bytes) mapped.add(address);
  }
  return mapped;
}

/**
 * The zero pages of a chunk; they never count as exclusive. Undefined where nothing can tell them from shared
 * pages.
 */
function readZeroPages(
  tools: Instruments,
  bitmaps: ChunkBitmaps,
  start: number,
  end: number,
): Occupancy | undefined {
  const bitmap = new Uint32Array(bitmaps.notExclusive.length);
  if (isEmpty(bitmaps.notExclusive)) return bitmap;
  if (!tools.scan) return undefined;
  const bytes = pageBytes(tools.geometry);
  for (const region of tools.scan(tools.pagemap.fd, start, end, PAGE_IS.zeroPage)) {
    for (let page = (region.start - start) / bytes; page < (region.end - start) / bytes; page++) {
      bitmap[page >>> 5] |= 1 << (page & 31);
    }
  }
  return bitmap;
}
