import { type Geometry, pagesPerRange } from '../../../src/core/memory/geometry.ts';
import { formatOrder, type Window } from '../../../src/core/memory/order.ts';
import type { PteKind } from '../../../src/core/memory/pte-kind.ts';
import type { RangeState } from '../../../src/core/memory/range-state.ts';
import { cssColor, inkOn, orderColor } from '../../../src/render/svg/palette.ts';
import {
  type CellRectangle,
  cellsPath,
  gridColumns,
  pteLayers,
  windowRectangle,
} from '../../../src/render/svg/pte-layers.ts';
import { markOf } from '../../../src/render/words/explain/pte-marks.ts';

/** Units of the picture in one cell. */
export const CELL = 10;
/** Units between two cells: the outline of a window, its edges included, lies in there and hides no PTE. */
const GAP = 2.4;
/** More letters than this are no help to anybody. */
const MOST_MARKS = 1024;

/** Columns and rows of the grid of a range. */
export function gridOf(geometry: Geometry): { readonly columns: number; readonly rows: number } {
  const columns = gridColumns(geometry);
  return { columns, rows: pagesPerRange(geometry) / columns };
}

/** How wide a grid may become in pixels: cells are to look like cells. */
export function gridWidth(geometry: Geometry): string {
  const { pmdOrder } = geometry;
  return `${gridColumns(geometry) * (pmdOrder > 9 ? 10 : pmdOrder < 5 ? 56 : 22)}px`;
}

/** The cells of a range and the letters in them. */
export interface PteCellsPicture {
  readonly layers: readonly { readonly kind: PteKind; readonly path: string }[];
  readonly marks: readonly { readonly page: number; readonly mark: string; readonly ink: string }[];
}

/** What the PTEs of a range look like; `skips` leaves some out. */
export function pteCells(range: RangeState, skips: ReadonlySet<number> = new Set()): PteCellsPicture {
  const cells = { columns: gridColumns(range.geometry), width: CELL, height: CELL, gap: GAP };
  const layers = [...pteLayers(range)].map(([kind, list]) => ({
    kind,
    path: cellsPath(
      list.filter((page) => !skips.has(page)),
      cells,
    ),
  }));
  const marks: { page: number; mark: string; ink: string }[] = [];
  for (let page = 0; page < pagesPerRange(range.geometry) && marks.length <= MOST_MARKS; page++) {
    const mark = markOf(range, page)?.mark;
    if (mark) marks.push({ page, mark, ink: mark === 'z' ? 'on-light' : 'on-dark' });
  }
  return { layers, marks: marks.length > MOST_MARKS ? [] : marks };
}

export function PteCells({
  picture: { layers, marks },
  geometry,
}: {
  readonly picture: PteCellsPicture;
  readonly geometry: Geometry;
}) {
  const columns = gridColumns(geometry);
  return (
    <>
      {layers.map(({ kind, path }) => (
        <path
          key={kind}
          class={`pte pte-${typeof kind === 'number' ? 'folio' : kind}`}
          d={path}
          fill={typeof kind === 'number' ? cssColor(orderColor(kind, geometry.pmdOrder)) : undefined}
        />
      ))}
      {marks.map(({ page, mark, ink }) => (
        <text
          key={page}
          class={`pte-mark ${ink}`}
          x={(page % columns) * CELL + 5}
          y={Math.floor(page / columns) * CELL + 7.6}
        >
          {mark}
        </text>
      ))}
    </>
  );
}

/**
 * Windows as blocks in the colours of their orders, with their sizes where there is room, and rings on the
 * pages in them that were made of nothing.
 */
export function FolioBlocks({
  windows,
  geometry,
  isFilled,
}: {
  readonly windows: readonly Window[];
  readonly geometry: Geometry;
  readonly isFilled: (page: number) => boolean;
}) {
  const columns = gridColumns(geometry);
  const font = Math.max(2.5, (8.5 * columns) / 32);
  const orders = [...new Set(windows.map(({ order }) => order))];
  return (
    <>
      {orders.map((order) => {
        const color = orderColor(order, geometry.pmdOrder);
        const ofOrder = windows.filter((window) => window.order === order);
        const label = formatOrder(order, geometry);
        const boxes = ofOrder.map((window) => windowRectangle(window, columns));
        const [{ width, height }] = boxes;
        const fits = width * CELL >= label.length * font * 0.65 && height * CELL >= font;
        return (
          <g key={order}>
            <path class="window-collapsed" fill={cssColor(color)} d={boxes.map(block).join('')} />
            <path
              class="filled-ptes"
              stroke={inkOn(color)}
              d={ringsPath(
                ofOrder.flatMap((window) => filledIn(window, isFilled)),
                columns,
              )}
            />
            {fits &&
              boxes.map(({ x, y }) => (
                <text
                  key={`${x} ${y}`}
                  class="window-label"
                  fill={inkOn(color)}
                  stroke={cssColor(color)}
                  font-size={font}
                  x={(x + width / 2) * CELL}
                  y={(y + height / 2) * CELL + font * 0.35}
                >
                  {label}
                </text>
              ))}
          </g>
        );
      })}
    </>
  );
}

function block({ x, y, width, height }: CellRectangle): string {
  const inner = `h${width * CELL - GAP}v${height * CELL - GAP}h${GAP - width * CELL}z`;
  return `M${x * CELL + GAP / 2} ${y * CELL + GAP / 2}${inner}`;
}

/** A ring on each of some pages. */
export function ringsPath(pages: readonly number[], columns: number): string {
  return pages
    .map((page) => {
      const x = (page % columns) * CELL + 5;
      const y = Math.floor(page / columns) * CELL + 5;
      return `M${x - 1.6} ${y}a1.6 1.6 0 1 0 3.2 0a1.6 1.6 0 1 0 -3.2 0`;
    })
    .join('');
}

function filledIn({ offset, order }: Window, isFilled: (page: number) => boolean): number[] {
  return Array.from({ length: 1 << order }, (_, i) => offset + i).filter(isFilled);
}

/** The window that a step is at. */
export function CurrentWindow({ x, y, width, height }: CellRectangle) {
  const box = { x: x * CELL, y: y * CELL, width: width * CELL, height: height * CELL, rx: 2 };
  return (
    <>
      <rect class="window-now-edge" {...box} />
      <rect class="window-now" {...box} />
    </>
  );
}

/** A box with its diagonals. */
export function crossed(window: CellRectangle): string {
  const width = window.width * CELL - 3;
  const height = window.height * CELL - 3;
  const corner = `M${window.x * CELL + 1.5} ${window.y * CELL + 1.5}`;
  return `${corner}h${width}v${height}h${-width}zl${width} ${height}m${-width} 0l${width} ${-height}`;
}
