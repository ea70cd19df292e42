import type { Failure, Result } from '../core/base/failure.ts';

/** `changed`: there is a newer snapshot; `gone`: there is none, and why is in `failure`. */
export type LiveEvent = 'changed' | 'gone';

/** Runs tasks one after another. */
export type Serially = (task: () => Promise<void>) => Promise<void>;

/** One task after another, whoever asks. */
export function serially(): Serially {
  let last: Promise<void> = Promise.resolve();
  return (task) => (last = last.then(task));
}

/**
 * Memory of running processes that is read anew while somebody listens: `intervalMs` after the last reading,
 * and at once if that is longer ago. Reading puts a newer snapshot in place of the earlier one, which stays
 * if reading fails.
 */
export class LiveSnapshot {
  readonly #read: (signal: AbortSignal) => Promise<Result<unknown>>;
  readonly #intervalMs: number;
  readonly #inTurn: Serially;
  readonly #signal: AbortSignal;
  readonly #listeners = new Set<(event: LiveEvent) => void>();
  #lastMs = performance.now();
  #timer: NodeJS.Timeout | undefined;
  #failure: Failure | undefined;

  /**
   * `inTurn` keeps readings of several sources from overlapping. The signal ends one that is under way, and
   * nothing is read after it.
   */
  constructor(
    read: (signal: AbortSignal) => Promise<Result<unknown>>,
    intervalMs: number,
    inTurn: Serially,
    signal: AbortSignal,
  ) {
    this.#read = read;
    this.#intervalMs = intervalMs;
    this.#inTurn = inTurn;
    this.#signal = signal;
    signal.addEventListener('abort', () => {
      this.#listeners.clear();
      clearTimeout(this.#timer);
    });
  }

  /** How many hear of readings now: while there are none, nothing is read. */
  get listeners(): number {
    return this.#listeners.size;
  }

  /** Why the last reading failed. */
  get failure(): Failure | undefined {
    return this.#failure;
  }

  /** Hears of every reading until the function that this gives is called. */
  listen(hear: (event: LiveEvent) => void): () => void {
    if (this.#signal.aborted) return () => {};
    this.#listeners.add(hear);
    if (this.#listeners.size === 1) this.#schedule();
    return () => {
      this.#listeners.delete(hear);
      if (this.#listeners.size === 0) clearTimeout(this.#timer);
    };
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const wait = Math.max(0, this.#lastMs + this.#intervalMs - performance.now());
    this.#timer = setTimeout(() => void this.#inTurn(() => this.#refresh()), wait);
  }

  async #refresh(): Promise<void> {
    // Whoever listened may have gone while other sources were read.
    if (this.#listeners.size === 0) return;
    const before = this.#failure;
    let result: Result<unknown>;
    try {
      result = await this.#read(this.#signal);
    } catch (error) {
      if (this.#signal.aborted) return;
      throw error;
    }
    this.#lastMs = performance.now();
    this.#failure = result.ok ? undefined : result.failure;
    // A process that ended is told once.
    if (result.ok || !before) for (const hear of this.#listeners) hear(result.ok ? 'changed' : 'gone');
    if (this.#listeners.size > 0) this.#schedule();
  }
}
