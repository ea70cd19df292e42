import type { ProcessFinding, RangesFinding } from '../../analysis/report/findings.ts';
import { type JudgedCells, judgedCells, type MapCells, mapCells } from '../../analysis/table/map-cells.ts';
import type { RangeTable } from '../../analysis/table/range-table.ts';
import type { JudgedRanges } from '../../analysis/table/table-judge.ts';
import { formatBytes } from '../../core/base/bytes.ts';
import { plural } from '../../core/base/plural.ts';
import { formatSize } from '../../core/memory/format-size.ts';
import { rangeBytes } from '../../core/memory/geometry.ts';
import { occupancyLegend, occupancyMap, orderLegend, orderMap } from '../svg/map.ts';
import { html, type Markup } from '../words/markup.ts';
import { restartSentence } from '../words/restart-sentence.ts';
import { rangeSection } from './range.ts';
import type { ReportView } from './view.ts';
import { vmaTable } from './vmas.ts';

/** Cells of a map at most: with three maps a process a report of many processes stays below two megabytes. */
const MOST_CELLS = 3072;

/** One process: its maps, its largest VMAs, one range in detail. */
export function processSection(view: ReportView, each: ProcessFinding): Markup | undefined {
  const { findings } = view;
  const { table } = findings.read;
  const { ranges } = findings.asked;
  const cells = table && mapCells(table, each.index, MOST_CELLS);
  if (!table || !ranges || !cells) return undefined;
  const { process, memory } = each;
  const name = `${process.command} (pid ${process.pid})`;
  return html`<section>
<h3>${name}</h3>
<p class="quiet">${formatSize(memory.residentPages, table.geometry)} of anonymous memory${process.cgroup !== '' && process.cgroup !== '/' && html`, control group ${process.cgroup}`}${process.thpDisabled === true && ', THP disabled by prctl'}</p>
<p class="quiet">${restartSentence(each.restart, memory.residentPages, table.geometry)}</p>
${maps(view, table, ranges, cells, name)}
${vmaTable(table, ranges, each.index, name, findings.policy.orders)}
${each.telling && rangeSection(view, each, each.telling)}
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
${occupancyLegend(cells, geometry)}
${orderLegend([then, ...(alternative ? [alternative] : [])] satisfies JudgedCells[], geometry)}`;
}

/** The advice that maps show beside what was asked: for some growth, where that is another policy. */
function advisedFinding(advice: readonly RangesFinding[], asked: RangesFinding): RangesFinding | undefined {
  const middle = advice[Math.floor(advice.length / 2)];
  const same = (a: RangesFinding, b: RangesFinding) =>
    a.hugePages === b.hugePages &&
    a.growthPages === b.growthPages &&
    a.counts.attempts.join() === b.counts.attempts.join();
  return same(middle, asked) ? undefined : middle;
}
