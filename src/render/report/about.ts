import { assumesRegistration } from '../../analysis/ranges/assumptions.ts';
import { groupGrowth } from '../../analysis/ranges/group-limits.ts';
import {
  growthOf,
  isHuge,
  type Refusal,
  type RefusedMemory,
  restartGrowthOf,
} from '../../analysis/ranges/tally.ts';
import { formatBytes } from '../../core/base/bytes.ts';
import { grouped, plural } from '../../core/base/plural.ts';
import { sum } from '../../core/base/sum.ts';
import { formatSize } from '../../core/memory/format-size.ts';
import { type Geometry, pageBytes } from '../../core/memory/geometry.ts';
import { resultName } from '../../core/rules/kernel-model.ts';
import { isScanResult } from '../../core/rules/scan-result.ts';
import { blindSpots } from '../words/advise/advise-view.ts';
import { refusalLine } from '../words/explain/reasons.ts';
import { growthBeyondLimits, REGISTRATION_ADVICE } from '../words/explain/surroundings.ts';
import { reportWords } from '../words/glossary.ts';
import { html, type Markup } from '../words/markup.ts';
import { settingsLine } from './answer.ts';
import { scrollable } from './table.ts';
import type { ReportView } from './view.ts';

const MOST_FAILURES = 20;

/** Memory that stays as it is, by the reason. */
export function refusedSection({ findings }: ReportView): Markup {
  const { asked, memory, model } = findings;
  const { orders } = findings.policy;
  const refused = [...(asked.ranges?.total.refused ?? memory.refused)].sort(
    ([a, x], [b, y]) => Number(isHuge(a)) - Number(isHuge(b)) || y.pages - x.pages,
  );
  const failed = [...(asked.ranges?.total.failedAttempts ?? [])].sort(([, a], [, b]) => b - a);
  const left = asked.ranges?.total.leftSmallPages ?? 0;
  const code = (name: string) => isScanResult(name) && html` <code>${resultName(name, model)}</code>`;
  const row = ([refusal, { ranges, pages }]: readonly [Refusal, RefusedMemory]) =>
    html`<tr><th scope="row" class="name">${refusalLine(refusal, orders)}${code(refusal)}</th><td class="number">${formatSize(pages, memory.geometry)}</td><td class="number">${grouped(ranges)}</td></tr>
`;
  return html`${asked.ranges === undefined && html`<p>Counts alone tell of ranges that no policy reaches, not of those that this one leaves.</p>`}
${
  refused.length === 0
    ? html`<p>Something collapses in every range.</p>`
    : scrollable(
        'What stays as it is',
        html`<table>
<caption>PMD ranges in which nothing changes</caption>
<thead><tr><th scope="col">why</th><th scope="col" class="number">memory</th><th scope="col" class="number">ranges</th></tr></thead>
<tbody>${refused.map(row)}</tbody></table>`,
      )
}
${left > 0 && html`<p>${formatSize(left, memory.geometry)} more stay small in ranges that collapse in part.</p>`}
${failed.length > 0 && html`<p>Attempts that fail:</p><ul>${failed.map(([result, count]) => html`<li>${plural(count, 'attempt')}: ${refusalLine(result, orders)}${code(result)}</li>`)}</ul>`}`;
}

/** What was read, under which settings, and what could not be seen. */
export function readSection({ findings, origins, cache }: ReportView): Markup {
  const { memory, read, model, advice, inForce } = findings;
  const { digest, table } = read;
  const { geometry } = memory;
  const middle = advice[Math.floor(advice.length / 2)];
  const isVisitAssumed = [findings.asked, middle.finding].some(({ settings }) =>
    assumesRegistration(digest.host, settings, geometry),
  );
  const unseen = [
    ...(isVisitAssumed ? [REGISTRATION_ADVICE.join(' ')] : []),
    ...blindSpots({
      source: digest,
      memory,
      model,
      advised: middle.advice.advised,
      leave: middle.advice.leave,
    }),
  ];
  const cell = (text: string | undefined) => html`<td class="name">${text || 'not recorded'}</td>`;
  const failures = digest.skipped
    .filter(({ leftOutBytes }) => leftOutBytes === undefined)
    .slice(0, MOST_FAILURES);
  return html`${scrollable(
    'Sources',
    html`<table>
<caption>Sources</caption>
<thead><tr><th scope="col">source</th><th scope="col">host</th><th scope="col">kernel</th><th scope="col">read at</th></tr></thead>
<tbody>${origins.map(
      ({
        source,
        live,
        host,
        kernelRelease,
        time,
      }) => html`<tr><th scope="row" class="name">${live ? `running processes (${source})` : source}</th>${[host, kernelRelease, time].map(cell)}</tr>
`,
    )}</tbody></table>`,
  )}
<p>${plural(digest.processes.length, 'process', 'processes')}, pages of ${formatBytes(pageBytes(geometry))}, ${plural(memory.ranges, 'PMD range')} with anonymous memory. Settings in force: ${inForce ? settingsLine(inForce.settings, geometry) : 'not known, or not the same everywhere'}.</p>
${table === undefined && html`<p>This is a digest: it holds counts and no ranges, so there are no maps and no VMAs here. A snapshot (<code>thpscope capture</code>) gives them.</p>`}
${digest.notes.length > 0 && html`<p>Notes of the reading:</p><ul>${digest.notes.map((note) => html`<li>${note}</li>`)}</ul>`}
${failures.length > 0 && html`<p>Could not be read:</p><ul>${failures.map(({ pid, reason }) => html`<li>pid ${pid}: ${reason}</li>`)}</ul>`}
<p>Not seen or not promised:</p>
<ul><li>file and shared memory: ${cache?.byKind.size ? 'all but the section on them is about anonymous memory' : 'all of this is about anonymous memory'}</li>
${[...groupLines(findings), ...sharingLines(findings), ...unseen].map(
  (line) => html`<li>${line}</li>
`,
)}</ul>`;
}

/** The figures of a report know no limits of control groups. */
function groupLines({ processes, memory }: ReportView['findings']): string[] {
  const bytes = pageBytes(memory.geometry);
  const growth = processes.map(({ process, counts, restart, memory: own }) => ({
    process,
    growthBytes: growthOf(counts) * bytes,
    restartGrowthBytes: restart ? restartGrowthOf({ restart, residentPages: own.residentPages }) * bytes : 0,
  }));
  return growthBeyondLimits(groupGrowth(growth));
}

/** Where processes share pages by fork, sums of them say more than the machine has. */
function sharingLines({ processes, memory }: ReportView['findings']): string[] {
  const shared = sum(processes.map(({ restart }) => restart?.sharedPages ?? 0));
  if (processes.length < 2 || shared === 0) return [];
  const once = memory.repeated ? '; what is said of the machine counts them once' : '';
  return [
    `pages shared by fork, ${formatSize(shared, memory.geometry)} in all: each process counts those that it shares, and so do the sums of resident memory, now and after a restart${once}`,
  ];
}

/** Words of this page. */
export function glossary(geometry: Geometry): Markup {
  return html`<dl>${reportWords(geometry).map(
    ([word, meaning]) => html`<dt><strong>${word}</strong></dt><dd>${meaning}</dd>
`,
  )}</dl>`;
}

/** How to make this report again. */
export function againSection({ version, command }: ReportView): Markup {
  return html`<pre>${command}</pre>
<p class="quiet">thpscope ${version}, thpscope/report@1. The same input gives the same file.</p>`;
}
