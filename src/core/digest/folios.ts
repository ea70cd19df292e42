import { type Geometry, pagesPerRange } from '../memory/geometry.ts';
import type { Occupancy } from '../memory/occupancy.ts';
import { hasLargeFolio } from '../memory/range-state.ts';
import { savedEntries } from '../rules/tlb-reach.ts';
import { type DigestTable, foliosOf, rowOf } from './table.ts';

/** The windows of one order of a range, side by side. */
interface Level {
  /** Occupied PTEs. */
  readonly pages: Uint16Array;
  /** The largest order among the folios of these. */
  readonly largest: Uint8Array;
  /** Those of them that a large folio backs. */
  readonly large: Uint16Array;
  /** The order of the folio of every page; `MIXED` where they differ. */
  readonly common: Uint8Array;
  /** TLB entries that whole folios save in them. */
  readonly saved: Uint16Array;
  /** TLB entries that a whole folio of this order saves. */
  readonly savedByFolio: number;
}

const MIXED = 255;

/** Room for the windows of every order, overwritten by each range that is added. */
export type FolioLevels = readonly Level[];

/** One TLB entry below the PMD maps up to `reachPages`. */
export function emptyLevels(geometry: Geometry, reachPages: number): FolioLevels {
  const pages = pagesPerRange(geometry);
  return Array.from({ length: geometry.pmdOrder + 1 }, (_, order) => ({
    pages: new Uint16Array(pages >>> order),
    largest: new Uint8Array(pages >>> order),
    large: new Uint16Array(pages >>> order),
    common: new Uint8Array(pages >>> order),
    saved: new Uint16Array(pages >>> order),
    savedByFolio: savedEntries(order, reachPages),
  }));
}

/**
 * Adds what the folios of a range with occupied PTEs change about its windows. A window below the
 * PMD order that holds a page of a folio of its own order or larger is skipped when it is attempted
 * (__collapse_huge_page_isolate, docs/khugepaged.md#isolation, row 7).
 */
export function addFolios(
  table: DigestTable,
  occupied: Occupancy,
  folioOrders: Uint8Array,
  levels: FolioLevels,
): void {
  const { geometry } = table;
  const { pmdOrder } = geometry;
  const stride = pmdOrder + 1;
  if (!hasLargeFolio(folioOrders)) return;
  fillLevels(levels, occupied, folioOrders);
  if (levels[pmdOrder].large[0] === 0) return;
  const { held, large, saved } = foliosOf(rowOf(table, levels[pmdOrder].pages[0]), geometry);
  for (let order = 2; order < pmdOrder; order++) {
    const level = levels[order];
    for (let window = 0; window < level.pages.length; window++) {
      // Without a page in a large folio nothing changes about a window.
      if (level.large[window] === 0) continue;
      const pages = level.pages[window];
      const isHeld = level.largest[window] >= order;
      if (isHeld) {
        table.anyHeld[order]++;
        table.anyHeldPages[order] += pages;
      } else {
        table.anyLarge[order] += level.large[window];
        table.anySaved[order] += level.saved[window];
      }
      for (let outer = order; outer < pmdOrder; outer++) {
        if (levels[outer].pages[window >>> (outer - order)] !== 1 << outer) break;
        if (isHeld) held[outer * stride + order]++;
        else {
          large[outer * stride + order] += level.large[window];
          saved[outer * stride + order] += level.saved[window];
        }
      }
    }
  }
  large[pmdOrder * stride + pmdOrder] += levels[pmdOrder].large[0];
  saved[pmdOrder * stride + pmdOrder] += levels[pmdOrder].saved[0];
  table.anyLarge[pmdOrder] += levels[pmdOrder].large[0];
  table.anySaved[pmdOrder] += levels[pmdOrder].saved[0];
}

/** Pages in large folios of a range, and the TLB entries that whole folios save in it. */
export function largeInRange(
  occupied: Occupancy,
  folioOrders: Uint8Array,
  levels: FolioLevels,
): { readonly large: number; readonly saved: number } {
  fillLevels(levels, occupied, folioOrders);
  const { large, saved } = levels[levels.length - 1];
  return { large: large[0], saved: saved[0] };
}

function fillLevels(levels: FolioLevels, occupied: Occupancy, folioOrders: Uint8Array): void {
  const [single] = levels;
  for (let page = 0; page < single.pages.length; page++) {
    const present = (occupied[page >>> 5] >>> (page & 31)) & 1;
    const order = present ? folioOrders[page] : 0;
    single.pages[page] = present;
    single.largest[page] = order;
    single.large[page] = order > 0 ? 1 : 0;
    single.common[page] = present ? order : MIXED;
  }
  for (let order = 1; order < levels.length; order++) raise(levels[order - 1], levels[order], order);
}

function raise(halves: Level, level: Level, order: number): void {
  for (let window = 0; window < level.pages.length; window++) {
    const left = 2 * window;
    level.pages[window] = halves.pages[left] + halves.pages[left + 1];
    level.largest[window] = Math.max(halves.largest[left], halves.largest[left + 1]);
    level.large[window] = halves.large[left] + halves.large[left + 1];
    const common = halves.common[left] === halves.common[left + 1] ? halves.common[left] : MIXED;
    level.common[window] = common;
    level.saved[window] = common === order ? level.savedByFolio : halves.saved[left] + halves.saved[left + 1];
  }
}
