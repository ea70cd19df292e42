interface Entry {
  readonly at: number;
  /** Order of scheduling, which decides between entries of the same time. */
  readonly sequence: number;
  readonly run: () => void;
}

/**
 * Virtual time in whole nanoseconds, and what is to happen at which time. Code that spends time runs straight
 * on; what falls due meanwhile runs inside `spend`.
 */
export class Timeline {
  #now = 0;
  /** When the first entry falls due. */
  #due = Number.POSITIVE_INFINITY;
  #sequence = 0;
  /** A binary heap: the entry that falls due first is at index 0. */
  readonly #heap: Entry[] = [];

  get now(): number {
    return this.#now;
  }

  /** When the next entry falls due; Infinity if there is none. */
  get nextDue(): number {
    return this.#due;
  }

  /** Schedules something; a time that has passed means at once, but not before this call returns. */
  at(time: number, run: () => void): void {
    const entry = { at: Math.max(this.#now, Math.round(time)), sequence: this.#sequence++, run };
    this.#heap.push(entry);
    this.#siftUp(this.#heap.length - 1);
    this.#due = this.#heap[0].at;
  }

  /**
   * Advances the clock by this much work of the caller. An entry that takes time itself delays the caller:
   * the clock is then further on than the work alone would have put it.
   */
  spend(ns: number): void {
    let left = Math.round(ns);
    while (this.#due - this.#now <= left) {
      left -= this.#due - this.#now;
      this.#runNext();
    }
    this.#now += left;
  }

  /** Advances the clock to a time, or until `isOver` holds after something ran. */
  waitUntil(time: number, isOver: () => boolean = never): void {
    while (this.#due <= time && !isOver()) this.#runNext();
    if (this.#now < time && !isOver()) this.#now = time;
  }

  /** Runs the next entry, whenever it is; false if there is none. */
  waitForNext(): boolean {
    if (this.#heap.length === 0) return false;
    this.#runNext();
    return true;
  }

  #runNext(): void {
    const [entry] = this.#heap;
    const last = this.#heap.pop() as Entry;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#siftDown(0);
    }
    this.#due = this.#heap.length > 0 ? this.#heap[0].at : Number.POSITIVE_INFINITY;
    this.#now = Math.max(this.#now, entry.at);
    entry.run();
  }

  #siftUp(from: number): void {
    const heap = this.#heap;
    for (let i = from; i > 0; ) {
      const parent = (i - 1) >>> 1;
      if (!isBefore(heap[i], heap[parent])) return;
      [heap[i], heap[parent]] = [heap[parent], heap[i]];
      i = parent;
    }
  }

  #siftDown(from: number): void {
    const heap = this.#heap;
    for (let i = from; ; ) {
      const left = 2 * i + 1;
      let first = i;
      if (left < heap.length && isBefore(heap[left], heap[first])) first = left;
      if (left + 1 < heap.length && isBefore(heap[left + 1], heap[first])) first = left + 1;
      if (first === i) return;
      [heap[i], heap[first]] = [heap[first], heap[i]];
      i = first;
    }
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.at < b.at || (a.at === b.at && a.sequence < b.sequence);
}

function never(): boolean {
  return false;
}

export const NS_PER_MS = 1_000_000;
export const NS_PER_S = 1_000_000_000;
