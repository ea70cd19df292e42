import type { CachePrediction } from '../../analysis/cache/cache-prediction.ts';
import { changedPages } from '../../analysis/digest/process-worth.ts';
import { plural } from '../../core/base/plural.ts';
import { html, type Markup, type Part, trusted } from '../words/markup.ts';
import { againSection, glossary, readSection, refusedSection } from './about.ts';
import { adviceSection } from './advice.ts';
import { answer } from './answer.ts';
import { pageCacheSection } from './page-cache.ts';
import { processSection } from './process.ts';
import { processTable } from './processes.ts';
import { sizesSection } from './sizes.ts';
import { tradeoffSection } from './tradeoff.ts';
import type { ReportView } from './view.ts';

/** Processes with maps of their own: those that change, else the largest. */
const MOST_MAPS = 12;
const MOST_MAPS_UNCHANGED = 3;

/**
 * A report as one HTML page without script that loads nothing. `style` is the only style that it allows,
 * `styleHash` its SHA-256 in base64.
 */
export function reportHtml(view: ReportView, style: string, styleHash: string): string {
  const { findings } = view;
  const title = titleOf(view);
  const changed = findings.processes.filter(({ counts }) => changedPages(counts) > 0).slice(0, MOST_MAPS);
  const drawn = changed.length > 0 ? changed : findings.processes.slice(0, MOST_MAPS_UNCHANGED);
  const sections = drawn.map((each) => processSection(view, each)).filter((each) => each !== undefined);
  const policy = `default-src 'none'; style-src 'sha256-${styleHash}'; base-uri 'none'; form-action 'none'`;
  return html`${trusted('<!doctype html>')}
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="thpscope ${view.version}">
<title>${title}</title>
<style>${trusted(style)}</style>
</head>
<body>
<main>
<h1>${title}</h1>
${answer(view)}
${section('Memory by size', sizesSection(findings))}
${section('Huge memory against growth', tradeoffSection(view))}
${section('What to set', adviceSection(view))}
${section('What stays as it is, and why', refusedSection(view))}
${section('Processes', [
  processTable(view),
  sections,
  sections.length > 0 &&
    sections.length < findings.processes.length &&
    html`<p class="quiet">Maps are ${changed.length > 0 ? 'of those that change most' : 'of the largest, for none changes'}.</p>`,
])}
${hasPageCache(view.cache) && section('Shared memory and files', pageCacheSection(view.cache, findings.memory.geometry))}
${section('What was read, and what was not seen', readSection(view))}
${section('Words', glossary(findings.memory.geometry))}
${section('To make this report again', againSection(view))}
</main>
</body>
</html>
`.text;
}

/** Whether there is anything to say of it. */
function hasPageCache(cache: CachePrediction | undefined): cache is CachePrediction {
  return cache !== undefined && (cache.byKind.size > 0 || cache.unread.length > 0);
}

function section(title: string, parts: Part): Markup {
  return html`<section><h2>${title}</h2>
${parts}
</section>`;
}

function titleOf({ findings, origins }: ReportView): string {
  const { processes } = findings;
  const host = origins.length === 1 && origins[0].host ? ` on ${origins[0].host}` : '';
  const [only] = processes;
  const what =
    processes.length === 1
      ? `${only.process.command} (pid ${only.process.pid})`
      : plural(processes.length, 'process', 'processes');
  return `Transparent huge pages: ${what}${host}`;
}
