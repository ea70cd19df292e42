import { type Geometry, pageBytes, pagesPerRange, rangeBytes } from '../../core/memory/geometry.ts';
import type { UnderLocks } from '../cost-meter.ts';
import { KernelReadError } from '../kernel/kernel-file.ts';
import type { KernelTree } from '../kernel/kernel-tree.ts';
import type { ChunkBuffer } from '../pages/chunk-buffer.ts';
import type { PageFlags } from '../pages/page-flags.ts';
import { frameNumber, openPagemap, PAGEMAP_HIGH, type Pagemap } from '../pages/pagemap.ts';
import { addressAt, type PagemapScan, REGION_WORDS } from '../pages/pagemap-scan.ts';
import { isStillThere } from '../processes/process.ts';
import { FolioProbe, LEAST_AHEAD, MOST_AHEAD } from './folio-probe.ts';
import type { FileVma, MappedFile, RangeSpan } from './mapped-files.ts';

/** What the page tables of those who map a file are read with. */
export interface MappingTools {
  readonly tree: KernelTree;
  readonly geometry: Geometry;
  readonly scan: PagemapScan | undefined;
  /** Undefined where folios cannot be seen. */
  readonly flags: PageFlags | undefined;
  /** Room for the entries of RANGES_PER_CHUNK ranges. */
  readonly buffer: Pick<ChunkBuffer, 'entries'>;
  readonly underLocks: UnderLocks;
}

/** What processes map of some PMD ranges of a file. */
export interface MappedPages {
  /** PTEs of all of them, by range. */
  readonly counts: Uint32Array;
  /** Whether everybody who was read before could be read again. */
  readonly isWhole: boolean;
  /**
   * By page the order of its folio, as far as somebody maps the folio; UNKNOWN_ORDER elsewhere. Undefined
   * where folios cannot be seen.
   */
  readonly orders: Uint8Array | undefined;
}

export const UNKNOWN_ORDER = 0xff;

/** Bit 61 of an entry of pagemap, in its high word: a page of a file or of shared memory. */
const FILE_PAGE = 1 << 29;

/**
 * Looks at the page tables of all who map ranges of a file. Where it `isSmall` all its folios are known to be
 * of order 0.
 */
export function readMappedPages(
  tools: MappingTools,
  file: MappedFile,
  span: RangeSpan,
  isSmall: boolean,
): MappedPages {
  const { geometry, flags } = tools;
  const ranges = span.past - span.first;
  const counts = new Uint32Array(ranges);
  const isOpen = flags !== undefined && !isSmall;
  const orders = flags && new Uint8Array(ranges * pagesPerRange(geometry)).fill(isOpen ? UNKNOWN_ORDER : 0);
  const probe = isOpen && new FolioProbe(flags, geometry.pmdOrder);
  let isWhole = true;
  for (const vma of file.vmas) {
    const part = partOf(vma, span, geometry);
    if (!part) continue;
    if (!readVma(tools, probe, vma, part, { counts, orders })) isWhole = false;
  }
  return { counts, isWhole, orders };
}

/** Addresses of a VMA that map pages of the ranges, and the first of these pages. */
interface Part {
  readonly start: number;
  readonly end: number;
  /** Counted from the first page of the first range. */
  readonly firstPage: number;
}

function partOf(vma: FileVma, { first, past }: RangeSpan, geometry: Geometry): Part | undefined {
  const bytes = rangeBytes(geometry);
  const from = Math.max(vma.offset, first * bytes);
  const to = Math.min(vma.offset + vma.end - vma.start, past * bytes);
  if (from >= to) return undefined;
  const start = vma.start + from - vma.offset;
  return { start, end: start + to - from, firstPage: (from - first * bytes) / pageBytes(geometry) };
}

/** Whether the process is still there and could be read. */
function readVma(
  tools: MappingTools,
  probe: FolioProbe | false,
  { pid, startTime, hasOwnPages }: FileVma,
  part: Part,
  { counts, orders }: Pick<MappedPages, 'counts' | 'orders'>,
): boolean {
  const { tree, geometry } = tools;
  const pagemap = openPagemap(tree.process(pid), geometry, tools.underLocks);
  if (!pagemap.ok) return false;
  try {
    for (const [first, past] of mappedRuns(tools, pagemap.value, part, hasOwnPages)) {
      addCounts(counts, first, past - first, geometry);
      if (orders && probe) addOrders(tools, probe, pagemap.value, part, first, past, orders);
    }
    // Then it was also there before.
    return isStillThere(tree, { process: { pid, startTime } });
  } catch (error) {
    if (!(error instanceof KernelReadError)) throw error;
    return false;
  } finally {
    pagemap.value.close();
  }
}

/** Runs of pages of the file that a VMA maps. */
function* mappedRuns(
  { geometry, scan, buffer }: MappingTools,
  pagemap: Pagemap,
  part: Part,
  hasOwnPages: boolean,
): Iterable<[first: number, past: number]> {
  const bytes = pageBytes(geometry);
  const pageAt = (address: number) => part.firstPage + (Math.min(address, part.end) - part.start) / bytes;
  if (!scan) {
    const isMapped = filePages(
      pagemap,
      part.start,
      buffer.entries.subarray(0, (2 * (part.end - part.start)) / bytes),
    );
    for (let page = 0; page < isMapped.length; page++)
      if (isMapped[page]) yield [part.firstPage + page, part.firstPage + page + 1];
    return;
  }
  for (let from = part.start; from < part.end; ) {
    const { regions, walkEnd } = scan.scanPresent(pagemap.fd, from, part.end, hasOwnPages);
    for (let word = 0; word < regions.length; word += REGION_WORDS)
      yield [pageAt(addressAt(regions, word)), pageAt(addressAt(regions, word + 2))];
    from = walkEnd > from ? walkEnd : part.end;
  }
}

function addCounts(counts: Uint32Array, first: number, pages: number, geometry: Geometry): void {
  const perRange = pagesPerRange(geometry);
  for (let page = first; page < first + pages; ) {
    const range = Math.floor(page / perRange);
    const end = Math.min(first + pages, (range + 1) * perRange);
    counts[range] += end - page;
    page = end;
  }
}

/** Looks up the folios of pages from one on whose folio is not known yet. */
function addOrders(
  { geometry, buffer }: MappingTools,
  probe: FolioProbe,
  pagemap: Pagemap,
  part: Part,
  first: number,
  past: number,
  orders: Uint8Array,
): void {
  // Large folios make most entries needless.
  let ahead = LEAST_AHEAD;
  for (let page = first; ; ) {
    while (page < past && orders[page] !== UNKNOWN_ORDER) page++;
    if (page >= past) return;
    const end = Math.min(page + ahead, past);
    ahead = Math.min(2 * ahead, MOST_AHEAD);
    const entries = buffer.entries.subarray(0, 2 * (end - page));
    readEntries(pagemap, part.start + (page - part.firstPage) * pageBytes(geometry), entries);
    for (let i = 0; page < end; page++, i += 2) {
      if (orders[page] !== UNKNOWN_ORDER || !isFilePage(entries[i + 1])) continue;
      const frame = frameNumber(entries[i], entries[i + 1]);
      if (frame === 0) continue;
      if (isApart(entries, page, i)) {
        orders[page] = 0;
        continue;
      }
      const folio = probe.folioOf(frame);
      if (!folio) continue;
      if (2 ** folio.order >= LEAST_AHEAD) ahead = LEAST_AHEAD;
      const start = page - (frame - folio.head);
      // Folios lie in a file as they are aligned: what does not is the folio of another page by now.
      if (start % 2 ** folio.order === 0)
        orders.fill(folio.order, Math.max(start, 0), start + 2 ** folio.order);
    }
  }
}

/**
 * Whether the frame of a page, whose entry is the one at `at`, is not aligned as in a large folio, or that of
 * the other page of its pair does not lie beside it: then it is a small page.
 */
function isApart(entries: Int32Array, page: number, at: number): boolean {
  const isOdd = page % 2;
  if ((entries[at] & 1) !== isOdd) return true;
  const other = isOdd ? at - 2 : at + 2;
  // Who maps one page of a folio need not map the other.
  if (other < 0 || other >= entries.length || !isFilePage(entries[other + 1])) return false;
  return frameNumber(entries[at] ^ 1, entries[at + 1]) !== frameNumber(entries[other], entries[other + 1]);
}

function readEntries(pagemap: Pagemap, address: number, entries: Int32Array): void {
  const read = pagemap.read(address, entries);
  if (!read.ok) throw new KernelReadError(read.failure.message);
}

/** By page whether the entry maps one of the file. */
function filePages(pagemap: Pagemap, address: number, entries: Int32Array): Uint8Array {
  readEntries(pagemap, address, entries);
  return Uint8Array.from({ length: entries.length / 2 }, (_, i) => Number(isFilePage(entries[2 * i + 1])));
}

function isFilePage(high: number): boolean {
  return (high & PAGEMAP_HIGH.present) !== 0 && (high & FILE_PAGE) !== 0;
}
