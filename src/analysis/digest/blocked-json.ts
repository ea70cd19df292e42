import { type BlockedTable, blockedRowOf, blockedWindowsOf } from '../../core/digest/blocked-table.ts';
import { MIN_ANON_ORDER } from '../../core/memory/order.ts';

/** A table of blocked windows as a digest stores it; lists are without zeros at their ends. */
export interface BlockedJson {
  /**
   * Occupied PTEs, shared ones of these, swap entries; ranges, pages in large folios, TLB entries that whole
   * folios save; then for orders 2, 3, ... the full windows and the open ones of these.
   */
  readonly rows: readonly (readonly number[])[];
  /**
   * Shared PTEs, swap entries, an order j; then, inside of open windows of order j, pages and windows with a
   * page of orders 2, 3, ... j. With the PMD order as j: in the whole ranges.
   */
  readonly any: readonly (readonly number[])[];
}

/** A list as it is stored: zeros at its end are left out. */
export function withoutZeros(list: number[]): number[] {
  return list.slice(0, list.findLastIndex((value) => value !== 0) + 1);
}

/** The numbers at the head of a row that say where it belongs. */
export const ROW_PLACE = 3;
/** Of these and what follows: all but the windows. */
export const ROW_HEAD = 6;

/** Undefined where there is nothing to store. */
export function blockedJson({ geometry, rows, windows }: BlockedTable): BlockedJson | undefined {
  if (rows.size === 0) return undefined;
  const { pmdOrder } = geometry;
  const stride = pmdOrder + 1;
  const outers = Array.from({ length: pmdOrder - 1 }, (_, i) => MIN_ANON_ORDER + i);
  return {
    rows: byKey(rows).map(({ pages, shared, swapped, ranges, largePages, savedEntries, full, open }) => {
      const pairs = outers.slice(0, -1).flatMap((order) => [full[order], open[order]]);
      return withoutZeros([pages, shared, swapped, ranges, largePages, savedEntries, ...pairs]);
    }),
    any: byKey(windows).flatMap(({ shared, swapped, any }) =>
      outers.flatMap((j) => {
        const pages = any[j * stride];
        const within = any.subarray(j * stride + MIN_ANON_ORDER, j * stride + j + 1);
        return pages === 0 ? [] : [withoutZeros([shared, swapped, j, pages, ...within])];
      }),
    ),
  };
}

function byKey<T>(map: ReadonlyMap<number, T>): T[] {
  return [...map].sort(([a], [b]) => a - b).map(([, value]) => value);
}

/** Adds what is stored to an empty table. */
export function fillBlocked(into: BlockedTable, stored: BlockedJson): void {
  const stride = into.geometry.pmdOrder + 1;
  for (const [pages, shared, swapped, ranges, largePages = 0, savedEntries = 0, ...pairs] of stored.rows) {
    const row = blockedRowOf(into, { pages, shared, swapped });
    row.ranges = ranges;
    row.largePages = largePages;
    row.savedEntries = savedEntries;
    for (const [i, windows] of pairs.entries())
      (i % 2 === 0 ? row.full : row.open)[MIN_ANON_ORDER + (i >>> 1)] = windows;
  }
  for (const [shared, swapped, j, pages, ...within] of stored.any) {
    const { any } = blockedWindowsOf(into, { shared, swapped });
    any[j * stride] = pages;
    any.set(within, j * stride + MIN_ANON_ORDER);
  }
}
