import type { RangeTable, TableVma } from '../../analysis/table/range-table.ts';
import type { JudgedRanges } from '../../analysis/table/table-judge.ts';
import { asOrder, formatOrder, type OrderSet } from '../../core/memory/order.ts';
import { refusalLine } from '../words/explain/reasons.ts';
import { html, type Markup } from '../words/markup.ts';
import { growthCell, scrollable, sizeCell } from './table.ts';

/** VMAs that a table names. */
const MOST_VMAS = 8;

/** The largest VMAs of a process and what becomes of them. */
export function vmaTable(
  table: RangeTable,
  ranges: JudgedRanges,
  process: number,
  name: string,
  orders: OrderSet,
): Markup {
  const { geometry } = table;
  const vmas = table.vmas.filter((vma) => vma.process === process && vma.end > vma.first);
  const shown = vmas.toSorted((a, b) => b.residentPages - a.residentPages).slice(0, MOST_VMAS);
  const row = (each: TableVma) => {
    const { growthPages, becomes } = vmaOutcome(table, ranges, each, orders);
    const { vma } = each;
    return html`<tr><th scope="row"><code>${vma.start.toString(16)}-${vma.end.toString(16)}</code></th><td class="name">${vma.name || 'anonymous'}</td><td class="number">${sizeCell(each.residentPages, geometry)}</td><td class="number">${each.end - each.first}</td><td class="number">${growthCell(growthPages, geometry)}</td><td class="name">${becomes}</td></tr>
`;
  };
  return scrollable(
    `VMAs of ${name}`,
    html`<table>
<caption>${vmas.length > shown.length ? `The ${shown.length} largest of ${vmas.length} anonymous VMAs with pages` : 'Anonymous VMAs with pages'}</caption>
<thead><tr><th scope="col">VMA</th><th scope="col">name</th><th scope="col" class="number">memory</th><th scope="col" class="number">ranges</th><th scope="col" class="number">growth</th><th scope="col">what most ranges become</th></tr></thead>
<tbody>${shown.map(row)}</tbody></table>`,
  );
}

function vmaOutcome(
  table: RangeTable,
  ranges: JudgedRanges,
  { first, end }: TableVma,
  orders: OrderSet,
): { growthPages: number; becomes: string } {
  let growthPages = 0;
  const count = new Map<string, number>();
  for (let row = first; row < end; row++) {
    growthPages += ranges.growthPages[row];
    const code = ranges.refusals[row];
    const order = ranges.mainOrders[row];
    const words =
      code > 0
        ? `unchanged: ${refusalLine(ranges.reasons[code - 1], orders)}`
        : order === 0
          ? 'mostly small pages, some huge'
          : `mostly ${formatOrder(asOrder(order), table.geometry)}`;
    count.set(words, (count.get(words) ?? 0) + 1);
  }
  const [most] = [...count].sort(([, a], [, b]) => b - a);
  return { growthPages, becomes: most?.[0] ?? '' };
}
