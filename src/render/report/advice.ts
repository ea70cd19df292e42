import { isSameAdvice } from '../../analysis/report/findings.ts';
import { policyCount } from '../../analysis/sweep/sweep.ts';
import type { SysfsWrite } from '../../analysis/sweep/sysfs-writes.ts';
import { plural } from '../../core/base/plural.ts';
import { writeScript } from '../text/advise/write-script.ts';
import { reasonLines } from '../words/advise/advice-reasons.ts';
import { adviceLine, groupLines, lossLines, worthSentence } from '../words/advise/advise-view.ts';
import { html, type Markup } from '../words/markup.ts';
import { reachWords } from '../words/tlb-words.ts';
import { budgetLine } from './answer.ts';
import type { ReportView } from './view.ts';

/** What advise says for each budget, how to follow it, and how to go back. */
export function adviceSection({ findings }: ReportView): Markup {
  const { advice, memory, inForce, read } = findings;
  const { geometry } = memory;
  const sections = advice.map(({ share, budget, advice: each }, i) => {
    const same = advice.findIndex((other) => isSameAdvice(other, advice[i]));
    const title = share === 0 ? 'Memory must not grow' : `Memory may grow ${budgetLine(share)}`;
    if (same < i)
      return html`<section><h3>${title}</h3><p>The same as for ${advice[same].share * 100}%.</p></section>`;
    const { leave, advised, set, restore } = each;
    const reasons = [...reasonLines(each, budget, memory), ...groupLines(each, geometry)];
    const losses = lossLines(each, geometry);
    return html`<section><h3>${title}</h3>
<p>${adviceLine(each, geometry)} ${worthSentence(advised, memory)}</p>
${reasons.length > 0 && html`<p>${reasons.join(' ')}</p>`}
${losses.length > 0 && html`<p>${losses.map((line) => `${line}.`).join(' ')}</p>`}
${
  !leave &&
  html`<div class="writes">
<div><h4>To set it, as root</h4>
${writes(set)}</div>
<div><h4>To go back</h4>
${restore ? writes(restore) : html`<p>The settings in force are not known, so neither is the way back.</p>`}</div>
</div>`
}
</section>`;
  });
  return html`<p>Of ${plural(policyCount(findings.space), 'policy', 'policies')} the one that maps this memory with the fewest TLB entries, now and after a restart, within a budget of growth; of TLB entries ${reachWords(read.digest.reach, geometry)}. thpscope writes nothing itself; what is collapsed stays collapsed when settings are put back.${inForce === undefined && ' The settings in force are not known.'}</p>
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
