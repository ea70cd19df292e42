import { sum } from '../../core/base/sum.ts';
import { formatSize } from '../../core/memory/format-size.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import { asOrder, formatOrder } from '../../core/memory/order.ts';
import { scrollable, sizeCell } from '../report/table.ts';
import { html, type Markup } from '../words/markup.ts';
import { element } from './svg.ts';
import { svgImage, swatch } from './svg-image.ts';

/** Memory by the size of its folios at one moment, in pages. */
export interface SizedMemory {
  readonly name: string;
  /** Index = order. */
  readonly byOrder: readonly number[];
  /** Pages in large folios of which the source does not know the size. */
  readonly unsized: number;
  /** Pages of these that resident memory grew by. */
  readonly growth: number;
}

interface Segment {
  readonly className: string;
  readonly name: string;
  readonly pages: (memory: SizedMemory) => number;
}

const WIDTH = 1000;

/** Bars of memory by folio order, all on one scale, and the numbers. */
export function orderBars(memories: readonly SizedMemory[], geometry: Geometry): Markup {
  const most = Math.max(1, ...memories.map(totalPages));
  const segments = segmentsOf(geometry).filter((segment) => memories.some((each) => segment.pages(each) > 0));
  const size = (pages: number) => sizeCell(pages, geometry);
  return html`<figure>
${memories.map((memory) => html`<p class="quiet">${memory.name}: ${size(totalPages(memory))}</p>${bar(memory, segments, most, geometry)}`)}
<ul class="legend">${segments.map(({ className, name }) => html`<li>${swatch(`c ${className}`)}${name}</li>`)}${
    memories.some(({ growth }) => growth > 0) && html`<li>${swatch('c filled')}of it growth</li>`
  }</ul>
</figure>
${scrollable(
  'Memory by size, in numbers',
  html`<table>
<caption>Resident memory by the size of the folio that holds it, filled memory included</caption>
<thead><tr><th scope="col">when</th><th scope="col" class="number">all</th>${segments.map(({ name }) => html`<th scope="col" class="number">${name}</th>`)}</tr></thead>
<tbody>${memories.map(
    (
      memory,
    ) => html`<tr><th scope="row" class="name">${memory.name}</th><td class="number">${size(totalPages(memory))}</td>${segments.map(
      ({ pages }) => html`<td class="number">${size(pages(memory))}</td>`,
    )}</tr>
`,
  )}</tbody></table>`,
)}`;
}

function segmentsOf(geometry: Geometry): Segment[] {
  const orders = Array.from({ length: geometry.pmdOrder + 1 }, (_, order) => order).toReversed();
  return [
    ...orders.map((order) => ({
      className: `k${order}`,
      name: order === 0 ? 'small pages' : formatOrder(asOrder(order), geometry),
      pages: ({ byOrder }: SizedMemory) => byOrder[order],
    })),
    { className: 'unsized', name: 'huge, size not recorded', pages: ({ unsized }: SizedMemory) => unsized },
  ];
}

function totalPages({ byOrder, unsized }: SizedMemory): number {
  return sum(byOrder) + unsized;
}

function bar(memory: SizedMemory, segments: readonly Segment[], most: number, geometry: Geometry): Markup {
  let x = 0;
  const paths = segments.map(({ className, pages }) => {
    const width = Math.round((pages(memory) / most) * WIDTH * 10) / 10;
    const path = element('path', { class: className, d: `M${x} 5h${width}` });
    x = Math.round((x + width) * 10) / 10;
    return width > 0 && path;
  });
  const growth = Math.round((memory.growth / most) * WIDTH * 10) / 10;
  if (growth > 0)
    paths.push(element('path', { class: 'filled', d: `M${Math.round((x - growth) * 10) / 10} 8h${growth}` }));
  const words = segments
    .filter(({ pages }) => pages(memory) > 0)
    .map(({ name, pages }) => `${formatSize(pages(memory), geometry)} ${name}`);
  if (memory.growth > 0) words.push(`${formatSize(memory.growth, geometry)} of it growth`);
  return svgImage(`${memory.name}: ${words.join(', ') || 'no memory'}`, 'bar', [WIDTH, 10], paths, true);
}
