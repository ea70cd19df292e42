import { type Geometry, pagesPerRange } from '../memory/geometry.ts';
import type { WindowCounts } from './window-counts.ts';

/** What the ranges with one number of occupied PTEs add up to. Arrays are indexed by order. */
export interface DigestRow {
  ranges: number;
  /** Wholly occupied windows below the PMD order. */
  readonly full: Float64Array;
  /** What folios change about these windows; undefined where every page is small. */
  folios: FolioCounts | undefined;
}

/**
 * Counts by two orders j >= k, at index j * (pmdOrder + 1) + k: of the full order-k windows that lie inside a
 * full order-j window. With j = k these are all full order-k windows.
 */
export interface FolioCounts {
  /** Windows that hold a page of a folio of order k or larger, and so are attempted but skipped. */
  readonly held: Float64Array;
  /** Pages in large folios inside the other windows. At the PMD order: inside the whole range. */
  readonly large: Float64Array;
  /** TLB entries that whole folios save in the same places, by the CPU that the digest was made for. */
  readonly saved: Float64Array;
}

/**
 * The collapse digest: what decides the outcome of every set of orders and every max_ptes_none over any
 * number of ordinary ranges. Digests add up. Derivation and limits: docs/digest.md.
 */
export interface DigestTable {
  readonly geometry: Geometry;
  /** By the number of occupied PTEs of a range, which is at least 1. */
  readonly rows: Map<number, DigestRow>;
  /** Windows with any occupied PTE, by order up to the PMD order. */
  readonly any: Float64Array;
  /** Of these, windows that hold a page of a folio of their own order or larger; none at the PMD order. */
  readonly anyHeld: Float64Array;
  /** Occupied PTEs in those. */
  readonly anyHeldPages: Float64Array;
  /** Pages in large folios inside the others. */
  readonly anyLarge: Float64Array;
  /** TLB entries that whole folios save inside the others. */
  readonly anySaved: Float64Array;
}

export function emptyDigest(geometry: Geometry): DigestTable {
  const byOrder = () => new Float64Array(geometry.pmdOrder + 1);
  return {
    geometry,
    rows: new Map(),
    any: byOrder(),
    anyHeld: byOrder(),
    anyHeldPages: byOrder(),
    anyLarge: byOrder(),
    anySaved: byOrder(),
  };
}

/** The rows by their number of occupied PTEs. */
export function sortedRows({ rows }: DigestTable): [pages: number, row: DigestRow][] {
  return [...rows].sort(([a], [b]) => a - b);
}

export function rowOf(table: DigestTable, pages: number): DigestRow {
  let row = table.rows.get(pages);
  if (!row) {
    row = { ranges: 0, full: new Float64Array(table.geometry.pmdOrder + 1), folios: undefined };
    table.rows.set(pages, row);
  }
  return row;
}

export function foliosOf(row: DigestRow, geometry: Geometry): FolioCounts {
  const byTwoOrders = () => new Float64Array((geometry.pmdOrder + 1) ** 2);
  row.folios ??= { held: byTwoOrders(), large: byTwoOrders(), saved: byTwoOrders() };
  return row.folios;
}

/** Adds a range of small pages by its window counts. */
export function addWindowCounts(table: DigestTable, { pages, full, any }: WindowCounts): void {
  if (pages === 0) return;
  const { pmdOrder } = table.geometry;
  const row = rowOf(table, pages);
  row.ranges++;
  for (let order = 2; order < pmdOrder; order++) {
    row.full[order] += full[order];
    table.any[order] += any[order];
  }
  table.any[pmdOrder]++;
}

/** Adds one digest to another of the same geometry; any order and grouping gives the same sum. */
export function addDigest(into: DigestTable, from: DigestTable): void {
  for (const [pages, { ranges, full, folios }] of from.rows) {
    const row = rowOf(into, pages);
    row.ranges += ranges;
    addTo(row.full, full);
    if (!folios) continue;
    const sum = foliosOf(row, into.geometry);
    addTo(sum.held, folios.held);
    addTo(sum.large, folios.large);
    addTo(sum.saved, folios.saved);
  }
  addTo(into.any, from.any);
  addTo(into.anyHeld, from.anyHeld);
  addTo(into.anyHeldPages, from.anyHeldPages);
  addTo(into.anyLarge, from.anyLarge);
  addTo(into.anySaved, from.anySaved);
}

/** Takes every page for one that takes a TLB entry of its own, unless a PMD entry maps it. */
export function forgetSavedEntries(table: DigestTable): void {
  for (const { folios } of table.rows.values()) folios?.saved.fill(0);
  table.anySaved.fill(0);
}

function addTo(into: Float64Array, from: Float64Array): void {
  for (let i = 0; i < into.length; i++) into[i] += from[i];
}

/** Whether a number of occupied PTEs can be that of a range in a digest. */
export function isRowKey(pages: number, geometry: Geometry): boolean {
  return Number.isInteger(pages) && pages >= 1 && pages <= pagesPerRange(geometry);
}
