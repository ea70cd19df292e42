import { type Geometry, noneByOrder, pagesPerRange } from '../memory/geometry.ts';
import { countBits, countPages, type Occupancy } from '../memory/occupancy.ts';
import type { OrderSet } from '../memory/order.ts';
import type { PageSpan } from '../memory/page-span.ts';
import { hasLargeFolio, type RangeState } from '../memory/range-state.ts';
import { touchedPages } from './restart.ts';

/**
 * What page faults leave of some memory when its programs start again, at most: see `restartRange`. Lists are
 * indexed by order. Counts add up.
 */
export interface RestartCounts {
  /** Pages that the programs touched. */
  touchedPages: number;
  /** Of these, pages that processes share by fork: one of the processes touched them. */
  sharedPages: number;
  /**
   * Of these, pages in folios of an order above every order that page faults may use: which of them were
   * touched cannot be seen.
   */
  largerFolioPages: number;
  /** Resident pages afterwards by the order of their folio. */
  readonly pagesByOrder: number[];
}

export function emptyRestartCounts(geometry: Geometry): RestartCounts {
  const pagesByOrder = noneByOrder(geometry);
  return { touchedPages: 0, sharedPages: 0, largerFolioPages: 0, pagesByOrder };
}

export function addRestartCounts(into: RestartCounts, from: RestartCounts): void {
  into.touchedPages += from.touchedPages;
  into.sharedPages += from.sharedPages;
  into.largerFolioPages += from.largerFolioPages;
  for (const [order, pages] of from.pagesByOrder.entries()) into.pagesByOrder[order] += pages;
}

/** The counts of some memory without those of a part of it. */
export function withoutRestartCounts(counts: RestartCounts, part: RestartCounts): RestartCounts {
  return {
    touchedPages: counts.touchedPages - part.touchedPages,
    sharedPages: counts.sharedPages - part.sharedPages,
    largerFolioPages: counts.largerFolioPages - part.largerFolioPages,
    pagesByOrder: counts.pagesByOrder.map((pages, order) => pages - part.pagesByOrder[order]),
  };
}

/**
 * Adds one range. `vma` is in PTEs from the start of the range, `orders` are those that page faults may use
 * in it. Counts what `restartRange` lists, many windows at a time. Source: docs/khugepaged.md#restart.
 *
 * `holes` are pages that another process of the family brings along by fork: they are counted there, and what
 * the process touches around them are copies of its own, in small pages where no window is free of them.
 */
export function addRestartedRange(
  counts: RestartCounts,
  range: RangeState,
  vma: PageSpan,
  orders: OrderSet,
  holes?: Occupancy,
): void {
  const touched = withoutPages(touchedPages(range), holes);
  counts.sharedPages += countSharedPages(range, holes);
  const largest = largestOrder(orders, range.geometry.pmdOrder);
  forFolioPages(range, touched, (order, pages) => {
    if (order > largest) counts.largerFolioPages += pages;
  });
  forEachBlock(vma, range.geometry, holes, (first, block) => {
    const order = largestOrder(orders, block);
    counts.touchedPages += touchedWindows(touched, first, block, 0);
    counts.pagesByOrder[order] += touchedWindows(touched, first, block, order) * 2 ** order;
  });
}

/** The largest order of a set that is at most `limit`; 0, a small page, where there is none. */
export function largestOrder(orders: OrderSet, limit: number): number {
  const usable = orders & ((2 << limit) - 1);
  return usable === 0 ? 0 : 31 - Math.clz32(usable);
}

/** Pages but for those of `holes`. */
export function withoutPages(pages: Occupancy, holes: Occupancy | undefined): Occupancy {
  return holes ? pages.map((word, i) => word & ~holes[i]) : pages;
}

/**
 * Cuts the part of a VMA inside a range into its maximal aligned blocks of at most the PMD order that hold no
 * page of `holes`: a range inside of a VMA is one block.
 */
export function forEachBlock(
  vma: PageSpan,
  geometry: Geometry,
  holes: Occupancy | undefined,
  visit: (first: number, block: number) => void,
): void {
  const { pmdOrder } = geometry;
  const end = Math.min(vma.end, pagesPerRange(geometry));
  for (let first = Math.max(vma.start, 0); first < end; ) {
    const aligned = first === 0 ? pmdOrder : 31 - Math.clz32(first & -first);
    const fitting = 31 - Math.clz32(end - first);
    const block = Math.min(aligned, fitting, pmdOrder);
    if (holes) visitAround(holes, first, block, visit);
    else visit(first, block);
    first += 1 << block;
  }
}

/** Visits the largest aligned parts of a block without holes. */
function visitAround(
  holes: Occupancy,
  first: number,
  block: number,
  visit: (first: number, block: number) => void,
): void {
  if (touchedWindows(holes, first, block, block) === 0) return visit(first, block);
  if (block === 0) return;
  visitAround(holes, first, block - 1, visit);
  visitAround(holes, first + 2 ** (block - 1), block - 1, visit);
}

/** First pages of the windows of each order in a word. */
const FIRST_PAGES = [0xffffffff, 0x55555555, 0x11111111, 0x01010101, 0x00010001, 1];
const WORD_ORDER = 5;

/** Windows of an order with a touched page in the aligned block of 2^block pages from `first` on. */
export function touchedWindows(touched: Occupancy, first: number, block: number, order: number): number {
  const word = first >>> WORD_ORDER;
  if (block < WORD_ORDER)
    return windowsOfWord((touched[word] >>> (first & 31)) & ((1 << (1 << block)) - 1), order);
  const end = word + (1 << (block - WORD_ORDER));
  let windows = 0;
  if (order <= WORD_ORDER) {
    for (let i = word; i < end; i++) if (touched[i] !== 0) windows += windowsOfWord(touched[i], order);
    return windows;
  }
  for (let i = word; i < end; ) {
    let any = 0;
    for (const next = i + (1 << (order - WORD_ORDER)); i < next; i++) any |= touched[i];
    if (any !== 0) windows++;
  }
  return windows;
}

function windowsOfWord(word: number, order: number): number {
  let any = word;
  for (let step = 1; step < 1 << order; step <<= 1) any |= any >>> step;
  return countBits(any & FIRST_PAGES[order]);
}

/** Touched pages that processes share, those of `holes` left out. */
export function countSharedPages(
  { facts: { present, shared, zero } }: RangeState,
  holes: Occupancy | undefined,
): number {
  if (!shared) return 0;
  let pages = 0;
  for (let i = 0; i < present.length; i++) {
    const word = present[i] & shared[i] & ~(holes?.[i] ?? 0);
    if (word !== 0) pages += countBits(zero ? word & ~zero[i] : word);
  }
  return pages;
}

/** Calls `visit` with an order and how many of these touched pages lie in large folios of it. */
export function forFolioPages(
  { geometry, folioOrders, pmdMapped }: RangeState,
  touched: Occupancy,
  visit: (order: number, pages: number) => void,
): void {
  if (pmdMapped) return visit(geometry.pmdOrder, countPages(touched));
  if (!folioOrders || !hasLargeFolio(folioOrders)) return;
  for (let i = 0; i < touched.length; i++) {
    for (let left = touched[i]; left !== 0; left &= left - 1) {
      const order = folioOrders[32 * i + 31 - Math.clz32(left & -left)];
      if (order > 0) visit(order, 1);
    }
  }
}
