import type { Geometry } from '../memory/geometry.ts';
import type { Occupancy } from '../memory/occupancy.ts';
import { MIN_ANON_ORDER, type OrderSet } from '../memory/order.ts';
import type { PageSpan } from '../memory/page-span.ts';
import type { RangeState } from '../memory/range-state.ts';
import { touchedPages } from './restart.ts';
import {
  countSharedPages,
  forEachBlock,
  forFolioPages,
  largestOrder,
  type RestartCounts,
  touchedWindows,
  withoutPages,
} from './restart-counts.ts';

/**
 * What decides about a restart under every set of orders, and adds up over ranges, VMAs, processes and hosts.
 * A VMA is cut into its maximal aligned blocks, at most of the PMD order: a range inside of a VMA is one
 * block. Lists have pmdOrder + 1 entries; blocks of less than four pages count as order 0. Derivation:
 * docs/digest.md#restart.
 */
export interface RestartTable {
  readonly geometry: Geometry;
  /** `any[F][k]`: order-k windows with a touched page in blocks of order F, for k from 2 to F. */
  readonly any: readonly Float64Array[];
  /** Touched pages in blocks of order F. */
  readonly touched: Float64Array;
  /** Touched pages by the order of the large folio that holds them; those in small pages are left out. */
  readonly folioPages: Float64Array;
  /** Touched pages that processes share by fork. */
  sharedPages: number;
}

export function emptyRestartTable(geometry: Geometry): RestartTable {
  const byOrder = () => new Float64Array(geometry.pmdOrder + 1);
  return {
    geometry,
    any: Array.from({ length: geometry.pmdOrder + 1 }, byOrder),
    touched: byOrder(),
    folioPages: byOrder(),
    sharedPages: 0,
  };
}

/**
 * Adds one range with its VMA in PTEs from the start of the range. `holes` are pages that another process
 * brings along: see `addRestartedRange`.
 */
export function addRestartRange(
  table: RestartTable,
  range: RangeState,
  vma: PageSpan,
  holes?: Occupancy,
): void {
  const touched = withoutPages(touchedPages(range), holes);
  forFolioPages(range, touched, (order, pages) => {
    table.folioPages[order] += pages;
  });
  table.sharedPages += countSharedPages(range, holes);
  forEachBlock(vma, table.geometry, holes, (first, order) => {
    const block = order < MIN_ANON_ORDER ? 0 : order;
    table.touched[block] += touchedWindows(touched, first, order, 0);
    for (let k = MIN_ANON_ORDER; k <= order; k++)
      table.any[block][k] += touchedWindows(touched, first, order, k);
  });
}

/** Adds what a restart asks about the folios of a range that is counted elsewhere: touched pages by order. */
export function addRestartFolios(table: RestartTable, pagesByOrder: ArrayLike<number>): void {
  for (let order = 1; order < table.folioPages.length; order++)
    table.folioPages[order] += pagesByOrder[order];
}

export function addRestartTable(into: RestartTable, from: RestartTable): void {
  for (const [block, counts] of from.any.entries()) addTo(into.any[block], counts);
  addTo(into.touched, from.touched);
  addTo(into.folioPages, from.folioPages);
  into.sharedPages += from.sharedPages;
}

/** Takes the counts of some memory off a table. */
export function subtractRestartTable(from: RestartTable, part: RestartTable): void {
  for (const [block, counts] of part.any.entries()) addTo(from.any[block], counts, -1);
  addTo(from.touched, part.touched, -1);
  addTo(from.folioPages, part.folioPages, -1);
  from.sharedPages -= part.sharedPages;
}

function addTo(into: Float64Array, from: Float64Array, times = 1): void {
  for (let i = 0; i < into.length; i++) into[i] += times * from[i];
}

/** Adds what a restart leaves if page faults may use these orders. */
export function readRestart(table: RestartTable, orders: OrderSet, counts: RestartCounts): void {
  const { geometry, any, touched, folioPages, sharedPages } = table;
  const largest = largestOrder(orders, geometry.pmdOrder);
  for (let order = largest + 1; order < folioPages.length; order++)
    counts.largerFolioPages += folioPages[order];
  counts.sharedPages += sharedPages;
  for (let block = 0; block < touched.length; block++) {
    const order = largestOrder(orders, block);
    counts.touchedPages += touched[block];
    counts.pagesByOrder[order] += order === 0 ? touched[block] : any[block][order] * 2 ** order;
  }
}
