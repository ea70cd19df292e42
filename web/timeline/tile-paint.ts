import { CODE_EMPTY, CODE_OTHER, CODE_SWAP, CODE_ZERO, orderOfCode } from '../../src/core/memory/pte-code.ts';
import { orderColor, type Rgb, SWAPPED, ZERO_PAGE } from '../../src/render/svg/palette.ts';
import { gridColumns } from '../../src/render/svg/pte-layers.ts';
import type { TileLayout } from './tile-layout.ts';
import type { MapMoment } from './timeline-worker-protocol.ts';

/** The colour of a marker or of a page under migration. */
const OTHER: Rgb = [176, 96, 176];

/** The colour of a PTE; of nothing the one that is given. */
export function cellColor(cell: number, pmdOrder: number, nothing: Rgb): Rgb {
  const order = orderOfCode(cell);
  if (order !== undefined) return orderColor(order, pmdOrder);
  switch (cell) {
    case CODE_EMPTY:
      return nothing;
    case CODE_ZERO:
      return ZERO_PAGE;
    case CODE_SWAP:
      return SWAPPED;
    default:
      return OTHER;
  }
}

/**
 * A colour for each cell as a pixel of an ImageData: red is the lowest byte on every machine that runs
 * browsers.
 */
export function pixelColors(pmdOrder: number, nothing: Rgb): Uint32Array {
  return Uint32Array.from({ length: CODE_OTHER + 1 }, (_, cell) =>
    pixelOf(cellColor(cell, pmdOrder, nothing)),
  );
}

function pixelOf([red, green, blue]: Rgb): number {
  return ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}

/**
 * Paints all tiles of a moment into pixels, row by row from the upper left corner; `scale` pixels are a CSS
 * pixel. What is no tile stays as it is.
 */
export function paintTiles(
  pixels: Uint32Array,
  layout: TileLayout,
  moment: MapMoment,
  pmdOrder: number,
  nothing: Rgb,
  scale: number,
): void {
  const width = Math.round(layout.width * scale);
  const colors = pixelColors(pmdOrder, nothing);
  const rangePages = 2 ** pmdOrder;
  const columns = gridColumns({ pmdOrder });
  const px = (css: number) => Math.round(css * scale);
  /** Paints cells side by side from a corner on: one line, then copies of it. */
  const paintCells = (
    x: number,
    y: number,
    bottom: number,
    count: number,
    colorOf: (i: number) => number,
  ) => {
    const line = px(y) * width;
    let at = px(x);
    const from = at;
    for (let i = 0; i < count; i++) {
      const right = Math.min(px(x + (i + 1) * layout.cell), width);
      const color = colorOf(i);
      while (at < right) pixels[line + at++] = color;
    }
    for (let copy = px(y) + 1; copy < px(bottom); copy++)
      pixels.copyWithin(copy * width + from, line + from, line + at);
  };
  for (const { first, end, top } of layout.blocks) {
    for (let row = first; row < end; row++) {
      const i = row - first;
      const x = (i % layout.perRow) * layout.pitchX;
      const y = top + Math.floor(i / layout.perRow) * layout.pitchY;
      const { cells } = moment;
      if (!layout.isDetailed || !cells) {
        const color = pixelOf(rangeColor(moment, row, rangePages, pmdOrder, nothing));
        paintCells(x, y, y + layout.cell, 1, () => color);
        continue;
      }
      for (let pte = 0; pte < rangePages; pte += columns) {
        const upper = y + (pte / columns) * layout.cell;
        const start = row * rangePages + pte;
        paintCells(x, upper, upper + layout.cell, columns, (column) => colors[cells[start + column]]);
      }
    }
  }
}

/** A whole range in one colour: that of most of it, the fainter the less of it there is. */
function rangeColor(
  { mainCells, residentPages, swapPages }: MapMoment,
  row: number,
  rangePages: number,
  pmdOrder: number,
  nothing: Rgb,
): Rgb {
  const used = (residentPages[row] + swapPages[row]) / rangePages;
  if (mainCells[row] === CODE_EMPTY) return nothing;
  const color = cellColor(mainCells[row], pmdOrder, nothing);
  const strength = 0.25 + 0.75 * Math.min(1, used);
  const mix = (i: 0 | 1 | 2) => Math.round(nothing[i] + strength * (color[i] - nothing[i]));
  return [mix(0), mix(1), mix(2)];
}
