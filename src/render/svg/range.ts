import { pagesPerRange } from '../../core/memory/geometry.ts';
import { formatOrder, type Window } from '../../core/memory/order.ts';
import type { RangeState } from '../../core/memory/range-state.ts';
import { markOf } from '../words/explain/pte-marks.ts';
import { html, type Markup, type Part } from '../words/markup.ts';
import { cssColor, inkOn, orderColor, SMALL_PAGE, SWAPPED, ZERO_PAGE } from './palette.ts';
import { cellsPath, gridColumns, pteLayers, windowRectangle } from './pte-layers.ts';
import { element, textAt } from './svg.ts';

/** Letters of marks are drawn in cells of at least so many units. */
const MARKED_CELL = 9;

/** A range as a grid of PTEs. */
export interface RangePicture {
  readonly width: number;
  readonly height: number;
  readonly svg: Part;
}

/**
 * The PTEs of a range in a grid at most so wide, each by what it maps; `collapsed` windows are drawn as one
 * block.
 */
export function rangeSvg(range: RangeState, collapsed: readonly Window[], most: number): RangePicture {
  const { geometry } = range;
  const columns = gridColumns(geometry);
  const rows = pagesPerRange(geometry) / columns;
  const size = Math.min(24, most / columns);
  const cells = { columns, width: size, height: size, gap: size / 6 };
  const layers = [...pteLayers(range)].map(([kind, pages]) => {
    const d = cellsPath(pages, cells);
    if (kind === 'empty') return element('path', { class: 'tx-empty', d });
    if (kind === 'swap') return element('path', { class: 'tx-swap', d });
    if (kind === 'zero') return element('path', { fill: cssColor(ZERO_PAGE), d });
    return element('path', { fill: cssColor(orderColor(kind, geometry.pmdOrder)), d });
  });
  const blocks = collapsed.map((window) => {
    const { x, y, width, height } = windowRectangle(window, columns);
    const color = orderColor(window.order, geometry.pmdOrder);
    const block = element('rect', {
      x: x * size + 0.5,
      y: y * size + 0.5,
      width: width * size - 1,
      height: height * size - 1,
      rx: 2,
      fill: cssColor(color),
    });
    const label = formatOrder(window.order, geometry);
    if (width * size < label.length * 8 || height * size < MARKED_CELL) return block;
    const middle = { x: (x + width / 2) * size, y: (y + height / 2) * size + 4, class: 'tx-label' };
    return html`${block}${element('text', { ...middle, fill: inkOn(color) }, label)}`;
  });
  return {
    width: columns * size,
    height: rows * size,
    svg: [layers, blocks, size >= MARKED_CELL && markTexts(range, collapsed, columns, size)],
  };
}

function markTexts(range: RangeState, collapsed: readonly Window[], columns: number, size: number): Markup[] {
  const texts: Markup[] = [];
  for (let page = 0; page < pagesPerRange(range.geometry); page++) {
    const mark = markOf(range, page)?.mark;
    const covered = collapsed.some(({ offset, order }) => offset <= page && page < offset + (1 << order));
    if (!mark || covered) continue;
    const x = ((page % columns) + 0.5) * size;
    const y = (Math.floor(page / columns) + 0.5) * size + 3;
    texts.push(textAt(x, y, mark, mark === 's' || mark === 'g' ? 'tx-mark' : 'tx-mark tx-on'));
  }
  return texts;
}

/** What the classes of these pictures look like, on light and on dark pages. */
export const RANGE_STYLE = `
.tx-empty{fill:none;stroke:#c3c9d0;stroke-width:.7}
.tx-swap{fill:none;stroke:${cssColor(SWAPPED)};stroke-width:1.4}
.tx-pages{fill:${cssColor(SMALL_PAGE)}}
.tx-label{text-anchor:middle;font-weight:700}
.tx-mark{text-anchor:middle;font-size:8px;font-weight:700}
.tx-on{fill:#000}
@media(prefers-color-scheme:dark){.tx-empty{stroke:#474f59}}`;
