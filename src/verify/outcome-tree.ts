import { asOffset, asOrder, type Offset, type Order, orderSet } from '../core/memory/order.ts';
import type { OutcomeRule } from '../core/rules/outcome.ts';
import type { ScanResult } from '../core/rules/scan-result.ts';

/**
 * Every way in which the attempts on a range can end, as far as anybody asks: a window gets a result when it
 * is first attempted, and `advance` moves on to the next way. Windows that nobody attempts do not multiply
 * the cases.
 */
export class OutcomeTree {
  readonly #results: readonly ScanResult[];
  /** Position in #results plus one, by window; 0 while nobody asked. */
  readonly #choices: Uint8Array;
  readonly #asked: number[] = [];

  constructor(results: readonly ScanResult[], pmdOrder: number) {
    this.#results = results;
    this.#choices = new Uint8Array(16 << pmdOrder);
  }

  /** How an attempt on a window ends this time; bound, so that it can be handed on. */
  readonly outcome = (offset: Offset, order: Order): ScanResult => {
    const window = (offset << 4) | order;
    if (this.#choices[window] === 0) {
      this.#choices[window] = 1;
      this.#asked.push(window);
    }
    return this.#results[this.#choices[window] - 1];
  };

  /** The next way; false when there is none, and then the tree begins anew. */
  advance(): boolean {
    for (;;) {
      const window = this.#asked.at(-1);
      if (window === undefined) return false;
      if (this.#choices[window] < this.#results.length) {
        this.#choices[window]++;
        return true;
      }
      this.#choices[window] = 0;
      this.#asked.pop();
    }
  }

  /** What was decided, but for successes. */
  rules(): OutcomeRule[] {
    return this.#asked
      .map((window) => ({
        offset: asOffset(window >> 4),
        orders: orderSet([asOrder(window & 15)]),
        result: this.#results[this.#choices[window] - 1],
      }))
      .filter(({ result }) => result !== 'SCAN_SUCCEED');
  }
}
