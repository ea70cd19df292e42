import { type BitmapsModule, BLOCK_ORDER, loadBitmaps } from '../bitmaps/bitmaps.ts';
import { type Geometry, pagesPerRange } from '../memory/geometry.ts';
import { type Occupancy, wordsPerRange } from '../memory/occupancy.ts';
import { BlockFolios } from './block-folios.ts';
import { addFolios, emptyLevels, type FolioLevels } from './folios.ts';
import { addWindowCounts, type DigestTable, emptyDigest, rowOf } from './table.ts';
import { countWindows, emptyWindowCounts } from './window-counts.ts';

/** Room for bitmaps in bytes: enough that a call into WebAssembly costs nothing. */
const BATCH_BYTES = 2 ** 18;
/** Numbers in a row of the table of a bitmaps module. */
const ROW = 16;

/**
 * Gathers ordinary ranges and adds them to a digest in batches. Write the occupied PTEs of the next range to
 * `next`, then call `add`; `finish` hands out the digest and begins a new one.
 */
export interface DigestBuilder {
  /** The bitmap of the range to be added: another place after each `add`. */
  readonly next: Occupancy;
  add(folioOrders?: Uint8Array): void;
  finish(): DigestTable;
}

/**
 * A builder on WebAssembly where it knows the geometry, else in plain TypeScript. One TLB entry below the PMD
 * maps up to `reachPages`.
 */
export function createDigestBuilder(geometry: Geometry, reachPages: number): DigestBuilder {
  return createWasmDigestBuilder(geometry, reachPages) ?? createPlainDigestBuilder(geometry, reachPages);
}

export function createPlainDigestBuilder(geometry: Geometry, reachPages: number): DigestBuilder {
  const next = new Uint32Array(wordsPerRange(geometry));
  const counts = emptyWindowCounts(geometry);
  const levels = emptyLevels(geometry, reachPages);
  let table = emptyDigest(geometry);
  return {
    next,
    add(folioOrders) {
      countWindows(next, geometry, counts);
      addWindowCounts(table, counts);
      if (folioOrders) addFolios(table, next, folioOrders, levels);
    },
    finish() {
      const finished = table;
      table = emptyDigest(geometry);
      return finished;
    },
  };
}

/** Undefined where the engine or the geometry does not allow it. */
export function createWasmDigestBuilder(geometry: Geometry, reachPages: number): DigestBuilder | undefined {
  if (geometry.pmdOrder < BLOCK_ORDER) return undefined;
  const words = wordsPerRange(geometry);
  const rowCount = pagesPerRange(geometry) + 1;
  const anyAt = BATCH_BYTES + 4 * ROW * rowCount;
  const bitmaps = loadBitmaps(anyAt + 4 * ROW);
  return bitmaps && new WasmBuilder(bitmaps, geometry, reachPages, words, rowCount);
}

class WasmBuilder implements DigestBuilder {
  readonly #bitmaps: BitmapsModule;
  readonly #geometry: Geometry;
  /** One view for each place of the batch. */
  readonly #places: Occupancy[];
  readonly #rows: Uint32Array;
  readonly #any: Uint32Array;
  readonly #reachPages: number;
  /** Where folios are counted, once there are any: on WebAssembly where the geometry allows it. */
  #folios: BlockFolios | FolioLevels | undefined;
  #table: DigestTable;
  #waiting = 0;
  /** Ranges that its 32-bit counters hold. */
  #tabulated = 0;

  constructor(
    bitmaps: BitmapsModule,
    geometry: Geometry,
    reachPages: number,
    words: number,
    rowCount: number,
  ) {
    this.#bitmaps = bitmaps;
    this.#geometry = geometry;
    this.#places = Array.from(
      { length: BATCH_BYTES / (4 * words) },
      (_, i) => new Uint32Array(bitmaps.memory, 4 * words * i, words),
    );
    this.#rows = new Uint32Array(bitmaps.memory, BATCH_BYTES, ROW * rowCount);
    this.#any = new Uint32Array(bitmaps.memory, BATCH_BYTES + 4 * ROW * rowCount, ROW);
    this.#reachPages = reachPages;
    this.#table = emptyDigest(geometry);
  }

  get next(): Occupancy {
    return this.#places[this.#waiting];
  }

  add(folioOrders?: Uint8Array): void {
    const occupied = this.#places[this.#waiting];
    if (folioOrders) this.#addFolios(occupied, folioOrders);
    if (++this.#waiting === this.#places.length) this.#tabulate();
  }

  #addFolios(occupied: Occupancy, folioOrders: Uint8Array): void {
    this.#folios ??=
      BlockFolios.create(this.#geometry, this.#reachPages) ?? emptyLevels(this.#geometry, this.#reachPages);
    if (!(this.#folios instanceof BlockFolios))
      return addFolios(this.#table, occupied, folioOrders, this.#folios);
    this.#folios.add(occupied, folioOrders);
    if (this.#folios.isFull) this.#folios.drain(this.#table);
  }

  finish(): DigestTable {
    this.#tabulate();
    this.#drain();
    if (this.#folios instanceof BlockFolios) this.#folios.drain(this.#table);
    const table = this.#table;
    this.#table = emptyDigest(this.#geometry);
    return table;
  }

  #tabulate(): void {
    if (this.#waiting === 0) return;
    const { pmdOrder } = this.#geometry;
    const blocks = pagesPerRange(this.#geometry) >>> BLOCK_ORDER;
    const { byteOffset: rows } = this.#rows;
    this.#bitmaps.tabulate(0, this.#waiting, blocks, pmdOrder, rows, this.#any.byteOffset);
    this.#tabulated += this.#waiting;
    this.#waiting = 0;
    // No counter rises by more than a quarter of the PTEs of a range.
    if (this.#tabulated * pagesPerRange(this.#geometry) > 2 ** 33) this.#drain();
  }

  /** Moves its counters to the digest. */
  #drain(): void {
    const { pmdOrder } = this.#geometry;
    const table = this.#table;
    for (let pages = 1; pages * ROW < this.#rows.length; pages++) {
      const ranges = this.#rows[pages * ROW];
      if (ranges === 0) continue;
      const row = rowOf(table, pages);
      row.ranges += ranges;
      table.any[pmdOrder] += ranges;
      for (let order = 2; order < pmdOrder; order++) row.full[order] += this.#rows[pages * ROW + order];
    }
    for (let order = 2; order < pmdOrder; order++) table.any[order] += this.#any[order];
    this.#rows.fill(0);
    this.#any.fill(0);
    this.#tabulated = 0;
  }
}
