import type { PolicyFinding } from '../../analysis/report/findings.ts';
import { policyCount } from '../../analysis/sweep/sweep.ts';
import { percent } from '../../core/base/percent.ts';
import { grouped, plural } from '../../core/base/plural.ts';
import { sum } from '../../core/base/sum.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import { tradeoffChart } from '../svg/tradeoff.ts';
import { html, type Markup } from '../words/markup.ts';
import { sizeSettingsLine } from '../words/sizes.ts';
import { growthCell, scrollable } from './table.ts';
import type { ReportView } from './view.ts';

/** A policy with the names under which the report knows it. */
interface NamedPolicy {
  readonly names: string[];
  readonly finding: PolicyFinding;
}

/** The chart of all policies, and a table of those that it marks. */
export function tradeoffSection({ findings, inForce }: ReportView): Markup {
  const { memory, space, values, front } = findings;
  const { geometry, residentPages } = memory;
  const named = namedPolicies({ findings, inForce });
  const marks = named.map(({ finding }, i) => ({ ...finding, label: String(i + 1) }));
  const policies = policyCount(space);
  return html`<figure>
${scrollable('Chart of the trade-off', tradeoffChart(space, values, residentPages, marks))}
<figcaption>All ${plural(policies, 'policy', 'policies')}: every set of sizes with every max_ptes_none. The darker a place is (on a dark page: the brighter), the more policies lie there. The line is the most that a growth brings; growth has a square-root scale. ${plural(front.length, 'policy', 'policies')} ${front.length === 1 ? 'is' : 'are'} beaten by none in huge memory, growth and later work: <code>thpscope sweep</code> lists them.</figcaption>
</figure>
${scrollable(
  'Marked policies',
  html`<table>
<caption>The marked policies</caption>
<thead><tr><th scope="col">mark</th><th scope="col">policy</th><th scope="col">sizes</th><th scope="col" class="number">max_ptes_none</th><th scope="col" class="number">huge</th><th scope="col" class="number">growth</th><th scope="col" class="number">attempts</th><th scope="col" class="number">later</th></tr></thead>
<tbody>${named.map(
    ({ names, finding }, i) =>
      html`<tr><th scope="row">${i + 1}</th><td class="name">${names.join('; ')}</td><td class="name">${sizesCell(finding, geometry)}</td><td class="number">${finding.settings.maxPtesNone}</td><td class="number">${percent(finding.hugePages, residentPages)}</td><td class="number">${growthCell(finding.growthPages, geometry)}</td><td class="number">${grouped(sum(finding.counts.attempts))}</td><td class="number">${grouped(sum(finding.counts.laterAttempts))}</td></tr>
`,
  )}</tbody></table>`,
)}`;
}

function sizesCell({ settings }: PolicyFinding, geometry: Geometry): string {
  const words = sizeSettingsLine(settings, geometry);
  return words.includes('inherit') ? `${words} (${settings.enabled})` : words;
}

function namedPolicies({ findings, inForce }: Pick<ReportView, 'findings' | 'inForce'>): NamedPolicy[] {
  const { asked, inForce: known, kernelDefault, allSizes, advice } = findings;
  const all: (readonly [string, PolicyFinding])[] = [
    ...(known ? [['in force', known] as const] : []),
    ...(inForce ? [] : [['asked about', asked] as const]),
    ['kernel default', kernelDefault],
    ['all sizes, nothing filled', allSizes],
    ...advice.map(({ share, finding }) => [`advice for ${share * 100}% growth`, finding] as const),
  ];
  const named = new Map<string, NamedPolicy>();
  for (const [name, finding] of all) {
    const { sizes, ...rest } = finding.settings;
    const key = JSON.stringify([
      rest,
      [...sizes].filter(([, word]) => word !== 'never').sort(([a], [b]) => a - b),
    ]);
    const earlier = named.get(key);
    if (earlier) earlier.names.push(name);
    else named.set(key, { names: [name], finding });
  }
  return [...named.values()];
}
