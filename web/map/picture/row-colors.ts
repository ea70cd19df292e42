/** Writes the colours of rows from `first` up to `end`, as the four bytes of a pixel. */
export type RowPainter = (colors: Uint32Array, first: number, end: number) => void;

/** Rows that are made together, as a power of two: to note each takes as long as to make it. */
const TOGETHER = 5;

/**
 * The colours of the rows of a layer, made when they are first wanted: of a map that shows three layers of
 * half a million ranges side by side, two thirds of each are not seen.
 */
export class RowColors {
  readonly colors: Uint32Array;
  /** By rows that are made together. */
  readonly #isMade: Uint8Array;
  readonly #paint: RowPainter;

  constructor(rows: number, paint: RowPainter) {
    this.colors = new Uint32Array(rows);
    this.#isMade = new Uint8Array(Math.ceil(rows / 2 ** TOGETHER));
    this.#paint = paint;
  }

  /** Makes the colours from `first` up to `end` that are not made yet. */
  want(first: number, end: number): void {
    const made = this.#isMade;
    const { length } = this.colors;
    const stop = Math.ceil(Math.min(end, length) / 2 ** TOGETHER);
    for (let at = first >>> TOGETHER; at < stop; at++) {
      const from = at;
      while (at < stop && !made[at]) made[at++] = 1;
      if (at > from) this.#paint(this.colors, from << TOGETHER, Math.min(length, at << TOGETHER));
    }
  }
}
