import { machinePages, otherBytesOf } from '../../analysis/digest/memory-digest.ts';
import type { EntryCounts } from '../../analysis/ranges/tally-entries.ts';
import type { PolicyFinding } from '../../analysis/report/findings.ts';
import { percent } from '../../core/base/percent.ts';
import { grouped, plural } from '../../core/base/plural.ts';
import { sum } from '../../core/base/sum.ts';
import { formatSize } from '../../core/memory/format-size.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';
import { adviceLine, worthSentence } from '../words/advise/advise-view.ts';
import { kernelWords, otherKernelLine } from '../words/kernel-words.ts';
import { html, type Markup } from '../words/markup.ts';
import { ignoredLimitLine } from '../words/none-limit-note.ts';
import { notCovered } from '../words/not-covered.ts';
import { RESTART_IS_A_BOUND, restartSentence } from '../words/restart-sentence.ts';
import { sharedByFork } from '../words/shared-by-fork.ts';
import { sizeSettingsLine } from '../words/sizes.ts';
import { reachWords } from '../words/tlb-words.ts';
import type { ReportView } from './view.ts';

/** The findings in a few sentences, and their figures. */
export function answer({ findings, inForce, readOn }: ReportView): Markup {
  const { asked, advice, kernelDefault, memory, model, read } = findings;
  const { geometry, residentPages } = memory;
  const attempts = sum(asked.counts.attempts);
  const collapses = sum(asked.counts.collapses);
  const later = sum(asked.counts.laterAttempts);
  const whose = inForce ? 'the settings in force' : 'the settings asked about';
  const { growthPages, hugePages } = asked;
  const ignored = ignoredLimitLine(findings.policy, geometry);
  const other = otherKernelLine(model, readOn, geometry);
  return html`
<p class="lead">Under ${whose}, khugepaged of ${kernelWords(model, readOn)} ${outcomeLine(asked, memory.hugePages, residentPages, geometry)} ${workLine(asked, geometry)}${changesNothing(asked) && html` The kernel's default (${settingsLine(kernelDefault.settings, geometry)}) ${outcomeLine(kernelDefault, memory.hugePages, residentPages, geometry)}`}</p>
<p>${restartSentence(asked.machineRestart, machinePages(memory), geometry, memory.repeated?.pages ? 'memory of the machine' : 'resident memory')}${asked.restart && ` (${RESTART_IS_A_BOUND}.)`}</p>
<p class="quiet">${whose[0].toUpperCase() + whose.slice(1)}: ${settingsLine(asked.settings, geometry)}.${ignored !== undefined && ` Note: ${ignored}.`}${other !== undefined && ` Of this kernel: ${other}.`}</p>
<dl class="figures">
<div><dt>memory read</dt><dd>${formatSize(residentPages, geometry)} <small>anonymous, ${plural(memory.ranges, 'PMD range')}</small></dd></div>
<div><dt>in huge pages</dt><dd>${percent(memory.hugePages, residentPages)} → ${percent(hugePages, residentPages)} <small>of the memory in use</small></dd></div>
<div><dt>growth</dt><dd>${growthPages === 0 ? 'none' : `+${formatSize(growthPages, geometry)}`} <small>${growthPages === 0 ? 'resident memory stays the same' : `+${percent(growthPages, residentPages)} of resident memory`}</small></dd></div>
<div><dt>TLB entries</dt><dd>${entriesFigure(asked.entries)}</dd></div>
<div><dt>work at once</dt><dd>${grouped(attempts)} <small>${attempts === 1 ? 'attempt' : 'attempts'}, ${plural(collapses, 'collapse')}, ${formatSize(asked.counts.copiedPages, geometry)} copied</small></dd></div>
<div><dt>work of each later pass</dt><dd>${grouped(later)} <small>${later === 1 ? 'attempt' : 'attempts'} that change nothing</small></dd></div>
</dl>
<p class="quiet">Of TLB entries ${reachWords(read.digest.reach, geometry)}; after a restart it takes that many if page faults fill as much as they may.</p>
${sharedByFork(memory, findings.processes.length).map((line) => html`<p class="quiet">${line[0].toUpperCase()}${line.slice(1)}.</p>`)}<p class="quiet">Not covered: ${notCovered(otherBytesOf(memory), findings.processes.length)}.</p>
<p>What advise says, by how much memory may grow now by khugepaged and at a restart by page faults:</p>
<ul>${advice.map(
    ({ share, advice: each }) =>
      html`<li>${budgetLine(share)}: ${adviceLine(each, geometry)}${!each.leave && ` ${worthSentence(each.advised, memory)}`}</li>
`,
  )}</ul>`;
}

/** "not at all", "by 2%". */
export function budgetLine(share: number): string {
  return share === 0 ? 'not at all' : `by up to ${share * 100}%`;
}

/** "top level madvise, sizes 2M inherit; max_ptes_none 511, max_ptes_swap 64, max_ptes_shared 256". */
export function settingsLine(settings: ThpSettings, geometry: Geometry): string {
  const { enabled, maxPtesNone, maxPtesSwap, maxPtesShared } = settings;
  return `top level ${enabled}, sizes ${sizeSettingsLine(settings, geometry)}; max_ptes_none ${maxPtesNone}, max_ptes_swap ${maxPtesSwap}, max_ptes_shared ${maxPtesShared}`;
}

function entriesFigure({ before, after, restart }: EntryCounts): Markup {
  const [now, then] = [before, after].map((entries) => grouped(Math.round(entries)));
  const restarted = restart === undefined ? 'not known' : grouped(Math.round(restart));
  return html`${now} → ${then} <small>by khugepaged; after a restart ${restarted}</small>`;
}

function outcomeLine(
  { counts, hugePages, growthPages }: PolicyFinding,
  hugeNow: number,
  residentPages: number,
  geometry: Geometry,
): string {
  if (changesNothing({ counts, growthPages })) return 'would collapse nothing.';
  const growth =
    growthPages === 0
      ? 'Resident memory would not grow.'
      : `Resident memory would grow by ${formatSize(growthPages, geometry)} (+${percent(growthPages, residentPages)})${causeLine(counts.filledPages, counts.swappedInPages)}.`;
  return `would bring ${formatSize(counts.newlyHugePages, geometry)} more into huge pages: ${percent(hugeNow, residentPages)} of the memory in use now, ${percent(hugePages, residentPages)} then. ${growth}`;
}

function changesNothing({ counts, growthPages }: Pick<PolicyFinding, 'counts' | 'growthPages'>): boolean {
  return sum(counts.collapses) === 0 && growthPages === 0;
}

function causeLine(filledPages: number, swappedInPages: number): string {
  const causes = [
    ...(filledPages > 0 ? ['empty pages are filled'] : []),
    ...(swappedInPages > 0 ? ['pages come back from swap'] : []),
  ];
  return `, because ${causes.join(' and ')}`;
}

function workLine({ counts }: PolicyFinding, geometry: Geometry): string {
  const attempts = sum(counts.attempts);
  const later = sum(counts.laterAttempts);
  if (attempts === 0) return 'It has nothing to try.';
  const copied = formatSize(counts.copiedPages, geometry);
  const then =
    later === 0
      ? 'later passes try nothing again'
      : `every later pass makes ${plural(later, 'attempt')} that change nothing`;
  return `That takes ${plural(attempts, 'attempt')} and copies ${copied} at once; ${then}.`;
}
