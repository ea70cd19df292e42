import {
  type CollapseSums,
  countRange,
  emptyCollapseSums,
  type WindowLists,
} from '../ranges/counted-range.ts';
import { RANGE_KIND } from '../ranges/range-kinds.ts';
import type { Refusal, Tally } from '../ranges/tally.ts';
import type { RangeTable } from './range-table.ts';
import type { RowOutcomes } from './row-outcomes.ts';
import { noteUnknown, type VmaPolicy } from './vma-policy.ts';

/**
 * Judges rows of small pages, all of whose attempts succeed, many in one go: of a map of 1 TiB there are half
 * a million, and no more than some 50 ns for each.
 */
export class CountedRows {
  /** What collapses in rows that are not in the tally of their process yet. */
  readonly sums: CollapseSums;
  readonly #table: RangeTable;
  readonly #maxPtesNone: number;
  readonly #refuse: (tally: Tally, refusal: Refusal, pages: number) => number;
  /** Of the row that is judged. */
  readonly #outcome = { mainOrder: 0, growthPages: 0 };
  readonly #windows: { counts: ArrayLike<number>; full: number; any: number };

  /** `refuse` adds a refused row to a tally, and answers the number that its reason has. */
  constructor(
    table: RangeTable,
    maxPtesNone: number,
    refuse: (tally: Tally, refusal: Refusal, pages: number) => number,
  ) {
    this.#table = table;
    this.#maxPtesNone = maxPtesNone;
    this.#refuse = refuse;
    this.sums = emptyCollapseSums(table.geometry);
    this.#windows = { counts: table.windows, full: 0, any: 0 };
  }

  /** Judges rows of one VMA up to `end` or the first one of another kind, which it answers. */
  judge(first: number, end: number, policy: VmaPolicy, into: RowOutcomes): number {
    const { kinds, residentPages, unknown, mainOrders } = this.#table;
    const { orders, ineligible, restartOrder, changes } = policy;
    let touched = 0;
    let restarted = 0;
    let row = first;
    for (; row < end && kinds[row] === RANGE_KIND.counted; row++) {
      const pages = residentPages[row];
      const again = this.restartedPages(row, restartOrder);
      touched += pages;
      restarted += again;
      into.restartOrders[row] = restartOrder;
      into.restartGrowthPages[row] = again - pages;
      if (!ineligible) noteUnknown(policy, unknown[row]);
      const refusal = ineligible ?? this.#count(row, pages, orders);
      into.mainOrders[row] = refusal ? mainOrders[row] : this.#outcome.mainOrder;
      into.growthPages[row] = refusal ? 0 : this.#outcome.growthPages;
      into.refusals[row] = refusal ? this.#refuse(changes, refusal, pages) : 0;
    }
    changes.restart.touchedPages += touched;
    changes.restart.pagesByOrder[restartOrder] += restarted;
    if (!ineligible) changes.scanned += row - first;
    return row;
  }

  #count(row: number, pages: number, orders: VmaPolicy['orders']): Refusal | undefined {
    return countRange(this.sums, pages, this.windowsOf(row), orders, this.#maxPtesNone, this.#outcome);
  }

  /** Pages that page faults leave of a row whose windows are counted, where this is their largest order. */
  restartedPages(row: number, order: number): number {
    return order === 0 ? this.#table.residentPages[row] : this.#table.touchedWindows(row, order) << order;
  }

  /** Where the windows of a row are; the next call overwrites it. */
  windowsOf(row: number): WindowLists {
    const { windows, windowStride } = this.#table;
    const lists = this.#windows;
    lists.counts = windows;
    lists.full = row * windowStride - 2;
    lists.any = lists.full + windowStride / 2;
    return lists;
  }
}
