import { type Geometry, pageBytes, pagesPerRange } from '../../core/memory/geometry.ts';
import { hasPage, type Occupancy, setPage, setPages } from '../../core/memory/occupancy.ts';
import type { LargeFolioCounts } from './large-folios.ts';
import { KPF, type PageFlags, type PhysicalFolio } from './page-flags.ts';
import { frameNumber, PAGEMAP_HIGH, type Pagemap } from './pagemap.ts';

/** What the page flags say of the pages of a chunk; bitmaps over the whole chunk. */
export interface FolioFacts {
  /** Order of the folio of each page; 0 for small pages and holes. */
  readonly orders: Uint8Array;
  readonly shared: Occupancy;
  /** What is undefined is not known, as not every frame was looked at. */
  readonly marks: FolioMarks | undefined;
}

interface FolioMarks {
  /** Pages marked by MADV_FREE, whether written since or not. */
  readonly lazyfree: Occupancy;
  readonly locked: Occupancy;
  readonly zero: Occupancy;
}

/** The pagemap entries of a chunk, two words a page, and what was gathered from them. */
interface ChunkEntries {
  /** Address of the first page. */
  readonly start: number;
  readonly entries: Int32Array;
  readonly present: Occupancy;
  readonly notExclusive: Occupancy;
  /** By range: whether one PMD entry maps it, so that its first frame speaks for all. */
  readonly pmdMapped: Uint8Array | undefined;
  /** Whether others may map pages of it. */
  readonly mayBeShared: boolean;
}

/** A large folio and the pages of the chunk that map it, ascending. */
interface MappedFolio {
  readonly folio: PhysicalFolio;
  readonly pages: number[];
}

/** Up to this order of folio, to look at one frame of each is no cheaper than to look at all. */
const CHEAPEST_BY_FRAME = 4;

/**
 * Looks up the folios behind the present pages of a chunk, whose pagemap entries hold frame numbers. `shared`
 * is that of folio_maybe_mapped_shared as far as mapcounts tell (docs/khugepaged.md#shared): a large folio
 * counts as shared when it is mapped more often than the process maps it in one piece. No large folio is
 * smaller than `counts.smallest`; 0 if that is not known, or if `marks` are wanted. Throws KernelReadError.
 */
export function readFolioFacts(
  chunk: ChunkEntries,
  pageFlags: PageFlags,
  process: { readonly geometry: Geometry; readonly pagemap: Pagemap },
  { smallest, made }: LargeFolioCounts,
): FolioFacts {
  const { entries, present, notExclusive, pmdMapped } = chunk;
  const { pmdOrder } = process.geometry;
  const rangePages = pagesPerRange(process.geometry);
  /** Whether a range begins here that one PMD entry maps. */
  const isPmdMapped = (page: number) =>
    pmdMapped !== undefined && page % rangePages === 0 && pmdMapped[page / rangePages] === 1;
  /** The pagemap of Linux 6.18 says of each page of a PMD mapping what holds of its first one. */
  const isSharedInPart = (head: number) =>
    chunk.mayBeShared && pageFlags.mappingsOf({ head, order: pmdOrder }) > rangePages;
  const pages = entries.length / 2;
  const frames = new Float64Array(pages);
  for (let page = 0; page < pages; page++) {
    if (hasPage(present, page)) frames[page] = frameNumber(entries[2 * page], entries[2 * page + 1]);
    if (isPmdMapped(page)) page += rangePages - 1;
  }
  const byFrame = smallest <= CHEAPEST_BY_FRAME;
  const flags = byFrame ? pageFlags.flagsOf(frames) : pageFlags.largeByBlock(frames, smallest, made);

  const orders = new Uint8Array(pages);
  const shared = notExclusive.slice();
  const noMarks = () => new Uint32Array(shared.length);
  const marks = byFrame ? { lazyfree: noMarks(), locked: noMarks(), zero: noMarks() } : undefined;
  const folios = new Map<number, MappedFolio>();
  let last: MappedFolio | undefined;
  for (let page = 0; page < pages; page++) {
    if (frames[page] === 0) continue;
    const pageCount = isPmdMapped(page) ? rangePages : 1;
    if (marks) setMarks(marks, flags[page], page, pageCount);
    if (pageCount > 1) {
      // Split since the scan, if its frame is small by now.
      if (flags[page] & KPF.large && !(flags[page] & KPF.zeroPage))
        setPmdMapped(orders, shared, page, pmdOrder, () => isSharedInPart(frames[page]));
      page += pageCount - 1;
      continue;
    }
    if (!(flags[page] & KPF.large) || flags[page] & KPF.zeroPage) continue;
    if (!last || !holds(last.folio, frames[page]))
      last = folioOf(frames[page], pageFlags, process.geometry, folios);
    if (!last) continue;
    orders[page] = last.folio.order;
    last.pages.push(page);
  }
  for (const { folio, pages: mapped } of folios.values()) {
    const sharedHere = mapped.some((page) => hasPage(notExclusive, page));
    if (sharedHere || isMappedElsewhere(folio, mapped, chunk.start, pageFlags, process)) {
      for (const page of mapped) setPage(shared, page);
    }
  }
  return { orders, shared, marks };
}

/** Sets what the flags of a frame say of the pages that it speaks for. */
function setMarks({ zero, locked, lazyfree }: FolioMarks, flags: number, page: number, pages: number): void {
  if (flags & KPF.zeroPage) setPages(zero, page, pages);
  if (flags & KPF.locked) setPages(locked, page, pages);
  if ((flags & (KPF.anon | KPF.swapBacked)) === KPF.anon) setPages(lazyfree, page, pages);
}

/** Sets the order of the pages of a folio that one PMD entry maps; if one of them is shared, all are. */
function setPmdMapped(
  orders: Uint8Array,
  shared: Occupancy,
  first: number,
  pmdOrder: number,
  isSharedInPart: () => boolean,
): void {
  orders.fill(pmdOrder, first, first + 2 ** pmdOrder);
  const past = first + 2 ** pmdOrder;
  let page = first;
  while (page < past && !hasPage(shared, page)) page++;
  if (page < past || isSharedInPart()) setPages(shared, first, 2 ** pmdOrder);
}

/** Whether a folio whose pages here are all exclusive has more mappings than the process has around them. */
function isMappedElsewhere(
  folio: PhysicalFolio,
  mapped: readonly number[],
  chunkStart: number,
  pageFlags: PageFlags,
  { geometry, pagemap }: { readonly geometry: Geometry; readonly pagemap: Pagemap },
): boolean {
  const size = 1 << folio.order;
  if (mapped.length === size) return false;
  const mappings = pageFlags.mappingsOf(folio);
  if (mappings <= mapped.length) return false;
  // The rest may lie beyond the chunk or the VMA: an unaligned folio, or one that a VMA edge cuts.
  const bytes = pageBytes(geometry);
  const first = Math.max(0, chunkStart / bytes + mapped[mapped.length - 1] - size + 1);
  const entries = new Int32Array(2 * (2 * size - 1));
  if (!pagemap.read(first * bytes, entries).ok) return true;
  let own = 0;
  for (let i = 0; i < entries.length; i += 2) {
    if (entries[i + 1] & PAGEMAP_HIGH.present && holds(folio, frameNumber(entries[i], entries[i + 1]))) own++;
  }
  return mappings > own;
}

function holds(folio: PhysicalFolio, frame: number): boolean {
  return frame >= folio.head && frame < folio.head + (1 << folio.order);
}

function folioOf(
  frame: number,
  pageFlags: PageFlags,
  { pmdOrder }: Geometry,
  folios: Map<number, MappedFolio>,
): MappedFolio | undefined {
  const folio = pageFlags.folioOf(frame);
  // No larger folio is in anonymous memory: the frame became somebody else's since its entry was read.
  if (!folio || folio.order > pmdOrder) return undefined;
  let mapped = folios.get(folio.head);
  if (!mapped) {
    mapped = { folio, pages: [] };
    folios.set(folio.head, mapped);
  }
  return mapped;
}
