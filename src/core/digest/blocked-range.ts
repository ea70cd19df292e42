import type { Geometry } from '../memory/geometry.ts';
import { countPages, emptyOccupancy, isEmpty, type Occupancy } from '../memory/occupancy.ts';
import { MIN_ANON_ORDER } from '../memory/order.ts';
import { hasLargeFolio, type RangeState } from '../memory/range-state.ts';
import { type BlockedTable, blockedRowOf, blockedWindowsOf } from './blocked-table.ts';
import { emptyLevels, type FolioLevels, largeInRange } from './folios.ts';
import { countWindows, emptyWindowCounts, type WindowCounts } from './window-counts.ts';

/** Adds ranges to tables of blocked windows; the room to count one in is used again by the next. */
export class BlockedCounter {
  readonly #geometry: Geometry;
  readonly #counts: WindowCounts;
  readonly #levels: FolioLevels;
  readonly #private: Occupancy;
  readonly #blockers: Occupancy;
  readonly #open: Occupancy;

  /** One TLB entry below the PMD maps up to `reachPages`. */
  constructor(geometry: Geometry, reachPages: number) {
    this.#geometry = geometry;
    this.#counts = emptyWindowCounts(geometry);
    this.#levels = emptyLevels(geometry, reachPages);
    this.#private = emptyOccupancy(geometry);
    this.#blockers = emptyOccupancy(geometry);
    this.#open = emptyOccupancy(geometry);
  }

  /** Adds a range that `digestPlaceOf` calls `blocked`, with its occupied PTEs. */
  add(table: BlockedTable, range: RangeState, occupied: Occupancy): void {
    const { pmdOrder } = this.#geometry;
    const { shared, swap } = range.facts;
    for (let i = 0; i < occupied.length; i++) {
      this.#private[i] = shared ? occupied[i] & ~shared[i] : occupied[i];
      this.#blockers[i] = (occupied[i] & ~this.#private[i]) | swap[i];
    }
    const pages = countPages(occupied);
    const swapped = countPages(swap);
    const key = { pages, shared: countPages(this.#blockers) - swapped, swapped };
    const row = blockedRowOf(table, key);
    row.ranges++;
    countWindows(occupied, this.#geometry, this.#counts);
    addTo(row.full, this.#counts.full);
    const { any } = blockedWindowsOf(table, key);
    this.#addAny(any, pmdOrder, pages);
    any[pmdOrder * (pmdOrder + 2)]++;
    this.#addOpen(any);
    // A full window without a shared page is open: it has no swap entry either.
    countWindows(this.#private, this.#geometry, this.#counts);
    addTo(row.open, this.#counts.full);
    if (!range.folioOrders || !hasLargeFolio(range.folioOrders)) return;
    const { large, saved } = largeInRange(occupied, range.folioOrders, this.#levels);
    row.largePages += large;
    row.savedEntries += saved;
  }

  /** Counts what lies in open windows, order by order. Open windows hold only open ones. */
  #addOpen(any: Float64Array): void {
    this.#open.set(this.#private);
    for (let order: number = MIN_ANON_ORDER; order < this.#geometry.pmdOrder; order++) {
      clearBlocked(this.#open, this.#blockers, order);
      if (isEmpty(this.#open)) return;
      countWindows(this.#open, this.#geometry, this.#counts);
      this.#addAny(any, order, this.#counts.pages);
    }
  }

  #addAny(any: Float64Array, outer: number, pages: number): void {
    const at = outer * (this.#geometry.pmdOrder + 1);
    any[at] += pages;
    const last = Math.min(outer, this.#geometry.pmdOrder - 1);
    for (let order: number = MIN_ANON_ORDER; order <= last; order++)
      any[at + order] += this.#counts.any[order];
  }
}

function addTo(into: Float64Array, from: Uint32Array): void {
  for (let order = 0; order < into.length; order++) into[order] += from[order];
}

/** Clears all pages in windows of an order with a blocker. */
function clearBlocked(pages: Occupancy, blockers: Occupancy, order: number): void {
  if (order < 5) {
    for (let i = 0; i < pages.length; i++)
      if (blockers[i] !== 0) pages[i] &= ~wholeWindows(blockers[i], order);
    return;
  }
  const words = 1 << (order - 5);
  for (let first = 0; first < pages.length; first += words) {
    let any = 0;
    for (let i = first; i < first + words; i++) any |= blockers[i];
    if (any !== 0) pages.fill(0, first, first + words);
  }
}

/** First pages of the windows of orders 0 to 4 in a word. */
const FIRST_PAGES = [0xffffffff, 0x55555555, 0x11111111, 0x01010101, 0x00010001];

/** All pages of the windows of an order, below that of a word, that hold one of these. */
function wholeWindows(pages: number, order: number): number {
  let any = pages;
  for (let step = 1; step < 1 << order; step <<= 1) any |= any >>> step;
  return Math.imul(any & FIRST_PAGES[order], (1 << (1 << order)) - 1);
}

/**
 * Whether no failed attempt leaves a page in the LRU batch that an open window holds: an attempt puts back
 * the pages before the first shared one, and a page in the batch makes the next attempt on it fail
 * (docs/khugepaged.md#lru-batch). So the first four PTEs with a page of each larger window with a shared page
 * have to hold a shared page themselves: then only blocked windows hold what was put back. Windows with a
 * swap entry fail before anything is isolated.
 */
export function putsBackNothingOpen(
  occupied: Occupancy,
  { geometry, facts: { shared, swap } }: RangeState,
): boolean {
  if (!shared || geometry.pmdOrder <= MIN_ANON_ORDER + 1) return true;
  // Four PTEs are a bit, and so is each larger window, at the place of its first four.
  const words = Math.max(1, occupied.length >>> 2);
  const mapped = new Uint32Array(words);
  const begins = new Uint32Array(words);
  const holds = new Uint32Array(words);
  const swapped = new Uint32Array(words);
  for (let i = 0; i < occupied.length; i++) {
    const [word, shift] = [i >>> 2, 8 * (i & 3)];
    mapped[word] |= fours(occupied[i]) << shift;
    begins[word] |= fours(occupied[i] & shared[i]) << shift;
    swapped[word] |= fours(swap[i]) << shift;
  }
  holds.set(begins);
  const isWrong = (at: number, mask: number) => (holds[at] & ~swapped[at] & ~begins[at] & mask) !== 0;
  const largest = geometry.pmdOrder - 1;
  let order = MIN_ANON_ORDER + 1;
  for (let half = 1; half < 32 && order <= largest; half *= 2, order++) {
    const firsts = FIRST_HALVES[order - MIN_ANON_ORDER];
    for (let at = 0; at < words; at++) {
      begins[at] = (mapped[at] & begins[at]) | (~mapped[at] & (begins[at] >>> half));
      mapped[at] |= mapped[at] >>> half;
      holds[at] |= holds[at] >>> half;
      swapped[at] |= swapped[at] >>> half;
      if (isWrong(at, firsts)) return false;
    }
  }
  for (let half = 1; order <= largest; half *= 2, order++) {
    for (let at = 0; at < words; at += 2 * half) {
      if ((mapped[at] & 1) === 0) begins[at] = begins[at + half];
      mapped[at] |= mapped[at + half];
      holds[at] |= holds[at + half];
      swapped[at] |= swapped[at + half];
      if (isWrong(at, 1)) return false;
    }
  }
  return true;
}

/** First bits of the windows of 1, 2, 4 ... bits. */
const FIRST_HALVES = [0xffffffff, 0x55555555, 0x11111111, 0x01010101, 0x00010001, 1];

/** A bit for each four of a word that hold any. */
function fours(word: number): number {
  let any = (word | (word >>> 1) | (word >>> 2) | (word >>> 3)) & 0x11111111;
  any = (any | (any >>> 3)) & 0x03030303;
  any = (any | (any >>> 6)) & 0x000f000f;
  return (any | (any >>> 12)) & 0xff;
}
