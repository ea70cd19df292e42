import type { RangePart } from './part.ts';

/**
 * The parts of a range that are left to search: the whole range at the bottom, the region of the window that
 * failed last on top. Parts are disjoint, each at least four PTEs long, so that NR/4 are always enough.
 * Source: docs/khugepaged.md#rounds-bounds.
 */
export class PartStore {
  readonly #parts: RangePart[] = [];
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Throws when the store is full: then the bound does not hold. */
  push(part: RangePart): void {
    if (this.#parts.length === this.#capacity) throw new Error(`more than ${this.#capacity} retry entries`);
    this.#parts.push(part);
  }

  /** The part that is worked on, or undefined. */
  top(): RangePart | undefined {
    return this.#parts[this.#parts.length - 1];
  }

  /** What is left of the part that is worked on; without anything it goes. */
  replaceTop(rest: RangePart | undefined): void {
    if (rest === undefined) this.#parts.pop();
    else this.#parts[this.#parts.length - 1] = rest;
  }
}
