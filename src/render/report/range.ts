import { growthOf, refusalOf } from '../../analysis/ranges/tally.ts';
import type { Verdict } from '../../analysis/ranges/verdict.ts';
import type { ProcessFinding } from '../../analysis/report/findings.ts';
import type { TellingRange } from '../../analysis/report/telling-range.ts';
import { mainOrder } from '../../analysis/table/range-table.ts';
import { plural } from '../../core/base/plural.ts';
import { sum } from '../../core/base/sum.ts';
import { formatSize } from '../../core/memory/format-size.ts';
import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import { asOrder, formatOrder, type OrderSet, type Window } from '../../core/memory/order.ts';
import { collapsesOf } from '../../core/plan/collapses.ts';
import { refusalLine } from '../words/explain/reasons.ts';
import { html, type Markup } from '../words/markup.ts';
import { rangePictures } from './range-svg.ts';
import type { ReportView } from './view.ts';

/** The range that says most: now and then, PTE by PTE, and what happens to it in words. */
export function rangeSection(
  { explain, findings }: ReportView,
  { index }: ProcessFinding,
  { vma, verdict, before, after }: TellingRange,
): Markup {
  const { range, cost } = verdict;
  const pages = pagesPerRange(range.geometry);
  const resident = sum(cost.before.pagesByOrder);
  const command = explain(index, Math.max(vma.start, range.address));
  return html`<h4>One range: <code>0x${range.address.toString(16)}</code></h4>
<p>${resident} of ${pages} PTEs ${resident === 1 ? 'holds' : 'hold'} memory${mainOrder(cost.before.pagesByOrder) > 0 && ', most of it huge already'}. ${outcomeLine(verdict, findings.policy.orders)}</p>
${rangePictures(before, after)}
${command !== undefined && html`<p class="quiet">Every step: <code>${command}</code></p>`}`;
}

function outcomeLine(verdict: Verdict, orders: OrderSet): string {
  const { plan, cost, range } = verdict;
  const refusal = refusalOf(verdict);
  if (refusal) return `Nothing collapses: ${refusalLine(refusal, orders)}.`;
  const growth = growthOf(cost);
  const memory = growth === 0 ? 'does not grow' : `grows by ${formatSize(growth, range.geometry)}`;
  return `It collapses to ${foliosLine(plan ? collapsesOf(plan) : [], range.geometry)}: ${plural(cost.copiedPages, 'page')} copied, ${cost.filledPages} filled; memory ${memory}.`;
}

/** "one folio of 64K, 3 folios of 32K". */
function foliosLine(collapses: readonly Window[], geometry: Geometry): string {
  const byOrder = new Map<number, number>();
  for (const { order } of collapses) byOrder.set(order, (byOrder.get(order) ?? 0) + 1);
  return [...byOrder]
    .sort(([a], [b]) => b - a)
    .map(([order, count]) => {
      const size = formatOrder(asOrder(order), geometry);
      return count === 1 ? `one folio of ${size}` : `${count} folios of ${size}`;
    })
    .join(', ');
}
