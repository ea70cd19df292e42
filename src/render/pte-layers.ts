import { type Geometry, pagesPerRange } from '../core/geometry.ts';
import { hasPage } from '../core/occupancy.ts';
import type { Window } from '../core/order.ts';
import type { RangeState } from '../core/range-state.ts';

/** How a PTE is drawn: by the order of the folio that it maps, or as one of the things that are no folio. */
export type PteKind = number | 'empty' | 'zero' | 'swap';

/** The PTEs of a range by how they are drawn, ascending. Pages whose folio is unknown are small, order 0. */
export function pteLayers(range: RangeState): Map<PteKind, number[]> {
  const layers = new Map<PteKind, number[]>();
  for (let page = 0; page < pagesPerRange(range.geometry); page++) {
    const kind = kindOf(range, page);
    const pages = layers.get(kind);
    if (pages) pages.push(page);
    else layers.set(kind, [page]);
  }
  return layers;
}

function kindOf(range: RangeState, page: number): PteKind {
  if (!hasPage(range.present, page)) return hasPage(range.swap, page) ? 'swap' : 'empty';
  if (range.zero && hasPage(range.zero, page)) return 'zero';
  return range.folioOrders?.[page] ?? 0;
}

/** Where pages are drawn: row by row in a grid of so many columns; a cell has this width and height, less the gap. */
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

/** Columns of the grid of a range: 32 for 512 PTEs. Every window is a rectangle in it. */
export function gridColumns({ pmdOrder }: Geometry): number {
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
