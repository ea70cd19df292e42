import { policyCount } from '../../analysis/sweep.ts';
import type { SysfsWrite } from '../../analysis/sysfs-writes.ts';
import { percent } from '../../core/base/percent.ts';
import { plural } from '../../core/base/plural.ts';
import { sum } from '../../core/base/sum.ts';
import { formatSize } from '../../core/memory/format-size.ts';
import { writeScript } from '../text/write-script.ts';
import { adviceLine } from '../words/advise-view.ts';
import { html, type Markup } from '../words/markup.ts';
import { budgetLine } from './answer.ts';
import type { ReportView } from './view.ts';

/** What advise would set for each budget, how, and how to go back. */
export function adviceSection({ findings }: ReportView): Markup {
  const { advice, memory, inForce } = findings;
  const { residentPages, geometry } = memory;
  const sections = advice.map(({ share, chosen, finding, set, restore }, i) => {
    const same = advice.findIndex((other) => other.chosen.index === chosen.index);
    const title = share === 0 ? 'Memory must not grow' : `Memory may grow ${budgetLine(share)}`;
    if (same < i)
      return html`<section><h3>${title}</h3><p>The same as for ${advice[same].share * 100}%: nothing that grows memory by so little brings more.</p></section>`;
    const { counts, hugePages, growthPages } = finding;
    const later = sum(counts.laterAttempts);
    const growth =
      growthPages === 0
        ? 'no growth'
        : `growth of ${formatSize(growthPages, geometry)} (+${percent(growthPages, residentPages)})`;
    const work = `${plural(sum(counts.attempts), 'attempt')} and ${formatSize(counts.copiedPages, geometry)} copied at once`;
    const passes =
      later === 0
        ? 'nothing is tried again later'
        : `${plural(later, 'attempt')} in every later pass that change nothing`;
    return html`<section><h3>${title}</h3>
<p>${adviceLine(chosen.policy, geometry)} ${percent(hugePages, residentPages)} of the memory in use in huge pages, ${growth}; ${work}, ${passes}.</p>
<div class="writes">
<div><h4>To set it, as root</h4>
${writes(set)}</div>
<div><h4>To go back</h4>
${restore ? writes(restore) : html`<p>The settings in force are not known, so neither is the way back.</p>`}</div>
</div>
</section>`;
  });
  return html`<p>The best of ${plural(policyCount(findings.space), 'policy', 'policies')} for this memory: what brings most of it into huge pages within the budget. thpscope writes nothing itself; what is collapsed stays collapsed when settings are put back.${inForce === undefined && " The writes start from the kernel's defaults."}</p>
${sections}`;
}

function writes(list: readonly SysfsWrite[]): Markup {
  if (list.length === 0) return html`<p>Nothing to write.</p>`;
  const [first, ...others] = writeScript(list).split('\n');
  return html`<pre>${first}${others.map(
    (line) => html`
${line}`,
  )}</pre>`;
}
