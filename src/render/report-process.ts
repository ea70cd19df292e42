import { type JudgedCells, judgedCells, mapCells, tellingRow, type MapCells } from '../analysis/map-cells.ts';
import type { JudgedRanges, PolicyFinding, ProcessFinding } from '../analysis/findings.ts';
import { mainOrder, type RangeTable, type TableVma } from '../analysis/range-table.ts';
import { judgeRange } from '../analysis/verdict.ts';
import { ALGORITHMS } from '../core/algorithms.ts';
import { applyPlan } from '../core/apply-plan.ts';
import { formatBytes } from '../core/bytes.ts';
import { pageBytes, pagesPerRange, rangeBytes } from '../core/geometry.ts';
import { asOrder, formatOrder, type OrderSet } from '../core/order.ts';
import { collapsesOf } from '../core/plan.ts';
import { possibleOrders } from '../core/vma.ts';
import { refusalOf, sum } from '../analysis/tally.ts';
import { occupancyLegend, occupancyMap, orderLegend, orderMap } from './map-svg.ts';
import { html, type Markup } from './markup.ts';
import { plural } from './plural.ts';
import { rangePictures } from './range-svg.ts';
import { refusalText } from './reasons.ts';
import type { ReportView } from './report-view.ts';

/** Cells of a map at most: with three maps a process a report of many processes stays below two megabytes. */
const MOST_CELLS = 3072;
/** VMAs that a table names. */
const MOST_VMAS = 8;

/** One process: its maps, its largest VMAs, one range in detail. */
export function processSection(view: ReportView, each: ProcessFinding, orders: OrderSet): Markup | undefined {
  const { findings } = view;
  const { table } = findings.read;
  const { ranges } = findings.asked;
  const cells = table && mapCells(table, each.index, MOST_CELLS);
  if (!table || !ranges || !cells) return undefined;
  const { process, memory } = each;
  const name = `${process.command} (pid ${process.pid})`;
  return html`<section aria-label="${name}">
<h3>${name}</h3>
<p class="quiet">${formatBytes(memory.residentPages * pageBytes(table.geometry))} of anonymous memory${process.cgroup !== '' && process.cgroup !== '/' && html`, control group ${process.cgroup}`}${process.thpDisabled && ', THP disabled by prctl'}</p>
${maps(view, table, ranges, cells, name)}
${vmaTable(table, ranges, each.index, name, orders)}
${tellingRange(view, table, ranges, cells, each, orders)}
</section>`;
}

function maps(
  { findings }: ReportView,
  table: RangeTable,
  ranges: JudgedRanges,
  cells: MapCells,
  name: string,
): Markup {
  const { geometry } = table;
  const then = judgedCells(table, ranges, cells);
  const advised = advisedFinding(
    findings.advice.map(({ finding }) => finding),
    findings.asked,
  );
  const alternative = advised?.ranges && judgedCells(table, advised.ranges, cells);
  const share = findings.advice.find(({ finding }) => finding === advised)?.share ?? 0;
  const each = `${plural(cells.rowsPerCell, 'PMD range')} of ${formatBytes(rangeBytes(geometry))}`;
  return html`<div class="panels">
<figure>${occupancyMap(cells, `${name}: pages in use now`)}<figcaption>pages in use now</figcaption></figure>
<figure>${orderMap(cells, then, `${name}: folio sizes then, as asked`)}<figcaption>folio sizes then, as asked</figcaption></figure>
${alternative && html`<figure>${orderMap(cells, alternative, `${name}: folio sizes then, with the advice for ${share * 100}% growth`)}<figcaption>with the advice for ${share * 100}% growth</figcaption></figure>`}
</div>
<p class="quiet">A cell is ${each}, in address order; ranges without a page are left out${cells.vmaStarts.length > 0 && '; an upright line is where a VMA begins'}.</p>
${occupancyLegend(geometry)}
${orderLegend([then, ...(alternative ? [alternative] : [])] satisfies JudgedCells[], geometry)}`;
}

/** The advice that maps show beside what was asked: for some growth, where that is another policy. */
function advisedFinding(advice: readonly PolicyFinding[], asked: PolicyFinding): PolicyFinding | undefined {
  const middle = advice[Math.floor(advice.length / 2)];
  const same = (a: PolicyFinding, b: PolicyFinding) =>
    a.hugePages === b.hugePages &&
    a.growthPages === b.growthPages &&
    a.counts.attempts.join() === b.counts.attempts.join();
  return same(middle, asked) ? undefined : middle;
}

function vmaTable(
  table: RangeTable,
  ranges: JudgedRanges,
  process: number,
  name: string,
  orders: OrderSet,
): Markup {
  const { geometry } = table;
  const size = (pages: number) => (pages === 0 ? '0' : formatBytes(pages * pageBytes(geometry)));
  const vmas = table.vmas.filter((vma) => vma.process === process && vma.end > vma.first);
  const shown = vmas.toSorted((a, b) => b.residentPages - a.residentPages).slice(0, MOST_VMAS);
  const row = (each: TableVma) => {
    const { growthPages, becomes } = vmaOutcome(table, ranges, each, orders);
    const { vma } = each;
    return html`<tr><th scope="row"><code>${vma.start.toString(16)}-${vma.end.toString(16)}</code></th><td class="name">${vma.name || 'anonymous'}</td><td class="number">${size(each.residentPages)}</td><td class="number">${each.end - each.first}</td><td class="number">${growthPages === 0 ? '0' : `+${size(growthPages)}`}</td><td class="name">${becomes}</td></tr>
`;
  };
  return html`<div class="wide" tabindex="0" role="region" aria-label="VMAs of ${name}"><table>
<caption>${vmas.length > shown.length ? `The ${shown.length} largest of ${vmas.length} anonymous VMAs with pages` : 'Anonymous VMAs with pages'}</caption>
<thead><tr><th scope="col">VMA</th><th scope="col">name</th><th scope="col" class="number">memory</th><th scope="col" class="number">ranges</th><th scope="col" class="number">growth</th><th scope="col">what most ranges become</th></tr></thead>
<tbody>${shown.map(row)}</tbody></table></div>`;
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
        ? `unchanged: ${refusalText(ranges.reasons[code - 1], orders)}`
        : order === 0
          ? 'mostly small pages, some huge'
          : `mostly ${formatOrder(asOrder(order), table.geometry)}`;
    count.set(words, (count.get(words) ?? 0) + 1);
  }
  const [most] = [...count].sort(([, a], [, b]) => b - a);
  return { growthPages, becomes: most?.[0] ?? '' };
}

/** The range that says most: now and then, PTE by PTE, and what happens to it in words. */
function tellingRange(
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
  const question = { settings, model, algorithm: ALGORITHMS[model.algorithm], outcomes: [] };
  const verdict = judgeRange(range, vma, eligibility, question);
  const { plan, cost } = verdict;
  const refusal = refusalOf(verdict);
  const pages = pagesPerRange(geometry);
  const size = (count: number) => formatBytes(count * pageBytes(geometry));
  const known = { ...range, folioOrders: range.folioOrders ?? new Uint8Array(pages) };
  const collapses = plan ? collapsesOf(plan) : [];
  const byOrder = new Map<number, number>();
  for (const { order } of collapses) byOrder.set(order, (byOrder.get(order) ?? 0) + 1);
  const growth = cost.filledPages + cost.swappedInPages;
  const deed = refusal
    ? `Nothing collapses: ${refusalText(refusal, orders)}.`
    : `It collapses to ${[...byOrder]
        .sort(([a], [b]) => b - a)
        .map(([order, count]) => plural(count, `${formatOrder(asOrder(order), geometry)} folio`))
        .join(
          ', ',
        )}: ${plural(cost.copiedPages, 'page')} copied, ${cost.filledPages} filled; memory ${growth === 0 ? 'does not grow' : `grows by ${size(growth)}`}.`;
  const command = explain(index, range.address);
  return html`<h4>One range: <code>0x${range.address.toString(16)}</code></h4>
<p>${sum(cost.before.pagesByOrder)} of ${pages} PTEs hold memory${mainOrder(cost.before.pagesByOrder) > 0 && ', most of it huge already'}. ${deed}</p>
${rangePictures(known, plan && collapses.length > 0 ? applyPlan(known, plan) : undefined)}
${command !== undefined && html`<p class="quiet">Every step: <code>${command}</code></p>`}`;
}
