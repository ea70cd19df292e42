import { type BitmapsModule, BLOCK_ORDER, FOLIO_ROOM, loadBitmaps } from '../bitmaps/bitmaps.ts';
import type { Geometry } from '../memory/geometry.ts';
import type { Occupancy } from '../memory/occupancy.ts';
import { savedEntries } from '../rules/tlb-reach.ts';
import { type DigestTable, foliosOf, rowOf } from './table.ts';

/** PTEs of a block, and the orders of windows in it. */
const PAGES = 2 ** BLOCK_ORDER;
const ORDERS = BLOCK_ORDER + 1;
/** Numbers of one kind in a row: by two orders. */
const CELLS = ORDERS ** 2;
/** Ranges whose pages 32-bit counters hold. */
const MOST_RANGES = 2 ** 22;

/** Places in the memory of the module, in bytes. */
const ORDERS_AT = PAGES / 8;
const ROOM_AT = ORDERS_AT + PAGES;
const ANY_AT = ROOM_AT + FOLIO_ROOM;
const ROWS_AT = ANY_AT + 4 * 4 * ORDERS;
const BYTES = ROWS_AT + 4 * 3 * CELLS * (PAGES + 1);

/**
 * Counts what folios change about the windows of ranges of one block, on WebAssembly: what `addFolios` adds
 * to a digest, kept here until it is drained.
 */
export class BlockFolios {
  readonly #module: BitmapsModule;
  readonly #occupied: Uint32Array;
  readonly #orders: Uint8Array;
  readonly #any: Uint32Array;
  readonly #rows: Uint32Array;
  /** The smallest order whose folios save TLB entries, and that of what one entry maps. */
  readonly #saves: number;
  readonly #block: number;
  /** The numbers of occupied PTEs of ranges that were counted. */
  readonly #touched = new Set<number>();
  #ranges = 0;

  private constructor(module: BitmapsModule, reachPages: number) {
    this.#module = module;
    this.#occupied = new Uint32Array(module.memory, 0, PAGES / 32);
    this.#orders = new Uint8Array(module.memory, ORDERS_AT, PAGES);
    this.#any = new Uint32Array(module.memory, ANY_AT, 4 * ORDERS);
    this.#rows = new Uint32Array(module.memory, ROWS_AT, 3 * CELLS * (PAGES + 1));
    const saving = Array.from({ length: ORDERS }, (_, order) => savedEntries(order, reachPages) > 0);
    this.#saves = saving.includes(true) ? saving.indexOf(true) : ORDERS;
    this.#block = Math.log2(reachPages);
  }

  /** Undefined where the engine or the geometry does not allow it. */
  static create(geometry: Geometry, reachPages: number): BlockFolios | undefined {
    const module = geometry.pmdOrder === BLOCK_ORDER ? loadBitmaps(BYTES) : undefined;
    return module && new BlockFolios(module, reachPages);
  }

  /** Whether it has to be drained before the next range. */
  get isFull(): boolean {
    return this.#ranges === MOST_RANGES;
  }

  add(occupied: Occupancy, folioOrders: Uint8Array): void {
    this.#occupied.set(occupied);
    this.#orders.set(folioOrders);
    const at = [0, ORDERS_AT, ROOM_AT, ANY_AT, ROWS_AT] as const;
    const pages = this.#module.folios(...at, this.#saves, this.#block);
    if (pages > 0) this.#touched.add(pages);
    this.#ranges++;
  }

  /** Moves its counts to a digest. */
  drain(table: DigestTable): void {
    this.#ranges = 0;
    if (this.#touched.size === 0) return;
    for (const pages of this.#touched) {
      const cells = this.#rows.subarray(3 * CELLS * pages, 3 * CELLS * (pages + 1));
      const { held, large, saved } = foliosOf(rowOf(table, pages), table.geometry);
      for (const [kind, into] of [held, large, saved].entries())
        for (let cell = 0; cell < CELLS; cell++) into[cell] += cells[kind * CELLS + cell];
      cells.fill(0);
    }
    this.#touched.clear();
    const { anyHeld, anyHeldPages, anyLarge, anySaved } = table;
    for (const [kind, into] of [anyHeld, anyHeldPages, anyLarge, anySaved].entries())
      for (let order = 0; order < ORDERS; order++) into[order] += this.#any[kind * ORDERS + order];
    this.#any.fill(0);
  }
}
