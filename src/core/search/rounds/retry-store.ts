import type { Offset, Order } from '../../memory/order.ts';

/** Part of a range that `rounds` has yet to look at again. */
export interface RetryEntry {
  /** The next PTE to look at. */
  offset: Offset;
  readonly end: number;
  /** The largest order to try. */
  readonly order: Order;
  readonly reclaim: boolean;
}

/**
 * The regions of failed windows, the last one pushed on top. Unread parts of their entries are disjoint, each
 * at least four PTEs long, so that NR/4 entries are always enough.
 * Source: docs/khugepaged.md#rounds-bounds.
 */
export class RetryStore {
  readonly #entries: RetryEntry[] = [];
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Throws when the store is full: then the bound does not hold. */
  push(entry: RetryEntry): void {
    if (this.#entries.length === this.#capacity) throw new Error(`more than ${this.#capacity} retry entries`);
    this.#entries.push(entry);
  }

  /** The entry that is worked on, or undefined; entries that are used up go. */
  top(): RetryEntry | undefined {
    for (;;) {
      const entry = this.#entries.at(-1);
      if (entry === undefined || entry.offset < entry.end) return entry;
      this.#entries.pop();
    }
  }

  clear(): void {
    this.#entries.length = 0;
  }
}
