import { pagesPerRange } from '../memory/geometry.ts';
import type { OrderSet } from '../memory/order.ts';
import type { PolicyCounts } from '../plan/policy-counts.ts';
import { type DigestTable, sortedRows } from './table.ts';

/**
 * Reads policies from a digest. It keeps running sums over the number of occupied PTEs, so a policy costs as
 * many steps as it has orders, whatever the memory. Later additions to the digest are not seen. Derivation:
 * docs/digest.md.
 */
export class DigestReader {
  readonly #pmdOrder: number;
  readonly #pages: number;
  readonly #table: DigestTable;
  /** For each number of occupied PTEs, how many rows have fewer. */
  readonly #rowsBelow: Uint16Array;
  /** Sums over the first i rows, pmdOrder + 1 values each: see DigestRow. */
  readonly #full: Float64Array;
  /** The same for FolioCounts, (pmdOrder + 1)^2 values each; empty where every page is small. */
  readonly #held: Float64Array;
  readonly #large: Float64Array;
  readonly #saved: Float64Array;
  /** Sums over all rows but the first i. */
  readonly #rangesFrom: Float64Array;
  readonly #pagesFrom: Float64Array;
  readonly #largeFrom: Float64Array;
  readonly #savedFrom: Float64Array;

  constructor(table: DigestTable) {
    const stride = table.geometry.pmdOrder + 1;
    const rows = sortedRows(table);
    const hasFolios = rows.some(([, { folios }]) => folios !== undefined);
    this.#table = table;
    this.#pmdOrder = table.geometry.pmdOrder;
    this.#pages = pagesPerRange(table.geometry);
    this.#rowsBelow = new Uint16Array(this.#pages + 2);
    this.#full = new Float64Array((rows.length + 1) * stride);
    this.#held = new Float64Array(hasFolios ? (rows.length + 1) * stride * stride : 0);
    this.#large = new Float64Array(this.#held.length);
    this.#saved = new Float64Array(this.#held.length);
    this.#rangesFrom = new Float64Array(rows.length + 1);
    this.#pagesFrom = new Float64Array(rows.length + 1);
    this.#largeFrom = new Float64Array(rows.length + 1);
    this.#savedFrom = new Float64Array(rows.length + 1);
    for (const [i, [pages, row]] of rows.entries()) {
      this.#rowsBelow[pages + 1] = 1;
      accumulate(this.#full, i, row.full, stride);
      if (!hasFolios) continue;
      accumulate(this.#held, i, row.folios?.held, stride * stride);
      accumulate(this.#large, i, row.folios?.large, stride * stride);
      accumulate(this.#saved, i, row.folios?.saved, stride * stride);
    }
    for (let pages = 1; pages < this.#rowsBelow.length; pages++)
      this.#rowsBelow[pages] += this.#rowsBelow[pages - 1];
    for (let i = rows.length - 1; i >= 0; i--) {
      const [pages, { ranges, folios }] = rows[i];
      this.#rangesFrom[i] = this.#rangesFrom[i + 1] + ranges;
      this.#pagesFrom[i] = this.#pagesFrom[i + 1] + ranges * pages;
      this.#largeFrom[i] = this.#largeFrom[i + 1] + (folios?.large[stride * stride - 1] ?? 0);
      this.#savedFrom[i] = this.#savedFrom[i + 1] + (folios?.saved[stride * stride - 1] ?? 0);
    }
  }

  /** Adds what khugepaged does under these orders and this max_ptes_none, by the rules of 7.2. */
  read(orders: OrderSet, maxPtesNone: number, counts: PolicyCounts): void {
    if (orders === 0) return;
    if (maxPtesNone === this.#pages - 1) return this.#readAny(31 - Math.clz32(orders), counts);
    let rows = this.#rangesFrom.length - 1;
    if ((orders >>> this.#pmdOrder) & 1) {
      rows = this.#rowsBelow[this.#pages - maxPtesNone];
      this.#readPmdOrder(rows, counts);
    }
    this.#readFull(orders & ((1 << this.#pmdOrder) - 1), rows, counts);
  }

  /** max_ptes_none NR-1: only the largest order is tried, wherever there is a page. */
  #readAny(order: number, counts: PolicyCounts): void {
    const { any, anyHeld, anyHeldPages, anyLarge, anySaved } = this.#table;
    const collapses = any[order] - anyHeld[order];
    const copied = this.#pagesFrom[0] - anyHeldPages[order];
    counts.attempts[order] += any[order];
    if (order < this.#pmdOrder) counts.laterAttempts[order] += any[order];
    counts.collapses[order] += collapses;
    counts.copiedPages += copied;
    counts.filledPages += collapses * 2 ** order - copied;
    counts.newlyHugePages += copied - anyLarge[order];
    counts.savedEntries += anySaved[order];
  }

  /** Ranges with enough pages for the PMD order; they never are tried again. */
  #readPmdOrder(rows: number, counts: PolicyCounts): void {
    const ranges = this.#rangesFrom[rows];
    const copied = this.#pagesFrom[rows];
    counts.attempts[this.#pmdOrder] += ranges;
    counts.collapses[this.#pmdOrder] += ranges;
    counts.copiedPages += copied;
    counts.filledPages += ranges * this.#pages - copied;
    counts.newlyHugePages += copied - this.#largeFrom[rows];
    counts.savedEntries += this.#savedFrom[rows];
  }

  /**
   * Full windows below the PMD order in the first rows: those that no full window of the next larger order
   * contains.
   */
  #readFull(orders: number, rows: number, counts: PolicyCounts): void {
    const stride = this.#pmdOrder + 1;
    const full = rows * stride;
    const folios = full * stride;
    const hasFolios = this.#held.length > 0;
    let outer = 0;
    for (let left = orders; left !== 0; ) {
      const order = 31 - Math.clz32(left);
      left ^= 1 << order;
      let attempts = this.#full[full + order];
      if (outer > 0) attempts -= this.#full[full + outer] * 2 ** (outer - order);
      let held = 0;
      let large = 0;
      let saved = 0;
      if (hasFolios) {
        held = this.#held[folios + order * stride + order];
        large = this.#large[folios + order * stride + order];
        saved = this.#saved[folios + order * stride + order];
        if (outer > 0) {
          held -= this.#held[folios + outer * stride + order];
          large -= this.#large[folios + outer * stride + order];
          saved -= this.#saved[folios + outer * stride + order];
        }
      }
      const copied = (attempts - held) * 2 ** order;
      counts.attempts[order] += attempts;
      counts.laterAttempts[order] += attempts;
      counts.collapses[order] += attempts - held;
      counts.copiedPages += copied;
      counts.newlyHugePages += copied - large;
      counts.savedEntries += saved;
      outer = order;
    }
  }
}

/** Block i + 1 becomes block i plus the row. */
function accumulate(sums: Float64Array, i: number, row: Float64Array | undefined, length: number): void {
  for (let at = 0; at < length; at++) sums[(i + 1) * length + at] = sums[i * length + at] + (row?.[at] ?? 0);
}
