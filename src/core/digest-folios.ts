import { type DigestTable, foliosOf, rowOf } from './digest-table.ts';
import { pagesPerRange } from './geometry.ts';
import { hasPage, type Occupancy } from './occupancy.ts';

/** The windows of one order of a range, side by side. */
interface Level {
  /** Occupied PTEs. */
  readonly pages: Uint16Array;
  /** The largest order among the folios of these. */
  readonly largest: Uint8Array;
  /** Those of them that a large folio backs. */
  readonly large: Uint16Array;
}

/**
 * Adds what the folios of a range of `pageCount` occupied PTEs change about its windows. A window below the PMD order
 * that holds a page of a folio of its own order or larger is skipped when it is attempted (spec 5.6, row 7).
 */
export function addFolios(
  table: DigestTable,
  occupied: Occupancy,
  folioOrders: Uint8Array,
  pageCount: number,
): void {
  const { geometry } = table;
  const { pmdOrder } = geometry;
  const stride = pmdOrder + 1;
  const levels = levelsOf(occupied, folioOrders, pmdOrder, pagesPerRange(geometry));
  if (levels[pmdOrder].large[0] === 0) return;
  const { held, large } = foliosOf(rowOf(table, pageCount), geometry);
  for (let order = 2; order < pmdOrder; order++) {
    const level = levels[order];
    for (let window = 0; window < level.pages.length; window++) {
      const pages = level.pages[window];
      if (pages === 0) continue;
      const isHeld = level.largest[window] >= order;
      if (isHeld) {
        table.anyHeld[order]++;
        table.anyHeldPages[order] += pages;
      } else {
        table.anyLarge[order] += level.large[window];
      }
      for (let outer = order; outer < pmdOrder; outer++) {
        if (levels[outer].pages[window >>> (outer - order)] !== 1 << outer) break;
        if (isHeld) held[outer * stride + order]++;
        else large[outer * stride + order] += level.large[window];
      }
    }
  }
  large[pmdOrder * stride + pmdOrder] += levels[pmdOrder].large[0];
  table.anyLarge[pmdOrder] += levels[pmdOrder].large[0];
}

function levelsOf(occupied: Occupancy, folioOrders: Uint8Array, pmdOrder: number, pages: number): Level[] {
  const levels: Level[] = [];
  for (let order = 0; order <= pmdOrder; order++) {
    const windows = pages >>> order;
    const level: Level = {
      pages: new Uint16Array(windows),
      largest: new Uint8Array(windows),
      large: new Uint16Array(windows),
    };
    const halves = levels.at(-1);
    for (let window = 0; window < windows; window++) {
      if (halves) {
        const [left, right] = [2 * window, 2 * window + 1];
        level.pages[window] = halves.pages[left] + halves.pages[right];
        level.largest[window] = Math.max(halves.largest[left], halves.largest[right]);
        level.large[window] = halves.large[left] + halves.large[right];
      } else if (hasPage(occupied, window)) {
        level.pages[window] = 1;
        level.largest[window] = folioOrders[window];
        level.large[window] = folioOrders[window] > 0 ? 1 : 0;
      }
    }
    levels.push(level);
  }
  return levels;
}
