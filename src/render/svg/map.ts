import type { JudgedCells, MapCells } from '../../analysis/table/map-cells.ts';
import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import { asOrder, formatOrder } from '../../core/memory/order.ts';
import { OCCUPANCY_LEVELS } from '../report/style.ts';
import { html, type Markup } from '../words/markup.ts';
import { element } from './svg.ts';
import { cellPaths, columnLines, svgImage, swatch } from './svg-image.ts';

const FEWEST_COLUMNS = 24;
const MOST_COLUMNS = 96;

/** Which pages are in use, cell by cell. */
export function occupancyMap(cells: MapCells, title: string): Markup {
  const classes = Array.from(cells.occupancy, (share) =>
    share === 0 ? 'c empty' : `c o${occupancyLevel(share)}`,
  );
  return mapImage(cells, title, classes);
}

/** The size of folios, cell by cell; a thin line is a cell in which nothing changes. */
export function orderMap(cells: MapCells, { orders, stays }: JudgedCells, title: string): Markup {
  const classes = Array.from(orders, (order, cell) => `${stays[cell] ? 'thin' : 'c'} k${order}`);
  return mapImage(cells, title, classes);
}

/** What the shades of an occupancy map mean, for those that occur. */
export function occupancyLegend({ occupancy }: MapCells, geometry: Geometry): Markup {
  const pages = pagesPerRange(geometry);
  const levels = new Set(
    Array.from(occupancy).flatMap((share) => (share === 0 ? [] : [occupancyLevel(share)])),
  );
  const percentUpTo = (level: number) => Math.round((100 * level) / OCCUPANCY_LEVELS);
  return html`<ul class="legend">${occupancy.includes(0) && html`<li>${swatch('c empty')}no page</li>`}${[
    ...levels,
  ]
    .sort((a, b) => a - b)
    .map((level) => {
      const words =
        level === OCCUPANCY_LEVELS - 1
          ? `over ${percentUpTo(level)}% or all of ${pages} pages`
          : `up to ${percentUpTo(level + 1)}%`;
      return html`<li>${swatch(`c o${level}`)}${words}</li>`;
    })}</ul>`;
}

function occupancyLevel(share: number): number {
  return Math.min(OCCUPANCY_LEVELS - 1, Math.max(0, Math.ceil(share * OCCUPANCY_LEVELS) - 1));
}

/** What the colours of order maps mean, for those orders that occur. */
export function orderLegend(judged: readonly JudgedCells[], geometry: Geometry): Markup {
  const orders = new Set(judged.flatMap(({ orders: each }) => [...each]));
  const anyStays = judged.some(({ stays }) => stays.includes(1));
  return html`<ul class="legend">${[...orders]
    .sort((a, b) => b - a)
    .map(
      (order) =>
        html`<li>${swatch(`c k${order}`)}${order === 0 ? 'mostly small pages' : `mostly ${formatOrder(asOrder(order), geometry)}`}</li>`,
    )}${anyStays && html`<li>${swatch('thin k0')}thin: nothing changes</li>`}</ul>`;
}

function mapImage(cells: MapCells, title: string, classes: readonly string[]): Markup {
  const columns = Math.min(MOST_COLUMNS, Math.max(FEWEST_COLUMNS, Math.ceil(Math.sqrt(cells.count * 3))));
  const rows = Math.ceil(cells.count / columns);
  const starts = cells.vmaStarts.map((cell) => `M${cell % columns} ${Math.floor(cell / columns)}v1`).join('');
  return svgImage(
    title,
    'map',
    [columns, rows],
    [
      ...cellPaths(classes, columns),
      columnLines(columns, rows),
      starts !== '' && element('path', { class: 'vma', d: starts }),
    ],
  );
}
