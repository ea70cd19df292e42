import type { Offset, Order } from '../../core/memory/order.ts';
import { isPossibleOnRetry } from '../../core/rules/outcome.ts';
import type { ScanResult } from '../../core/rules/scan-result.ts';

/**
 * Every way in which the attempts on a range can end, as far as anybody asks: a window gets a result when it
 * is first attempted, and `advance` moves on to the next way. Windows that nobody attempts do not multiply
 * the cases.
 */
export class OutcomeTree {
  /** By whether the attempt may reclaim memory. */
  readonly #results: readonly [readonly ScanResult[], readonly ScanResult[]];
  /** Position in #results plus one, by window and retry; 0 while nobody asked. */
  readonly #choices: Uint8Array;
  readonly #asked: number[] = [];

  constructor(results: readonly ScanResult[], pmdOrder: number) {
    this.#results = [results, results.filter(isPossibleOnRetry)];
    this.#choices = new Uint8Array(32 << pmdOrder);
  }

  /** How an attempt on a window ends this time; bound, so that it can be handed on. */
  readonly outcome = (offset: Offset, order: Order, reclaim: boolean): ScanResult => {
    const retry = reclaim ? 1 : 0;
    const attempt = (offset << 5) | (order << 1) | retry;
    if (this.#choices[attempt] === 0) {
      this.#choices[attempt] = 1;
      this.#asked.push(attempt);
    }
    return this.#results[retry][this.#choices[attempt] - 1];
  };

  /** The next way; false when there is none, and then the tree begins anew. */
  advance(): boolean {
    for (;;) {
      const attempt = this.#asked.at(-1);
      if (attempt === undefined) return false;
      if (this.#choices[attempt] < this.#results[attempt & 1].length) {
        this.#choices[attempt]++;
        return true;
      }
      this.#choices[attempt] = 0;
      this.#asked.pop();
    }
  }
}
