import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import type { Window } from '../../core/memory/order.ts';
import { type PteKind, pteKind } from '../../core/memory/pte-kind.ts';
import type { RangeState } from '../../core/memory/range-state.ts';

/** The PTEs of a range by what they hold, ascending. */
export function pteLayers(range: RangeState): Map<PteKind, number[]> {
  const layers = new Map<PteKind, number[]>();
  for (let page = 0; page < pagesPerRange(range.geometry); page++) {
    const kind = pteKind(range, page);
    const pages = layers.get(kind);
    if (pages) pages.push(page);
    else layers.set(kind, [page]);
  }
  return layers;
}

/**
 * Where pages are drawn: row by row in a grid of so many columns; a cell has this width and height, less the
 * gap.
 */
export interface Cells {
  readonly columns: number;
  readonly width: number;
  readonly height: number;
  readonly gap: number;
}

/** An SVG path of the cells of pages. Without a gap, neighbours in a row are one rectangle. */
export function cellsPath(pages: readonly number[], { columns, width, height, gap }: Cells): string {
  let path = '';
  for (let i = 0; i < pages.length; ) {
    const first = pages[i];
    let count = 1;
    if (gap === 0) while (pages[i + count] === first + count && (first + count) % columns !== 0) count++;
    const x = (first % columns) * width + gap / 2;
    const y = Math.floor(first / columns) * height + gap / 2;
    path += `M${x} ${y}h${count * width - gap}v${height - gap}h${gap - count * width}z`;
    i += count;
  }
  return path;
}

/**
 * Columns of the grid of a range, as wide as high or twice as wide: 32 for 512 PTEs. Every window is a
 * rectangle in it.
 */
export function gridColumns({ pmdOrder }: Pick<Geometry, 'pmdOrder'>): number {
  return 1 << Math.ceil(pmdOrder / 2);
}

/** A rectangle in cells of a grid. */
export interface CellRectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where a window is in a grid of so many columns, a power of two: part of a row, or whole rows. */
export function windowRectangle({ offset, order }: Window, columns: number): CellRectangle {
  const pages = 1 << order;
  return {
    x: offset % columns,
    y: Math.floor(offset / columns),
    width: Math.min(pages, columns),
    height: Math.max(1, pages / columns),
  };
}
