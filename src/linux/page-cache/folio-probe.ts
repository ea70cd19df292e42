import { KPF, type PageFlags, type PhysicalFolio } from '../pages/page-flags.ts';

/** Entries that are read at once where folios are small; a large one is found by a few single entries. */
export const [LEAST_AHEAD, MOST_AHEAD] = [8, 512];

/**
 * Folios of neighbouring frames. Of large ones the kernel is asked about a few frames only, for they are
 * naturally aligned: to read the flags of all frames would take longer than all else about the page cache.
 */
export class FolioProbe {
  readonly #flags: PageFlags;
  readonly #largest: number;
  #ahead = LEAST_AHEAD;
  #window: { readonly first: number; readonly flags: Uint32Array } = { first: 0, flags: new Uint32Array(0) };
  #lastOrder = 1;

  constructor(flags: PageFlags, largest: number) {
    this.#flags = flags;
    this.#largest = largest;
  }

  /** The folio of a frame, of order 0 for a small page; undefined where it changes meanwhile. */
  folioOf(frame: number): PhysicalFolio | undefined {
    const flags = this.#inWindow(frame);
    if (!(flags & (KPF.head | KPF.tail))) return { head: frame, order: 0 };
    this.#ahead = LEAST_AHEAD;
    const head = flags & KPF.head ? frame : this.#headOf(frame);
    if (head === undefined) return undefined;
    const order = this.#orderOf(head);
    if (order === undefined || frame >= head + 2 ** order) return undefined;
    this.#lastOrder = order;
    return { head, order };
  }

  /** The nearest aligned frame before that is a head: those between are tails of the same folio. */
  #headOf(frame: number): number | undefined {
    for (let order = 1; order <= this.#largest; order++) {
      const head = frame - (frame % 2 ** order);
      if (this.#at(head) & KPF.head) return head;
    }
    return undefined;
  }

  /** What follows a folio is no tail. Neighbours mostly have the same order. */
  #orderOf(head: number): number | undefined {
    const isWithin = (order: number) => (this.#at(head + 2 ** order) & KPF.tail) !== 0;
    const guess = this.#lastOrder;
    let order = guess === 1 || isWithin(guess - 1) ? guess : 1;
    while (order < this.#largest && isWithin(order)) order++;
    return order === this.#largest && isWithin(order) ? undefined : order;
  }

  #inWindow(frame: number): number {
    const { first, flags } = this.#window;
    if (frame >= first && frame < first + flags.length) return flags[frame - first];
    // Small pages side by side: more at once.
    this.#ahead = frame === first + flags.length ? Math.min(2 * this.#ahead, MOST_AHEAD) : LEAST_AHEAD;
    this.#window = { first: frame, flags: this.#flags.flagsFrom(frame, this.#ahead) };
    return this.#window.flags[0];
  }

  #at(frame: number): number {
    const { first, flags } = this.#window;
    if (frame >= first && frame < first + flags.length) return flags[frame - first];
    return this.#flags.flagsFrom(frame, 1)[0];
  }
}
