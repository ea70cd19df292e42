import type { Findings, ProcessFinding } from '../../analysis/findings.ts';
import { growthOf } from '../../analysis/tally.ts';
import { grouped, plural } from '../../core/base/plural.ts';
import { sum } from '../../core/base/sum.ts';
import { mainRefusal } from '../text/tally.ts';
import { html, type Markup } from '../words/markup.ts';
import { growthCell, scrollable, sizeCell } from './table.ts';

/** Lines of the table; processes after these are counted. */
const MOST_ROWS = 200;

/** Every process in a line, those that change most first. */
export function processTable({ processes, memory, asked, policy }: Findings): Markup {
  const size = (pages: number) => sizeCell(pages, memory.geometry);
  const shown = processes.filter((each) => each.memory.ranges > 0).slice(0, MOST_ROWS);
  const rest = processes.length - shown.length;
  const row = ({ process, memory: own, counts, tally }: ProcessFinding) => {
    return html`<tr><td class="number">${process.pid}</td><th scope="row" class="name">${process.command}</th><td class="number">${size(own.residentPages)}</td><td class="number">${size(own.hugePages)}</td><td class="number">${size(own.hugePages + counts.newlyHugePages)}</td><td class="number">${growthCell(growthOf(counts), memory.geometry)}</td><td class="number">${grouped(sum(counts.attempts))}</td><td class="number">${grouped(sum(counts.laterAttempts))}</td>${asked.ranges && html`<td class="name">${tally ? mainRefusal(tally, policy.orders) : ''}</td>`}</tr>
`;
  };
  return html`${scrollable(
    'Processes',
    html`<table>
<caption>Under the policy asked about; huge is memory in use that lies in large folios</caption>
<thead><tr><th scope="col" class="number">pid</th><th scope="col">command</th><th scope="col" class="number">memory</th><th scope="col" class="number">huge now</th><th scope="col" class="number">huge then</th><th scope="col" class="number">growth</th><th scope="col" class="number">attempts</th><th scope="col" class="number">later</th>${asked.ranges && html`<th scope="col">unchanged, mostly</th>`}</tr></thead>
<tbody>${shown.map(row)}</tbody></table>`,
  )}${rest > 0 && html`<p class="quiet">${plural(rest, 'process', 'processes')} not shown: without anonymous memory, or with less to change.</p>`}`;
}
