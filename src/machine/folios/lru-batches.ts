import { LruBatch } from '../../core/rules/lru-batch.ts';

/** The folios that wait, for each CPU, to be added to the LRU. */
export class LruBatches {
  static readonly SLOTS = LruBatch.SLOTS;

  readonly #batches: number[][];

  constructor(cpus: number) {
    this.#batches = Array.from({ length: cpus }, () => []);
  }

  get cpus(): number {
    return this.#batches.length;
  }

  /** Head frames in the batch of a CPU, the oldest first. */
  waiting(cpu: number): readonly number[] {
    return this.#batches[cpu];
  }

  /** Appends a folio; whether the batch is full then. */
  push(cpu: number, head: number): boolean {
    return this.#batches[cpu].push(head) === LruBatches.SLOTS;
  }

  /** Empties the batch of a CPU and returns what was in it. */
  take(cpu: number): number[] {
    const batch = this.#batches[cpu];
    this.#batches[cpu] = [];
    return batch;
  }
}
