import { hasPage, type Occupancy, setPage } from '../core/occupancy.ts';
import { KPF, type PageFlags, type PhysicalFolio } from './page-flags.ts';
import { frameNumber } from './pagemap.ts';

/** What the page flags say of the pages of a chunk; bitmaps over the whole chunk. */
export interface FolioFacts {
  /** Order of the folio of each page; 0 for small pages and holes. */
  readonly orders: Uint8Array;
  readonly shared: Occupancy;
  readonly lazyfree: Occupancy;
  readonly locked: Occupancy;
  readonly zero: Occupancy;
}

/** A large folio and the pages of the chunk that map it. */
interface MappedFolio {
  readonly folio: PhysicalFolio;
  readonly pages: number[];
}

/**
 * Looks up the folios behind the present pages of a chunk (pagemap entries with frame numbers, two words a page).
 * `shared` is that of folio_maybe_mapped_shared as far as mapcounts tell (spec 3.5): a large folio counts as shared when
 * it is mapped more often than this chunk maps it.
 */
export function readFolioFacts(
  entries: Int32Array,
  bitmaps: { readonly present: Occupancy; readonly notExclusive: Occupancy },
  pageFlags: PageFlags,
): FolioFacts {
  const pages = entries.length / 2;
  const frames = new Float64Array(pages);
  for (let page = 0; page < pages; page++) {
    if (hasPage(bitmaps.present, page)) frames[page] = frameNumber(entries[2 * page], entries[2 * page + 1]);
  }
  const flags = pageFlags.flagsOf(frames);

  const orders = new Uint8Array(pages);
  const shared = bitmaps.notExclusive.slice();
  const lazyfree = new Uint32Array(shared.length);
  const locked = new Uint32Array(shared.length);
  const zero = new Uint32Array(shared.length);
  const folios = new Map<number, MappedFolio>();
  let last: MappedFolio | undefined;
  for (let page = 0; page < pages; page++) {
    if (frames[page] === 0) continue;
    if (flags[page] & KPF.zeroPage) setPage(zero, page);
    if (flags[page] & KPF.locked) setPage(locked, page);
    if ((flags[page] & (KPF.anon | KPF.swapBacked)) === KPF.anon) setPage(lazyfree, page);
    if (!(flags[page] & KPF.large) || flags[page] & KPF.zeroPage) continue;
    if (!last || !holds(last.folio, frames[page])) last = folioOf(frames[page], pageFlags, folios);
    if (!last) continue;
    orders[page] = last.folio.order;
    last.pages.push(page);
  }
  for (const { folio, pages: mapped } of folios.values()) {
    const sharedHere = mapped.some((page) => hasPage(bitmaps.notExclusive, page));
    const partly = mapped.length < 1 << folio.order;
    if (sharedHere || (partly && pageFlags.mappingsOf(folio) > mapped.length)) {
      for (const page of mapped) setPage(shared, page);
    }
  }
  return { orders, shared, lazyfree, locked, zero };
}

function holds(folio: PhysicalFolio, frame: number): boolean {
  return frame >= folio.head && frame < folio.head + (1 << folio.order);
}

function folioOf(
  frame: number,
  pageFlags: PageFlags,
  folios: Map<number, MappedFolio>,
): MappedFolio | undefined {
  const folio = pageFlags.folioOf(frame);
  if (!folio) return undefined;
  let mapped = folios.get(folio.head);
  if (!mapped) {
    mapped = { folio, pages: [] };
    folios.set(folio.head, mapped);
  }
  return mapped;
}
