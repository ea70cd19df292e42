import { type Geometry, pagesPerRange } from '../memory/geometry.ts';
import { hasPage, type Occupancy } from '../memory/occupancy.ts';
import { MIN_ANON_ORDER, type OrderSet } from '../memory/order.ts';
import type { PageSpan } from './page-span.ts';

/**
 * What decides about a restart under every set of orders, and adds up over ranges, VMAs, processes and hosts. A VMA is cut
 * into its maximal aligned blocks, at most of the PMD order: a range inside of a VMA is one block. Lists have pmdOrder + 1
 * entries, the order of the block is the index; blocks of less than four pages count as order 0.
 * Derivation: docs/digest.md#restart.
 */
export interface RestartTable {
  readonly geometry: Geometry;
  /** `any[F][k]`: order-k windows with a touched page in blocks of order F, for k from 2 to F. */
  readonly any: readonly Float64Array[];
  /** Touched pages in blocks of order F. */
  readonly touched: Float64Array;
}

export function emptyRestartTable(geometry: Geometry): RestartTable {
  const size = geometry.pmdOrder + 1;
  return {
    geometry,
    any: Array.from({ length: size }, () => new Float64Array(size)),
    touched: new Float64Array(size),
  };
}

/** Adds one range: its touched pages, and the VMA in PTEs from the start of the range. */
export function addRestartRange(table: RestartTable, touched: Occupancy, vma: PageSpan): void {
  const { pmdOrder } = table.geometry;
  const end = Math.min(vma.end, pagesPerRange(table.geometry));
  for (let first = Math.max(vma.start, 0); first < end; ) {
    const order = blockOrder(first, end, pmdOrder);
    addBlock(table, touched, first, order);
    first += 1 << order;
  }
}

/** The order of the largest aligned block that begins at a page and ends by `end`. */
function blockOrder(first: number, end: number, pmdOrder: number): number {
  const aligned = first === 0 ? pmdOrder : 31 - Math.clz32(first & -first);
  const fitting = 31 - Math.clz32(end - first);
  return Math.min(aligned, fitting, pmdOrder);
}

function addBlock(table: RestartTable, touched: Occupancy, first: number, order: number): void {
  const block = order < MIN_ANON_ORDER ? 0 : order;
  const pages = 1 << order;
  // Bit i stands for the i-th window of the order that is being counted.
  let windows: boolean[] = Array.from({ length: pages }, (_, i) => hasPage(touched, first + i));
  table.touched[block] += windows.filter(Boolean).length;
  for (let k = 1; k <= order; k++) {
    windows = Array.from({ length: pages >> k }, (_, i) => windows[2 * i] || windows[2 * i + 1]);
    if (k >= MIN_ANON_ORDER) table.any[block][k] += windows.filter(Boolean).length;
  }
}

export function addRestartTable(into: RestartTable, from: RestartTable): void {
  for (const [block, counts] of from.any.entries())
    for (const [order, count] of counts.entries()) into.any[block][order] += count;
  for (const [block, pages] of from.touched.entries()) into.touched[block] += pages;
}

/** What page faults leave after a restart: pages resident, and folios by order (index = order; small pages at 0). */
export interface RestartCounts {
  present: number;
  readonly folios: number[];
}

/** Adds what a restart under these orders leaves. */
export function readRestart(table: RestartTable, orders: OrderSet, counts: RestartCounts): void {
  for (const [block, touched] of table.touched.entries()) {
    const usable = orders & ((2 << block) - 1);
    if (usable === 0) {
      counts.present += touched;
      counts.folios[0] += touched;
      continue;
    }
    const order = 31 - Math.clz32(usable);
    counts.present += table.any[block][order] * 2 ** order;
    counts.folios[order] += table.any[block][order];
  }
}
