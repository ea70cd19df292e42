import { type Geometry, pagesPerRange } from '../memory/geometry.ts';

/**
 * How many pages of each kind a range has. Below the PMD order a window with a shared page or a swap entry is
 * blocked: an attempt on it fails and the search goes on inside of it. Other windows are open.
 */
export interface BlockedKey {
  /** PTEs that map an ordinary page. */
  readonly pages: number;
  /** Of these, pages that other processes map, too. */
  readonly shared: number;
  /** PTEs of swap entries. */
  readonly swapped: number;
}

/** What the ranges with the same numbers of pages add up to. Arrays are indexed by order. */
export interface BlockedRow extends BlockedKey {
  ranges: number;
  /** Pages in large folios, all of which are shared. */
  largePages: number;
  /** TLB entries that whole folios save. */
  savedEntries: number;
  /** Wholly occupied windows below the PMD order. */
  readonly full: Float64Array;
  /** Of these, the open ones. */
  readonly open: Float64Array;
}

/** What the ranges with the same numbers of shared pages and swap entries add up to. */
export interface BlockedWindows extends Omit<BlockedKey, 'pages'> {
  /**
   * By two orders j >= k, at index j * (pmdOrder + 1) + k: windows of order k with a page inside of open
   * windows of order j, and with k = 0 the pages there. With j = pmdOrder: in the whole ranges.
   */
  readonly any: Float64Array;
}

/**
 * What decides every policy over ranges that have shared pages or swap entries and nothing else of note.
 * Tables add up. Derivation and limits: docs/digest.md#blocked.
 */
export interface BlockedTable {
  readonly geometry: Geometry;
  readonly rows: Map<number, BlockedRow>;
  readonly windows: Map<number, BlockedWindows>;
}

export function emptyBlocked(geometry: Geometry): BlockedTable {
  return { geometry, rows: new Map(), windows: new Map() };
}

/** Whether a range in such a table can have these numbers of pages: what has fewer is never scanned. */
export function isBlockedKey({ pages, shared, swapped }: BlockedKey, geometry: Geometry): boolean {
  const all = pagesPerRange(geometry);
  if (![pages, shared, swapped].every((each) => Number.isInteger(each) && each >= 0)) return false;
  // A range with swap entries is scanned if half of its pages were used recently.
  const fewest = swapped > 0 ? all >>> 1 : 1;
  return pages >= fewest && pages + swapped <= all && shared <= pages && shared + swapped > 0;
}

export function blockedRowOf(table: BlockedTable, { pages, shared, swapped }: BlockedKey): BlockedRow {
  const numbers = pagesPerRange(table.geometry) + 1;
  const key = (pages * numbers + shared) * numbers + swapped;
  let row = table.rows.get(key);
  if (!row) {
    const byOrder = () => new Float64Array(table.geometry.pmdOrder + 1);
    row = {
      pages,
      shared,
      swapped,
      ranges: 0,
      largePages: 0,
      savedEntries: 0,
      full: byOrder(),
      open: byOrder(),
    };
    table.rows.set(key, row);
  }
  return row;
}

export function blockedWindowsOf(
  table: BlockedTable,
  { shared, swapped }: Omit<BlockedKey, 'pages'>,
): BlockedWindows {
  const key = shared * (pagesPerRange(table.geometry) + 1) + swapped;
  let windows = table.windows.get(key);
  if (!windows) {
    windows = { shared, swapped, any: new Float64Array((table.geometry.pmdOrder + 1) ** 2) };
    table.windows.set(key, windows);
  }
  return windows;
}

/** Adds one table to another of the same geometry; any order and grouping gives the same sum. */
export function addBlocked(into: BlockedTable, from: BlockedTable): void {
  for (const each of from.rows.values()) {
    const row = blockedRowOf(into, each);
    row.ranges += each.ranges;
    row.largePages += each.largePages;
    row.savedEntries += each.savedEntries;
    addTo(row.full, each.full);
    addTo(row.open, each.open);
  }
  for (const each of from.windows.values()) addTo(blockedWindowsOf(into, each).any, each.any);
}

export function blockedRanges({ rows }: BlockedTable): number {
  let ranges = 0;
  for (const row of rows.values()) ranges += row.ranges;
  return ranges;
}

/** Takes every page for one that takes a TLB entry of its own, unless a PMD entry maps it. */
export function forgetSavedInBlocked({ rows }: BlockedTable): void {
  for (const row of rows.values()) row.savedEntries = 0;
}

function addTo(into: Float64Array, from: Float64Array): void {
  for (let i = 0; i < into.length; i++) into[i] += from[i];
}
