import { BITMAPS_BYTES } from './bitmaps-bytes.ts';

// Every JavaScript engine of today has it, but it is not part of the ECMAScript library types that pure code
// is checked by.
declare const WebAssembly: {
  readonly Memory: new (size: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
};

/** The functions of bitmaps.wat. Numbers that name places are bytes from the start of `memory`. */
export interface BitmapsModule {
  readonly memory: ArrayBuffer;
  /**
   * Counts the windows of ranges of `blocks` times 512 PTEs. A row of 16 numbers for each count of occupied
   * PTEs has the ranges at 0 and the full windows of order k at k; `any` is such a row of windows with any
   * page. Adds to what is there.
   */
  tabulate(
    bitmaps: number,
    ranges: number,
    blocks: number,
    pmdOrder: number,
    rows: number,
    any: number,
  ): void;
  /**
   * Counts what the folios of a range of 512 PTEs change about its windows, as `addFolios` does; answers the
   * number of occupied PTEs, or 0 where none of them is in a large folio. `orders` has the order of the folio
   * of each PTE. A row of 3 times 100 numbers for each count of occupied PTEs has held, large and saved at
   * 10j + k; `any` is 4 times 10 numbers by order: held, pages held, large, saved. Adds to what is there.
   * Whole folios of order `saves` or larger take one TLB entry for each block of order `block`, or each folio
   * that is smaller. `room` is FOLIO_ROOM bytes.
   */
  folios(
    bitmap: number,
    orders: number,
    room: number,
    any: number,
    rows: number,
    saves: number,
    block: number,
  ): number;
  /**
   * Takes a range of 512 PTEs and the order of the folio of each into `room`; answers the largest order of a
   * folio of an occupied PTE, 0 where all are small. What follows asks about that range, with that order.
   */
  levels(bitmap: number, orders: number, room: number): number;
  /** The same from runs of pages of one order: see order-runs.ts. */
  runLevels(bitmap: number, runs: number, count: number, room: number): number;
  /** Writes these runs from the orders of 512 PTEs, which have 16 bytes before them; answers how many. */
  packRuns(orders: number, runs: number): number;
  /**
   * Writes occupied PTEs by the order of their folio to 10 numbers at `counts`, whole folios to the next 10.
   */
  mapping(room: number, top: number, counts: number): void;
  /**
   * Tries the windows of a set of orders, the largest first, inside of none that was tried: those that are
   * full, or with `full` = 0 those with any page. Windows below the PMD order that hold a folio of their
   * order or larger are held. Writes 10 numbers each, by order, behind 20 numbers at `counts`: folios made;
   * pages and whole folios that they replace, which are right where any is made; then windows tried, and
   * held.
   */
  collapse(room: number, top: number, orders: number, full: number, counts: number): void;
  /**
   * Turns pagemap entries, 32 for each word, into five bitmaps `stride` bytes apart: present, swap, guard,
   * userfaultfd, present but not exclusive.
   */
  extract(entries: number, words: number, bitmaps: number, stride: number): void;
}

/** Bytes that `folios` works in. */
export const FOLIO_ROOM = 24 * 64;

/** Order of a block, of which a PMD range must hold a whole number. */
export const BLOCK_ORDER = 9;

const WASM_PAGE = 65536;
/** Compiled once; undefined before the first use, null where the engine cannot. */
let compiled: object | null | undefined;

/**
 * An instance of the module with this much memory of its own; undefined where the engine has no WebAssembly
 * with 128-bit vectors. What it answers, plain TypeScript answers too.
 */
export function loadBitmaps(bytes: number): BitmapsModule | undefined {
  compiled ??= compile();
  if (compiled === null) return undefined;
  const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / WASM_PAGE) });
  const { exports } = new WebAssembly.Instance(compiled, { host: { memory } });
  return { ...(exports as Omit<BitmapsModule, 'memory'>), memory: memory.buffer };
}

function compile(): object | null {
  try {
    const pairs = BITMAPS_BYTES.match(/../g) ?? [];
    return new WebAssembly.Module(Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16)));
  } catch {
    return null;
  }
}
