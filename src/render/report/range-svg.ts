import { pagesPerRange } from '../../core/memory/geometry.ts';
import { asOrder, formatOrder } from '../../core/memory/order.ts';
import { pteKind } from '../../core/memory/pte-kind.ts';
import type { RangeState } from '../../core/memory/range-state.ts';
import { gridColumns } from '../svg/pte-layers.ts';
import { cellPaths, columnLines, svgImage, swatch } from '../svg/svg-image.ts';
import { html, type Markup } from '../words/markup.ts';

/**
 * The PTEs of a range as it is and, where it changes, as it becomes; `after` undefined where it does not.
 * Pages that a collapse makes of nothing are thin lines.
 */
export function rangePictures(range: RangeState, after: RangeState | undefined): Markup {
  const now = pteClasses(range, undefined);
  const then = after && pteClasses(after, range);
  return html`<div class="panels">
<figure><figcaption>now</figcaption>${pteImage(now, 'The PTEs of the range now', range)}</figure>
${then && html`<figure><figcaption>then</figcaption>${pteImage(then, 'The PTEs of the range after khugepaged', range)}</figure>`}
</div>
${pteLegend([...now, ...(then ?? [])], range)}`;
}

const EMPTY = 'empty';
const SWAPPED = 'c swapped';
const ZERO = 'c zero';
const FILLED = 'thin filled';
const CLASSES = { empty: EMPTY, swap: SWAPPED, zero: ZERO };

/** What each PTE maps, as a class; `before` tells which pages were there before. */
function pteClasses(range: RangeState, before: RangeState | undefined): string[] {
  return Array.from({ length: pagesPerRange(range.geometry) }, (_, page) => {
    const kind = pteKind(range, page);
    if (typeof kind === 'string') return CLASSES[kind];
    const was = before && pteKind(before, page);
    return was === 'empty' || was === 'zero' ? FILLED : `c k${kind}`;
  });
}

function pteImage(classes: readonly string[], title: string, { geometry }: RangeState): Markup {
  const columns = gridColumns(geometry);
  const rows = classes.length / columns;
  return svgImage(
    title,
    'map ptes',
    [columns, rows],
    [...cellPaths(classes, columns), columnLines(columns, rows)],
  );
}

function pteLegend(classes: readonly string[], { geometry }: RangeState): Markup {
  const used = new Set(classes);
  const entry = (name: string, words: string) => used.has(name) && html`<li>${swatch(name)}${words}</li>`;
  const orders = Array.from({ length: geometry.pmdOrder }, (_, i) => geometry.pmdOrder - i);
  return html`<ul class="legend">${entry('c k0', 'small page')}${orders.map((order) => {
    const size = formatOrder(asOrder(order), geometry);
    return entry(`c k${order}`, `in a folio of ${size}`);
  })}${entry(FILLED, 'thin: filled, new memory that holds nothing')}${entry(SWAPPED, 'in swap')}${entry(ZERO, 'zero page')}${entry(EMPTY, 'empty')}</ul>`;
}
