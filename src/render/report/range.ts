import { formatSize } from '../../core/memory/format-size.ts';
import { growthOf } from '../../analysis/tally.ts';
import { sum } from '../../core/base/sum.ts';
import type { ProcessFinding } from '../../analysis/findings.ts';
import type { JudgedRanges } from '../../analysis/table-judge.ts';
import { type MapCells, tellingRow } from '../../analysis/map-cells.ts';
import { mainOrder, type RangeTable } from '../../analysis/range-table.ts';
import { refusalOf } from '../../analysis/tally.ts';
import { judgeRange } from '../../analysis/verdict.ts';
import { ALGORITHMS } from '../../core/search/algorithms.ts';
import { applyPlan } from '../../core/plan/apply-plan.ts';
import { pagesPerRange } from '../../core/memory/geometry.ts';
import { asOrder, formatOrder, type OrderSet } from '../../core/memory/order.ts';
import { collapsesOf } from '../../core/plan/plan.ts';
import { possibleOrders } from '../../core/rules/vma.ts';
import { html, type Markup } from '../words/markup.ts';
import { plural } from '../../core/base/plural.ts';
import { rangePictures } from './range-svg.ts';
import { refusalText } from '../words/reasons.ts';
import type { ReportView } from './view.ts';

/** The range that says most: now and then, PTE by PTE, and what happens to it in words. */
export function tellingRange(
  { findings, explain }: ReportView,
  table: RangeTable,
  ranges: JudgedRanges,
  cells: MapCells,
  { index, process }: ProcessFinding,
  orders: OrderSet,
): Markup {
  const row = tellingRow(table, ranges, cells);
  const range = table.range(row);
  const { vma } = table.vmas[table.vmaOf[row]];
  const { geometry } = table;
  const { settings } = findings.asked;
  const { model } = findings;
  const eligibility = possibleOrders(vma, settings, model, geometry, process.thpDisabled);
  const runPolicy = { settings, model, algorithm: ALGORITHMS[model.algorithm], outcomes: [] };
  const verdict = judgeRange(range, vma, eligibility, runPolicy);
  const { plan, cost } = verdict;
  const refusal = refusalOf(verdict);
  const pages = pagesPerRange(geometry);
  const resident = sum(cost.before.pagesByOrder);
  const known = { ...range, folioOrders: range.folioOrders ?? new Uint8Array(pages) };
  const collapses = plan ? collapsesOf(plan) : [];
  const byOrder = new Map<number, number>();
  for (const { order } of collapses) byOrder.set(order, (byOrder.get(order) ?? 0) + 1);
  const growth = growthOf(cost);
  const deed = refusal
    ? `Nothing collapses: ${refusalText(refusal, orders)}.`
    : `It collapses to ${[...byOrder]
        .sort(([a], [b]) => b - a)
        .map(([order, count]) => {
          const size = formatOrder(asOrder(order), geometry);
          return count === 1 ? `one folio of ${size}` : `${count} folios of ${size}`;
        })
        .join(
          ', ',
        )}: ${plural(cost.copiedPages, 'page')} copied, ${cost.filledPages} filled; memory ${growth === 0 ? 'does not grow' : `grows by ${formatSize(growth, geometry)}`}.`;
  const command = explain(index, Math.max(vma.start, range.address));
  return html`<h4>One range: <code>0x${range.address.toString(16)}</code></h4>
<p>${resident} of ${pages} PTEs ${resident === 1 ? 'holds' : 'hold'} memory${mainOrder(cost.before.pagesByOrder) > 0 && ', most of it huge already'}. ${deed}</p>
${rangePictures(known, plan && collapses.length > 0 ? applyPlan(known, plan) : undefined)}
${command !== undefined && html`<p class="quiet">Every step: <code>${command}</code></p>`}`;
}
