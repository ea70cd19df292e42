import { type Geometry, pageBytes, pagesPerRange, rangeBytes } from '../../core/memory/geometry.ts';
import type { Occupancy } from '../../core/memory/occupancy.ts';
import type { Pagemap } from './pagemap.ts';
import { addressAt, PAGE_IS, type PagemapScan, REGION_WORDS } from './pagemap-scan.ts';

/** PMD ranges that are read at once: what bounds the memory of a reader. */
export const RANGES_PER_CHUNK = 128;

/** A part of a VMA that is read at once: whole PMD ranges, RANGES_PER_CHUNK at most. */
export interface PageChunk {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** What PAGEMAP_SCAN says of it; undefined where that is not to be had. */
  readonly scanned: ScannedPages | undefined;
}

/** What PAGEMAP_SCAN tells of the pages of a chunk. */
export interface ScannedPages {
  readonly present: Occupancy;
  readonly swap: Occupancy;
  readonly zero: Occupancy;
  /** Always empty where the kernel has no category for guard markers. */
  readonly guard: Occupancy;
  /** By range: whether one PMD entry maps it. */
  readonly pmdMapped: Uint8Array;
}

/** What the pages of a VMA are found with. */
interface ScanTools {
  readonly geometry: Geometry;
  readonly pagemap: Pagemap;
  readonly scan: PagemapScan;
}

/**
 * The regions of [start, end) that PAGEMAP_SCAN reports, in address order and some at a time. VMAs that lie
 * side by side are taken from one cursor, so that many small ones take few calls.
 */
export class RegionCursor {
  readonly #tools: ScanTools;
  readonly #end: number;
  #from: number;
  #found = new Uint32Array(0);
  #next = 0;
  /** Start and end of the region, cut where parts of it were taken; equal where none is left. */
  start = 0;
  end = 0;
  categories = 0;

  constructor(tools: ScanTools, start: number, end: number) {
    this.#tools = tools;
    this.#from = start;
    this.#end = end;
  }

  /** Whether there is a region, or what is left of one, that begins before an address. */
  hasBefore(address: number): boolean {
    while (this.start >= this.end) {
      if (this.#next >= this.#found.length && !this.#scan()) return false;
      if (this.#next >= this.#found.length) continue;
      this.start = addressAt(this.#found, this.#next);
      this.end = addressAt(this.#found, this.#next + 2);
      this.categories = this.#found[this.#next + 4];
      this.#next += REGION_WORDS;
    }
    return this.start < address;
  }

  /** Whether anything was left to scan. */
  #scan(): boolean {
    if (this.#from >= this.#end) return false;
    const { scan, pagemap } = this.#tools;
    const { regions, walkEnd } = scan.scan(pagemap.fd, this.#from, this.#end);
    // Another cursor may scan before all of it is taken.
    this.#found = regions.slice();
    this.#next = 0;
    this.#from = walkEnd > this.#from ? walkEnd : this.#end;
    return true;
  }
}

/**
 * The parts of a VMA that hold any page, in address order, up to `end`: reserved address space costs nothing,
 * and memory is bounded by a chunk. Throws KernelReadError.
 */
export function* scannedChunks(geometry: Geometry, regions: RegionCursor, end: number): Iterable<PageChunk> {
  const bytes = rangeBytes(geometry);
  const last = Math.ceil(end / bytes) * bytes;
  let open: OpenChunk | undefined;
  while (regions.hasBefore(end)) {
    if (!open || regions.start >= open.limit) {
      if (open) yield open.close();
      const first = Math.floor(regions.start / bytes) * bytes;
      open = new OpenChunk(geometry, first, Math.min(first + RANGES_PER_CHUNK * bytes, last));
    }
    regions.start = open.add(regions.start, Math.min(regions.end, end), regions.categories);
  }
  if (open) yield open.close();
}

/** A chunk that regions are added to, in address order. */
class OpenChunk {
  readonly #geometry: Geometry;
  readonly #start: number;
  /** The end of the last page. */
  #end: number;
  /** No page from here on can be added. */
  readonly limit: number;
  readonly #pages: ScannedPages;

  constructor(geometry: Geometry, start: number, limit: number) {
    const ranges = (limit - start) / rangeBytes(geometry);
    const words = Math.ceil((ranges * pagesPerRange(geometry)) / 32);
    // One piece of memory, for most VMAs are small: one for each would take longer than its use.
    const bitmaps = new ArrayBuffer(4 * 4 * words + ranges);
    const bitmap = (index: number) => new Uint32Array(bitmaps, 4 * words * index, words);
    this.#geometry = geometry;
    this.#start = start;
    this.#end = start;
    this.limit = limit;
    this.#pages = {
      present: bitmap(0),
      swap: bitmap(1),
      zero: bitmap(2),
      guard: bitmap(3),
      pmdMapped: new Uint8Array(bitmaps, 4 * 4 * words, ranges),
    };
  }

  /** Adds the pages of [start, end) that lie within the limit; where they end. */
  add(start: number, end: number, categories: number): number {
    const stop = Math.min(end, this.limit);
    const bytes = pageBytes(this.#geometry);
    const first = (start - this.#start) / bytes;
    const past = (stop - this.#start) / bytes;
    const { present, swap, zero, guard, pmdMapped } = this.#pages;
    if (categories & PAGE_IS.present) {
      setRun(present, first, past);
      if (categories & PAGE_IS.zeroPage) setRun(zero, first, past);
      const { pmdOrder } = this.#geometry;
      if (categories & PAGE_IS.pmdMapped) pmdMapped.fill(1, first >>> pmdOrder, past >>> pmdOrder);
    } else {
      setRun(swap, first, past);
      if (categories & PAGE_IS.guard) setRun(guard, first, past);
    }
    this.#end = stop;
    return stop;
  }

  /** The chunk as far as it holds pages. */
  close(): PageChunk {
    const bytes = rangeBytes(this.#geometry);
    const end = Math.ceil(this.#end / bytes) * bytes;
    const ranges = (end - this.#start) / bytes;
    const words = Math.ceil((ranges * pagesPerRange(this.#geometry)) / 32);
    const cut = (bitmap: Uint32Array) => (bitmap.length === words ? bitmap : bitmap.slice(0, words));
    const { present, swap, zero, guard, pmdMapped } = this.#pages;
    return {
      start: this.#start,
      end,
      scanned: {
        present: cut(present),
        swap: cut(swap),
        zero: cut(zero),
        guard: cut(guard),
        pmdMapped: pmdMapped.subarray(0, ranges),
      },
    };
  }
}

/** Sets the bits [first, past) of a bitmap. */
function setRun(bitmap: Uint32Array, first: number, past: number): void {
  const word = first >>> 5;
  const lastWord = (past - 1) >>> 5;
  const head = -1 << (first & 31);
  const tail = -1 >>> (31 - ((past - 1) & 31));
  if (word === lastWord) {
    bitmap[word] |= head & tail;
    return;
  }
  bitmap[word] |= head;
  if (lastWord > word + 1) bitmap.fill(0xffffffff, word + 1, lastWord);
  bitmap[lastWord] |= tail;
}

/** The parts of [start, end) one after another, where no PAGEMAP_SCAN tells which of them hold pages. */
export function* plainChunks(geometry: Geometry, start: number, end: number): Iterable<PageChunk> {
  const bytes = rangeBytes(geometry);
  const last = Math.ceil(end / bytes) * bytes;
  const step = RANGES_PER_CHUNK * bytes;
  for (let from = Math.floor(start / bytes) * bytes; from < last; from += step)
    yield { start: from, end: Math.min(from + step, last), scanned: undefined };
}
