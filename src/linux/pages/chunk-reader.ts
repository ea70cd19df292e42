import { type Result, succeed } from '../../core/base/failure.ts';
import { type Geometry, pageBytes, pagesPerRange, rangeBytes } from '../../core/memory/geometry.ts';
import {
  countPages,
  difference,
  hasPage,
  intersection,
  isEmpty,
  type Occupancy,
  union,
  wordsPerRange,
} from '../../core/memory/occupancy.ts';
import { pageFacts, type RangeState } from '../../core/memory/range-state.ts';
import type { SharedRun } from '../../core/memory/shared-runs.ts';
import { isUffdArmed } from '../../core/rules/vma.ts';
import type { KernelTells } from '../kernel/kernel-tells.ts';
import type { ChunkBitmaps, ChunkBuffer } from './chunk-buffer.ts';
import { type FolioFacts, readFolioFacts } from './folio-facts.ts';
import { type LargeFolioCounts, UNCOUNTED } from './large-folios.ts';
import type { PageChunk, ScannedPages } from './page-chunks.ts';
import type { PageFlags } from './page-flags.ts';
import type { Pagemap } from './pagemap.ts';
import type { PagemapScan } from './pagemap-scan.ts';
import { pmdMappedBySums } from './pmd-mapped.ts';
import { type PageNumbers, readSharedRuns } from './shared-pages.ts';
import type { SmapsVma } from './smaps.ts';

/** What a reader of one process has to look with. */
export interface Instruments {
  readonly geometry: Geometry;
  readonly pagemap: Pagemap;
  /** Undefined before Linux 6.7 or without koffi. */
  readonly scan: PagemapScan | undefined;
  /** Undefined without privilege. */
  readonly flags: PageFlags | undefined;
  readonly tells: KernelTells;
  /** Of the pages that processes share, whichever process is read. */
  readonly numbers: PageNumbers;
  /** Room for RANGES_PER_CHUNK ranges. */
  readonly buffer: ChunkBuffer;
}

/**
 * The ranges of a chunk of a VMA that hold any page; pages outside the VMA are left out. Pagemap, and the
 * flags of the frames behind it, are read only where PAGEMAP_SCAN and the sums of smaps leave a fact open.
 * `counts` say which large folios there cannot be. Fails when the process is gone. Throws KernelReadError.
 */
export function readChunk(
  tools: Instruments,
  vma: SmapsVma,
  chunk: PageChunk,
  counts: LargeFolioCounts,
): Result<RangeState[]> {
  const { scanned } = chunk;
  if (scanned && isEnough(tools, vma, scanned, counts))
    return succeed(rangesOf(tools, vma, chunk, scannedFacts(tools, scanned)));
  const facts = readEntries(tools, vma, chunk, counts);
  return facts.ok ? succeed(rangesOf(tools, vma, chunk, facts.value)) : facts;
}

/** Facts about the pages of a chunk, before those that the sums of the VMA tell. */
interface ChunkFacts {
  readonly present: Occupancy;
  readonly swap: Occupancy;
  readonly guard: Occupancy | undefined;
  readonly zero: Occupancy | undefined;
  readonly shared: Occupancy;
  readonly uffd: Occupancy;
  /** Pages marked by MADV_FREE, whether written since or not. */
  readonly freed: Occupancy | undefined;
  readonly locked: Occupancy | undefined;
  /** Folio orders of the pages of a range; undefined where they are not visible. */
  readonly ordersOf: (index: number) => Uint8Array | undefined;
  readonly pmdMapped: Uint8Array | undefined;
  readonly sharedRunsOf: (index: number, shared: Occupancy) => readonly SharedRun[] | undefined;
}

/** Whether no entry of pagemap would tell more than PAGEMAP_SCAN has told, but for page locks. */
function isEnough(
  { flags, tells, scan, geometry }: Instruments,
  vma: SmapsVma,
  { swap, zero, pmdMapped }: ScannedPages,
  counts: LargeFolioCounts,
): boolean {
  if (!isPrivate(vma) || isUffdArmed(vma)) return false;
  if (!scan?.tellsGuards && !isEmpty(swap)) return false;
  // Kernels that call the huge zero page none tell it from a huge page by its entries only.
  if (!tells.hugeZeroPage && isEmpty(zero) && pmdMapped.includes(1)) return false;
  return flags === undefined || (counts.smallest > geometry.pmdOrder && vma.lazyFreeBytes === 0);
}

/**
 * Whether every page of a VMA was mapped by this process alone when smaps was read. A large folio of which
 * others map other pages than this process does has no page that counts as shared.
 */
function isPrivate({ sharedBytes, privateBytes, rssBytes }: SmapsVma): boolean {
  return sharedBytes === 0 && privateBytes === rssBytes;
}

/** The facts of a chunk of private pages, none of them in a large folio but those that PMD entries map. */
function scannedFacts({ geometry, flags, scan }: Instruments, scanned: ScannedPages): ChunkFacts {
  const { present, swap, zero, guard, pmdMapped } = scanned;
  const none = noPagesOf(present.length);
  const { small, huge } = wholeFolios(geometry);
  const isHuge = (index: number) => pmdMapped[index] === 1 && !hasPage(zero, index * pagesPerRange(geometry));
  return {
    present,
    swap,
    guard: scan?.tellsGuards ? guard : none,
    zero,
    shared: none,
    uffd: none,
    freed: undefined,
    locked: undefined,
    ordersOf: (index) => flags && (isHuge(index) ? huge : small),
    pmdMapped,
    sharedRunsOf: () => NO_RUNS,
  };
}

/** No pages: shared by all that have none of a kind, and never written. */
let nothing = new Uint32Array(0);

function noPagesOf(words: number): Occupancy {
  if (nothing.length < words) nothing = new Uint32Array(words);
  return nothing.subarray(0, words);
}

/** Orders of a range of small pages, and of one that is one folio; by the PMD order. */
const wholeFoliosBy = new Map<number, { readonly small: Uint8Array; readonly huge: Uint8Array }>();

function wholeFolios(geometry: Geometry): { readonly small: Uint8Array; readonly huge: Uint8Array } {
  const { pmdOrder } = geometry;
  const known = wholeFoliosBy.get(pmdOrder);
  if (known) return known;
  const pages = pagesPerRange(geometry);
  const orders = { small: new Uint8Array(pages), huge: new Uint8Array(pages).fill(pmdOrder) };
  wholeFoliosBy.set(pmdOrder, orders);
  return orders;
}

/** The facts of a chunk by its entries of pagemap and, where they may be read, the flags of its frames. */
function readEntries(
  tools: Instruments,
  vma: SmapsVma,
  chunk: PageChunk,
  counts: LargeFolioCounts,
): Result<ChunkFacts> {
  const { geometry, pagemap, tells } = tools;
  const { start, end, scanned } = chunk;
  const pages = (end - start) / pageBytes(geometry);
  const first = Math.max(start, vma.start);
  const last = Math.min(end, vma.end);
  const entries = tools.buffer.entries.subarray(0, 2 * pages);
  const word = (address: number) => (2 * (address - start)) / pageBytes(geometry);
  entries.fill(0, 0, word(first)).fill(0, word(last));
  const read = pagemap.read(first, entries.subarray(word(first), word(last)));
  if (!read.ok) return read;

  const bitmaps = tools.buffer.extract(Math.ceil(pages / 32));
  const pmdMapped = scanned && stillPmdMapped(geometry, scanned.pmdMapped, bitmaps.present);
  // Others may map a folio by a PMD entry of which this process maps pages.
  const known =
    scanned && vma.lazyFreeBytes === 0
      ? { ...counts, smallest: Math.min(counts.smallest, geometry.pmdOrder) }
      : UNCOUNTED;
  const folioFacts =
    tools.flags &&
    readFolioFacts(
      { start, entries, pmdMapped, mayBeShared: !isPrivate(vma), ...bitmaps },
      tools.flags,
      tools,
      known,
    );
  const zero = zeroPages(geometry, vma, { scanned, bitmaps, folioFacts, pmdMapped });
  const mayBeShared = folioFacts?.shared ?? bitmaps.notExclusive;
  const shared = zero ? difference(mayBeShared, zero) : mayBeShared;
  const rangePages = pagesPerRange(geometry);
  return succeed({
    present: bitmaps.present,
    swap: bitmaps.swap,
    guard: tells.guards || isEmpty(bitmaps.swap) ? bitmaps.guard : undefined,
    zero,
    shared,
    uffd: bitmaps.uffd,
    freed: folioFacts?.marks?.lazyfree,
    locked: folioFacts?.marks?.locked,
    ordersOf: (index) => folioFacts?.orders.subarray(index * rangePages, (index + 1) * rangePages),
    pmdMapped,
    sharedRunsOf: readSharing(tools, entries, shared),
  });
}

/** The ranges that one PMD entry maps, of which all pages are present: others were split since the scan. */
function stillPmdMapped(geometry: Geometry, pmdMapped: Uint8Array, present: Occupancy): Uint8Array {
  const words = wordsPerRange(geometry);
  return pmdMapped.map((is, index) => {
    const ofRange = present.subarray(index * words, (index + 1) * words);
    return is && countPages(ofRange) === pagesPerRange(geometry) ? 1 : 0;
  });
}

/**
 * The zero pages of a chunk; they never count as exclusive. Undefined where nothing can tell them from shared
 * pages.
 */
function zeroPages(
  geometry: Geometry,
  vma: SmapsVma,
  {
    scanned,
    bitmaps: { notExclusive },
    folioFacts,
    pmdMapped,
  }: {
    readonly scanned: ScannedPages | undefined;
    readonly bitmaps: ChunkBitmaps;
    readonly folioFacts: FolioFacts | undefined;
    readonly pmdMapped: Uint8Array | undefined;
  },
): Occupancy | undefined {
  if (isEmpty(notExclusive)) return noPagesOf(notExclusive.length);
  if (!scanned || !pmdMapped) return folioFacts?.marks?.zero;
  const zero = intersection(scanned.zero, notExclusive);
  if (folioFacts?.marks) return union(zero, folioFacts.marks.zero);
  // Before Linux 6.16 the scan says nothing of the huge zero page: in private memory nothing else looks so.
  const words = wordsPerRange(geometry);
  if (isPrivate(vma))
    for (let index = 0; index < pmdMapped.length; index++)
      if (pmdMapped[index] && hasPage(notExclusive, index * pagesPerRange(geometry)))
        zero.fill(0xffffffff, index * words, (index + 1) * words);
  return zero;
}

/** The ranges of a chunk that hold any page, with what the sums of the VMA tell. */
function rangesOf(tools: Instruments, vma: SmapsVma, chunk: PageChunk, facts: ChunkFacts): RangeState[] {
  const { geometry } = tools;
  const { present, pmdMapped } = facts;
  const uffdArmed = isUffdArmed(vma);
  const words = wordsPerRange(geometry);
  const none = noPagesOf(words);
  /** Cuts a bitmap of the chunk into those of its ranges; most are empty and need no cutting. */
  const cut = (bitmap: Occupancy) =>
    isEmpty(bitmap) ? () => none : (index: number) => bitmap.subarray(index * words, (index + 1) * words);
  const noPages = noPagesOf(present.length);
  const lazyfree = readLazyfree(vma, facts.freed, noPages, geometry);
  const unreferenced = readUnreferenced(vma, lazyfree, noPages);
  const presentOf = cut(present);
  const swapOf = cut(facts.swap);
  const others = {
    guard: facts.guard && cut(facts.guard),
    zero: facts.zero && cut(facts.zero),
    shared: cut(facts.shared),
    unreferenced: unreferenced && cut(unreferenced),
    pinned: undefined,
    lazyfree: lazyfree && cut(lazyfree),
    locked: facts.locked && cut(facts.locked),
    uffd: cut(uffdArmed ? facts.uffd : noPages),
  };

  const ranges: RangeState[] = [];
  const count = (chunk.end - chunk.start) / rangeBytes(geometry);
  for (let index = 0; index < count; index++) {
    const ofRange = { present: presentOf(index), swap: swapOf(index) };
    if (isEmpty(ofRange.present) && isEmpty(ofRange.swap)) continue;
    const ranged = pageFacts(ofRange, (fact) => others[fact]?.(index));
    const folioOrders = facts.ordersOf(index);
    ranges.push({
      geometry,
      address: chunk.start + index * rangeBytes(geometry),
      facts: ranged,
      folioOrders,
      pmdMapped: pmdMapped
        ? pmdMapped[index] === 1
        : pmdMappedBySums({ geometry, facts: ranged, folioOrders }, vma),
      uffdArmed,
      sharedRuns: facts.sharedRunsOf(index, others.shared(index)),
    });
  }
  return ranges;
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
