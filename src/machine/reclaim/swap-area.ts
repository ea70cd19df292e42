export const NO_SLOT = -1;

/** The swap device: a use count and the content of each slot, one slot a base page. */
export class SwapArea {
  readonly slots: number;
  readonly #uses: Uint16Array;
  readonly #contents: Uint32Array;
  #free: number;
  #hand = 0;

  constructor(slots: number) {
    this.slots = slots;
    this.#uses = new Uint16Array(slots);
    this.#contents = new Uint32Array(slots);
    this.#free = slots;
  }

  get free(): number {
    return this.#free;
  }

  uses(slot: number): number {
    return this.#uses[slot];
  }

  content(slot: number): number {
    return this.#contents[slot];
  }

  /**
   * Takes 2^order consecutive, aligned slots without a use yet and returns the first, or NO_SLOT. The search
   * goes on from the last one taken.
   */
  take(order: number): number {
    const size = 1 << order;
    if (this.#free < size) return NO_SLOT;
    const places = Math.floor(this.slots / size);
    const start = Math.ceil(this.#hand / size);
    for (let i = 0; i < places; i++) {
      const first = ((start + i) % places) * size;
      if (!this.#isFree(first, size)) continue;
      this.#free -= size;
      this.#hand = first + size;
      return first;
    }
    return NO_SLOT;
  }

  /** Stores a page in a taken slot with as many uses as there will be swap entries. */
  store(slot: number, content: number, uses: number): void {
    this.#contents[slot] = content;
    this.#uses[slot] = uses;
  }

  /** One more swap entry for a slot (fork). */
  duplicate(slot: number): void {
    this.#uses[slot]++;
  }

  /** One swap entry less; the last one frees the slot. */
  put(slot: number): void {
    if (this.#uses[slot] === 0) throw new Error(`swap slot ${slot} is free already`);
    if (--this.#uses[slot] === 0) this.#free++;
  }

  #isFree(first: number, size: number): boolean {
    for (let slot = first; slot < first + size; slot++) if (this.#uses[slot] !== 0) return false;
    return true;
  }
}
