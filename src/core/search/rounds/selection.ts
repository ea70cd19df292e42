import { pagesPerRange } from '../../memory/geometry.ts';
import {
  asOffset,
  asOrder,
  highestOrder,
  lowerOrder,
  naturalOrder,
  type Offset,
  type Order,
} from '../../memory/order.ts';
import type { CollapsePolicy } from '../../rules/policy.ts';
import { type Candidate, type JudgedWindow, judgeWindow, type ScannedRange } from '../algorithm.ts';
import { RetryStore } from './retry-store.ts';

/** A scanned range of which only the PTEs from start to end (exclusive) may be collapsed. */
export interface PartialRange extends ScannedRange {
  readonly start: number;
  readonly end: number;
}

/**
 * Which window `rounds` attempts next: those of the retry store first, then those under a cursor that goes
 * over the range once. A window that is handed out is stepped over at once, as if its attempt had succeeded
 * already.
 * Source: docs/khugepaged.md#rounds-selection.
 */
export class RoundsSelection {
  readonly store: RetryStore;
  readonly #range: PartialRange;
  readonly #policy: CollapsePolicy;
  readonly #look: (window: JudgedWindow) => void;
  /** The highest enabled order. */
  readonly #root: Order;
  #cursor: number;
  #cursorOrder: Order;

  /** `look` sees every window that is judged, the selected ones included. */
  constructor(range: PartialRange, policy: CollapsePolicy, look: (window: JudgedWindow) => void) {
    this.store = new RetryStore(pagesPerRange(range.geometry) >>> 2);
    this.#range = range;
    this.#policy = policy;
    this.#look = look;
    this.#root = highestOrder(policy.orders) ?? asOrder(0);
    this.#cursor = policy.orders === 0 ? range.end : range.start;
    this.#cursorOrder = this.#naturalOrder(range.start);
  }

  /** The next window, or undefined when there is none. */
  next(): Candidate | undefined {
    for (let entry = this.store.top(); entry !== undefined; entry = this.store.top()) {
      const { offset, reclaim } = entry;
      let order = asOrder(Math.min(naturalOrder(offset, this.#range.geometry), entry.order));
      let qualifies = this.#qualifies(offset, order);
      for (let lower = this.lower(order); !qualifies && lower !== undefined; lower = this.lower(order)) {
        order = lower;
        qualifies = this.#qualifies(offset, order);
      }
      entry.offset = asOffset(offset + (1 << order));
      if (qualifies) return { offset, order, reclaim };
    }
    while (this.#cursor < this.#range.end) {
      const offset = asOffset(this.#cursor);
      const order = this.#cursorOrder;
      const qualifies = this.#qualifies(offset, order);
      const lower = this.lower(order);
      if (!qualifies && lower !== undefined) {
        this.#cursorOrder = lower;
        continue;
      }
      this.#cursor += 1 << order;
      this.#cursorOrder = this.#naturalOrder(this.#cursor);
      if (qualifies) return { offset, order, reclaim: false };
    }
    return undefined;
  }

  /** The next enabled order below this one. */
  lower(order: Order): Order | undefined {
    return lowerOrder(this.#policy.orders, order);
  }

  /** Nothing is left to select. */
  abandon(): void {
    this.store.clear();
    this.#cursor = this.#range.end;
  }

  #naturalOrder(offset: number): Order {
    return asOrder(Math.min(naturalOrder(asOffset(offset), this.#range.geometry), this.#root));
  }

  #qualifies(offset: Offset, order: Order): boolean {
    if (offset < this.#range.start || offset + (1 << order) > this.#range.end) return false;
    const window = judgeWindow(this.#range, this.#policy, offset, order);
    this.#look(window);
    return window.qualifies;
  }
}
