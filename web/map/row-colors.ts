/** Writes the colours of rows from `first` up to `end`, as the four bytes of a pixel. */
export type RowPainter = (colors: Uint32Array, first: number, end: number) => void;

/**
 * The colours of the rows of a layer, each made when it is first wanted: of a map that shows three layers of
 * half a million ranges side by side, two thirds of each are not seen.
 */
export class RowColors {
  readonly colors: Uint32Array;
  readonly #isMade: Uint8Array;
  readonly #paint: RowPainter;
  /** Rows that are not made yet. */
  #left: number;

  constructor(rows: number, paint: RowPainter) {
    this.colors = new Uint32Array(rows);
    this.#isMade = new Uint8Array(rows);
    this.#paint = paint;
    this.#left = rows;
  }

  /** Makes the colours from `first` up to `end` that are not made yet. */
  want(first: number, end: number): void {
    if (this.#left === 0) return;
    const made = this.#isMade;
    const stop = Math.min(end, made.length);
    for (let row = first; row < stop; row++) {
      if (made[row]) continue;
      let next = row + 1;
      while (next < stop && !made[next]) next++;
      this.#paint(this.colors, row, next);
      made.fill(1, row, next);
      this.#left -= next - row;
      row = next;
    }
  }
}
