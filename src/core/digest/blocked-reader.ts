import { firstIndex } from '../base/first-index.ts';
import { pagesPerRange } from '../memory/geometry.ts';
import type { OrderSet } from '../memory/order.ts';
import type { PolicyCounts } from '../plan/policy-counts.ts';
import type { KernelModel } from '../rules/kernel-model.ts';
import type { CollapseLimits } from '../rules/policy.ts';
import type { BlockedRow, BlockedTable } from './blocked-table.ts';

/** What a reader has to know before it adds up: the scan refuses ranges above these limits. */
export type BlockedLimits = Pick<CollapseLimits, 'maxPtesShared' | 'maxPtesSwap'> &
  Pick<KernelModel, 'unmappedFillsPmd'>;

/** Sums that are wanted of the ranges from some number of pages on. */
const FROM_TOP = ['ranges', 'copied', 'swapped', 'shared', 'largePages', 'savedEntries'] as const;

/**
 * Reads policies from a table of blocked windows, under one max_ptes_shared and max_ptes_swap. It keeps
 * running sums, so a policy costs as many steps as it has orders. Later additions to the table are not seen.
 * Derivation: docs/digest.md#blocked.
 */
export class BlockedReader {
  readonly #pmdOrder: number;
  readonly #pages: number;
  /**
   * The numbers of pages that count towards the PMD order and occur in ranges that pass the scan, ascending.
   */
  readonly #counts: readonly number[];
  /** Sums over the ranges with the first i of these numbers, pmdOrder + 1 values each. */
  readonly #full: Float64Array;
  readonly #open: Float64Array;
  /** Sums over the others. */
  readonly #from: Readonly<Record<(typeof FROM_TOP)[number], Float64Array>>;
  /** The sum of BlockedWindows. */
  readonly #any: Float64Array;

  constructor({ geometry, rows, windows }: BlockedTable, limits: BlockedLimits) {
    const stride = geometry.pmdOrder + 1;
    const passes = ({ shared, swapped }: Pick<BlockedRow, 'shared' | 'swapped'>) =>
      shared <= limits.maxPtesShared && swapped <= limits.maxPtesSwap;
    const counted = ({ pages, swapped }: BlockedRow) => pages + (limits.unmappedFillsPmd ? swapped : 0);
    const passing = [...rows.values()].filter(passes).sort((a, b) => counted(a) - counted(b));
    this.#pmdOrder = geometry.pmdOrder;
    this.#pages = pagesPerRange(geometry);
    this.#counts = passing.map(counted);
    this.#full = new Float64Array((passing.length + 1) * stride);
    this.#open = new Float64Array((passing.length + 1) * stride);
    for (const [i, { full, open }] of passing.entries()) {
      for (let order = 0; order < stride; order++) {
        const at = i * stride + order;
        this.#full[at + stride] = this.#full[at] + full[order];
        this.#open[at + stride] = this.#open[at] + open[order];
      }
    }
    const sumsFrom = () => new Float64Array(passing.length + 1);
    this.#from = {
      ranges: sumsFrom(),
      copied: sumsFrom(),
      swapped: sumsFrom(),
      shared: sumsFrom(),
      largePages: sumsFrom(),
      savedEntries: sumsFrom(),
    };
    for (let i = passing.length - 1; i >= 0; i--) {
      const { ranges, pages, shared, swapped, largePages, savedEntries } = passing[i];
      const copied = ranges * (pages + swapped);
      const own = {
        ranges,
        copied,
        swapped: ranges * swapped,
        shared: ranges * shared,
        largePages,
        savedEntries,
      };
      for (const name of FROM_TOP) this.#from[name][i] = this.#from[name][i + 1] + own[name];
    }
    this.#any = new Float64Array(stride * stride);
    for (const each of windows.values())
      if (passes(each)) for (let at = 0; at < this.#any.length; at++) this.#any[at] += each.any[at];
  }

  /** Adds what khugepaged does under these orders and this max_ptes_none, by the rules of 7.2. */
  read(orders: OrderSet, maxPtesNone: number, counts: PolicyCounts): void {
    if (orders === 0) return;
    let rows = this.#counts.length;
    if ((orders >>> this.#pmdOrder) & 1) {
      rows = firstIndex(this.#counts.length, (i) => this.#counts[i] >= this.#pages - maxPtesNone);
      this.#readPmdOrder(rows, counts);
    }
    const below = orders & ((1 << this.#pmdOrder) - 1);
    if (maxPtesNone < this.#pages - 1) this.#readFull(below, rows, counts);
    // With the PMD order among them, every range that has a page was taken by it.
    else if (below === orders) this.#readAny(below, counts);
  }

  /** Ranges with enough pages for the PMD order, from a row on; they never are tried again. */
  #readPmdOrder(row: number, counts: PolicyCounts): void {
    const ranges = this.#from.ranges[row];
    const copied = this.#from.copied[row];
    counts.attempts[this.#pmdOrder] += ranges;
    counts.collapses[this.#pmdOrder] += ranges;
    counts.copiedPages += copied;
    counts.filledPages += ranges * this.#pages - copied;
    counts.swappedInPages += this.#from.swapped[row];
    counts.copiedSharedPages += this.#from.shared[row];
    counts.newlyHugePages += copied - this.#from.largePages[row];
    counts.savedEntries += this.#from.savedEntries[row];
  }

  /** Full windows in the first rows: those that no open full window of the next larger order contains. */
  #readFull(orders: number, rows: number, counts: PolicyCounts): void {
    const at = rows * (this.#pmdOrder + 1);
    let outer = 0;
    for (let left = orders; left !== 0; ) {
      const order = 31 - Math.clz32(left);
      left ^= 1 << order;
      const taken = outer > 0 ? this.#open[at + outer] * 2 ** (outer - order) : 0;
      const collapses = this.#open[at + order] - taken;
      addBelow(counts, order, this.#full[at + order] - taken, collapses, collapses * 2 ** order);
      outer = order;
    }
  }

  /** max_ptes_none NR-1: windows with a page that lie in no open window of the next larger order. */
  #readAny(orders: number, counts: PolicyCounts): void {
    const stride = this.#pmdOrder + 1;
    let outer = 0;
    for (let left = orders; left !== 0; ) {
      const order = 31 - Math.clz32(left);
      left ^= 1 << order;
      const taken = outer > 0 ? this.#any[outer * stride + order] : 0;
      const copiedBefore = outer > 0 ? this.#any[outer * stride] : 0;
      const collapses = this.#any[order * stride + order] - taken;
      const copied = this.#any[order * stride] - copiedBefore;
      addBelow(counts, order, this.#any[this.#pmdOrder * stride + order] - taken, collapses, copied);
      outer = order;
    }
  }
}

/** Adds attempts on windows below the PMD order: every later pass makes the same ones. */
function addBelow(
  counts: PolicyCounts,
  order: number,
  attempts: number,
  collapses: number,
  copied: number,
): void {
  counts.attempts[order] += attempts;
  counts.laterAttempts[order] += attempts;
  counts.collapses[order] += collapses;
  counts.copiedPages += copied;
  counts.filledPages += collapses * 2 ** order - copied;
  counts.newlyHugePages += copied;
}
