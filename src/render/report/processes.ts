import { type ListedFigures, listProcesses } from '../../analysis/prediction/process-list.ts';
import { growthOf, restartGrowthOf } from '../../analysis/ranges/tally.ts';
import type { ProcessFinding } from '../../analysis/report/findings.ts';
import { grouped, plural } from '../../core/base/plural.ts';
import { sum } from '../../core/base/sum.ts';
import { mainRefusal } from '../text/predict/tally.ts';
import { html, type Markup } from '../words/markup.ts';
import { othersLine } from '../words/others-line.ts';
import { recordedIn } from '../words/recorded-in.ts';
import { growthCell, scrollable, sizeCell } from './table.ts';
import type { ReportView } from './view.ts';

/** Lines of the table; processes after these are counted. */
const MOST_ROWS = 200;

/** Every process in a line, in the order that was asked for. */
export function processTable({ findings, listing }: ReportView): Markup {
  const { processes, memory, asked, policy } = findings;
  const isRecorded = processes.some(({ process }) => process.recording);
  const size = (pages: number) => sizeCell(pages, memory.geometry);
  const withMemory = processes.filter((each) => each.memory.ranges > 0);
  const { shown, others } = listProcesses(withMemory, figuresOf, {
    sort: listing.sort,
    top: listing.top ?? MOST_ROWS,
  });
  const rest = othersLine(others, memory.geometry);
  const empty = processes.length - withMemory.length;
  const row = ({ process, memory: own, counts, tally }: ProcessFinding) => {
    return html`<tr><td class="number">${process.pid}</td><th scope="row" class="name">${process.command}</th><td class="number">${size(own.residentPages)}</td><td class="number">${size(own.hugePages)}</td><td class="number">${size(own.hugePages + counts.newlyHugePages)}</td><td class="number">${growthCell(growthOf(counts), memory.geometry)}</td><td class="number">${grouped(sum(counts.attempts))}</td><td class="number">${grouped(sum(counts.laterAttempts))}</td>${asked.ranges && html`<td class="name">${tally ? mainRefusal(tally, policy.orders) : ''}</td>`}${isRecorded && html`<td class="name">${process.recording ? recordedIn(process.recording) : ''}</td>`}</tr>
`;
  };
  return html`${scrollable(
    'Processes',
    html`<table>
<caption>Under the policy asked about; huge is memory in use that lies in large folios</caption>
<thead><tr><th scope="col" class="number">pid</th><th scope="col">command</th><th scope="col" class="number">memory</th><th scope="col" class="number">huge now</th><th scope="col" class="number">huge then</th><th scope="col" class="number">growth</th><th scope="col" class="number">attempts</th><th scope="col" class="number">later</th>${asked.ranges && html`<th scope="col">unchanged, mostly</th>`}${isRecorded && html`<th scope="col">recorded in</th>`}</tr></thead>
<tbody>${shown.map(row)}</tbody></table>`,
  )}${rest !== undefined && html`<p class="quiet">${rest}</p>`}${empty > 0 && html`<p class="quiet">${plural(empty, 'process has', 'processes have')} no anonymous memory.</p>`}`;
}

/** What a list says of a process. */
function figuresOf({ memory, counts, restart }: ProcessFinding): ListedFigures {
  const { residentPages, hugePages } = memory;
  return {
    residentPages,
    hugeNow: hugePages,
    hugeThen: hugePages + counts.newlyHugePages,
    growthPages: growthOf(counts),
    restartGrowthPages: restart && restartGrowthOf({ restart, residentPages }),
  };
}
