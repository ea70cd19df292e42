import { type BitmapsModule, BLOCK_ORDER, FOLIO_ROOM, loadBitmaps } from '../bitmaps/bitmaps.ts';
import { type Geometry, pagesPerRange } from '../memory/geometry.ts';
import { countWindow, hasPage, type Occupancy, wordsPerRange } from '../memory/occupancy.ts';
import type { OrderSet } from '../memory/order.ts';
import { packRuns, unpackRuns } from '../memory/order-runs.ts';
import { firstHeld } from '../rules/isolation.ts';
import { addFolioMapping, clearFolioMapping, emptyFolioMapping } from './folio-mapping.ts';
import { type PackedWindow, planWindows, unpackWindow } from './plan-windows.ts';

/**
 * Counts what the walk does to one range after the other of small pages and large folios and nothing else:
 * attempts fail where a window holds a folio of its own order or larger (docs/digest.md), and nowhere else.
 * Lists are indexed by order, and overwritten by each call.
 */
export interface FolioWindows {
  /** Takes a range: the occupied PTEs, and the orders of the folios there. */
  read(occupied: Occupancy, folioOrders: Uint8Array): void;
  /**
   * The same from a list of occupied PTEs of many ranges, of which those of this one are from `first` on, and
   * from so many runs of pages of one order, two to a word from `at` on: see order-runs.ts.
   */
  readRuns(occupied: Occupancy, first: number, words: Uint32Array, at: number, count: number): void;
  /** These runs of the orders that `read` took last: a view, which the next call overwrites. */
  packRuns(): Uint16Array;

  /** Writes the next two of the range that was read. */
  map(): void;
  /** Occupied PTEs by the order of their folio. */
  readonly pagesByOrder: ArrayLike<number>;
  /** Whole folios, naturally aligned. */
  readonly wholeFolios: ArrayLike<number>;

  /** Collapses what there is to collapse in the range of so many pages, and writes what follows. */
  collapse(pages: number, orders: OrderSet, maxPtesNone: number): void;
  readonly attempts: number;
  /** Attempts that failed. */
  readonly held: number;
  /** Folios that are made. What follows means nothing where none is. */
  readonly made: ArrayLike<number>;
  /** Occupied PTEs in these, by the order of the folio that they were in. */
  readonly replacedPages: ArrayLike<number>;
  /** Whole folios in these before. */
  readonly replacedFolios: ArrayLike<number>;
}

/** On WebAssembly where it knows the geometry, else in plain TypeScript. */
export function createFolioWindows(geometry: Geometry): FolioWindows {
  return createWasmFolioWindows(geometry) ?? createPlainFolioWindows(geometry);
}

/** Undefined where the engine or the geometry does not allow it. */
export function createWasmFolioWindows(geometry: Geometry): FolioWindows | undefined {
  const module = geometry.pmdOrder === BLOCK_ORDER ? loadBitmaps(BYTES) : undefined;
  return module && new WasmFolioWindows(module, geometry);
}

export function createPlainFolioWindows(geometry: Geometry): FolioWindows {
  return new PlainFolioWindows(geometry);
}

/** How the search goes through a range: windows of which orders it tries, and whether one page is enough. */
function searchOf(geometry: Geometry, pages: number, orders: OrderSet, maxPtesNone: number) {
  const all = pagesPerRange(geometry);
  const pmd = 1 << geometry.pmdOrder;
  if (orders === 0 || maxPtesNone === all - 1)
    return { tried: orders && 1 << (31 - Math.clz32(orders)), isAny: true };
  if (orders & pmd && pages >= all - maxPtesNone) return { tried: pmd, isAny: true };
  return { tried: orders & (pmd - 1), isAny: false };
}

const PAGES = 2 ** BLOCK_ORDER;
const ORDERS = BLOCK_ORDER + 1;
/** Places in the memory of the module, in bytes. */
const ORDERS_AT = PAGES / 8;
const ROOM_AT = ORDERS_AT + PAGES;
const COUNTS_AT = ROOM_AT + FOLIO_ROOM;
const RUNS_AT = COUNTS_AT + 4 * (5 * ORDERS + 2);
const BYTES = RUNS_AT + 2 * PAGES;

class WasmFolioWindows implements FolioWindows {
  readonly pagesByOrder: Uint32Array;
  readonly wholeFolios: Uint32Array;
  readonly made: Uint32Array;
  readonly replacedPages: Uint32Array;
  readonly replacedFolios: Uint32Array;
  readonly #module: BitmapsModule;
  readonly #geometry: Geometry;
  readonly #occupied: Uint32Array;
  readonly #orders: Uint8Array;
  /** Two to a word, and one by one. */
  readonly #runs: Uint32Array;
  readonly #packed: Uint16Array;
  readonly #attempts: Uint32Array;
  /** The largest order of a folio. */
  #top = 0;

  constructor(module: BitmapsModule, geometry: Geometry) {
    const { memory } = module;
    const list = (index: number) => new Uint32Array(memory, COUNTS_AT + 4 * ORDERS * index, ORDERS);
    this.#module = module;
    this.#geometry = geometry;
    this.#occupied = new Uint32Array(memory, 0, PAGES / 32);
    this.#orders = new Uint8Array(memory, ORDERS_AT, PAGES);
    this.#runs = new Uint32Array(memory, RUNS_AT, PAGES / 2);
    this.#packed = new Uint16Array(memory, RUNS_AT, PAGES);
    [this.pagesByOrder, this.wholeFolios, this.made] = [list(0), list(1), list(2)];
    [this.replacedPages, this.replacedFolios] = [list(3), list(4)];
    this.#attempts = new Uint32Array(memory, COUNTS_AT + 4 * ORDERS * 5, 2);
  }

  read(occupied: Occupancy, folioOrders: Uint8Array): void {
    this.#occupied.set(occupied);
    this.#orders.set(folioOrders);
    this.#top = this.#module.levels(0, ORDERS_AT, ROOM_AT);
  }

  readRuns(occupied: Occupancy, first: number, words: Uint32Array, at: number, count: number): void {
    const own = this.#occupied;
    for (let i = 0; i < own.length; i++) own[i] = occupied[first + i];
    for (let i = 0; 2 * i < count; i++) this.#runs[i] = words[at + i];
    this.#top = this.#module.runLevels(0, RUNS_AT, count, ROOM_AT);
  }

  packRuns(): Uint16Array {
    return this.#packed.subarray(0, this.#module.packRuns(ORDERS_AT, RUNS_AT));
  }

  map(): void {
    this.#module.mapping(ROOM_AT, this.#top, COUNTS_AT);
  }

  collapse(pages: number, orders: OrderSet, maxPtesNone: number): void {
    const { tried, isAny } = searchOf(this.#geometry, pages, orders, maxPtesNone);
    this.#module.collapse(ROOM_AT, this.#top, tried, isAny ? 0 : 1, COUNTS_AT);
  }

  get attempts(): number {
    return this.#attempts[0];
  }

  get held(): number {
    return this.#attempts[1];
  }
}

class PlainFolioWindows implements FolioWindows {
  readonly made: Uint32Array;
  attempts = 0;
  held = 0;
  readonly #geometry: Geometry;
  readonly #mapping;
  readonly #replaced;
  readonly #folioOrders: Uint8Array;
  readonly #windows: PackedWindow[] = [];
  readonly #packed: Uint16Array;
  #occupied: Occupancy;
  /** As they were given, those of PTEs that are not occupied too. */
  #read: Uint8Array;
  #pages = 0;

  constructor(geometry: Geometry) {
    this.#geometry = geometry;
    this.#mapping = emptyFolioMapping(geometry);
    this.#replaced = emptyFolioMapping(geometry);
    this.made = new Uint32Array(geometry.pmdOrder + 1);
    this.#folioOrders = new Uint8Array(pagesPerRange(geometry));
    this.#packed = new Uint16Array(pagesPerRange(geometry));
    this.#occupied = new Uint32Array(0);
    this.#read = this.#folioOrders;
  }

  get pagesByOrder() {
    return this.#mapping.pagesByOrder;
  }

  get wholeFolios() {
    return this.#mapping.wholeFolios;
  }

  get replacedPages() {
    return this.#replaced.pagesByOrder;
  }

  get replacedFolios() {
    return this.#replaced.wholeFolios;
  }

  read(occupied: Occupancy, folioOrders: Uint8Array): void {
    this.#occupied = occupied;
    this.#read = folioOrders;
    this.#pages = 0;
    for (let page = 0; page < folioOrders.length; page++) {
      const isThere = hasPage(occupied, page);
      this.#folioOrders[page] = isThere ? folioOrders[page] : 0;
      if (isThere) this.#pages++;
    }
  }

  readRuns(occupied: Occupancy, first: number, words: Uint32Array, at: number, count: number): void {
    const orders = new Uint8Array(this.#folioOrders.length);
    unpackRuns(words, at, count, orders);
    this.read(occupied.subarray(first, first + wordsPerRange(this.#geometry)), orders);
  }

  packRuns(): Uint16Array {
    return this.#packed.subarray(0, packRuns(this.#read, this.#packed));
  }

  map(): void {
    clearFolioMapping(this.#mapping);
    addFolioMapping(this.#mapping, this.#folioOrders, 0, this.#folioOrders.length, this.#pages);
  }

  collapse(_: number, orders: OrderSet, maxPtesNone: number): void {
    const [occupied, folioOrders] = [this.#occupied, this.#folioOrders];
    this.#windows.length = 0;
    planWindows(occupied, orders, maxPtesNone, this.#geometry, this.#windows);
    this.attempts = this.#windows.length;
    this.held = 0;
    this.made.fill(0);
    clearFolioMapping(this.#replaced);
    for (const packed of this.#windows) {
      const window = unpackWindow(packed);
      const { offset, order } = window;
      if (firstHeld(occupied, folioOrders, window, this.#geometry) !== undefined) this.held++;
      else {
        const pages = countWindow(occupied, offset, order);
        addFolioMapping(this.#replaced, folioOrders, offset, offset + (1 << order), pages);
        this.made[order]++;
      }
    }
  }
}
