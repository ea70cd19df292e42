import type { CachePrediction, FilePrediction } from '../../analysis/cache/cache-prediction.ts';
import type { CacheTally } from '../../analysis/cache/cache-tally.ts';
import { grouped, plural } from '../../core/base/plural.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import {
  CACHE_KIND_NAMES,
  cacheAssumptions,
  cacheRefusalWords,
  governedWords,
  mainCacheRefusal,
  SHARED_RESTART,
  unalignedSentence,
  unreadSentence,
} from '../words/cache-words.ts';
import { html, type Markup } from '../words/markup.ts';
import { growthCell, scrollable, sizeCell } from './table.ts';

/** Files that a table names. */
const MOST_FILES = 20;
/** Processes that a row names. */
const FEW_PROCESSES = 3;

/** Shared memory and files, kind by kind and file by file, apart from anonymous memory. */
export function pageCacheSection(cache: CachePrediction, geometry: Geometry): Markup {
  const { byKind, files, unread, unalignedBytes, assumesShmem } = cache;
  const hasShared = unalignedBytes > 0 || [...byKind.keys()].some((kind) => kind !== 'file');
  const assumed = cacheAssumptions([...byKind.values()], assumesShmem);
  return html`<p>Each file and each piece of shared memory counts once, whoever maps it, and apart from all the figures above, which are of anonymous memory. What a collapse adds grows the page cache, not RSS: RSS of those who map it falls until they touch it again, and no memory is freed by that.</p>
${byKind.size > 0 && [kindTable(cache, geometry), fileTable(files, geometry), refusedTable(byKind, geometry)]}
${hasShared && html`<p>${SHARED_RESTART}</p>`}
${unalignedBytes > 0 && html`<p>${unalignedSentence(unalignedBytes)}.</p>`}
${assumed.length > 0 && html`<p>Assumed of the page cache, because it cannot be seen:</p><ul>${assumed.map((line) => html`<li>${line}</li>`)}</ul>`}
${unread.length > 0 && html`<p>${unreadSentence(unread)}</p>`}`;
}

function kindTable({ byKind, files, governing }: CachePrediction, geometry: Geometry): Markup {
  return scrollable(
    'Page cache by kind',
    html`<table>
<caption>Kinds, and the settings that govern each</caption>
<thead><tr><th scope="col">kind</th><th scope="col" class="number">files</th>${figureHeads()}<th scope="col" class="number">RSS falls by</th><th scope="col">governed by</th></tr></thead>
<tbody>${[...byKind].map(
      ([kind, tally]) =>
        html`<tr><th scope="row" class="name">${CACHE_KIND_NAMES[kind]}</th><td class="number">${grouped(files.filter(({ file }) => file.kind === kind).length)}</td>${figureCells(tally, geometry)}<td class="number">${fallCell(tally, geometry)}</td><td class="name">${governedWords(kind, governing, geometry)}</td></tr>
`,
    )}</tbody></table>`,
  );
}

function fileTable(files: readonly FilePrediction[], geometry: Geometry): Markup {
  const shown = files.toSorted((a, b) => b.tally.cachedPages - a.tally.cachedPages).slice(0, MOST_FILES);
  const row = ({ file, processes, tally }: FilePrediction) =>
    html`<tr><th scope="row" class="name">${file.name}</th>${figureCells(tally, geometry)}<td class="name">${mappersOf(processes)}</td><td class="name">${mainCacheRefusal(tally)}</td></tr>
`;
  return scrollable(
    'Files',
    html`<table>
<caption>${files.length > shown.length ? `The ${shown.length} files of ${grouped(files.length)} of which most is in memory` : 'Files of which whole PMD ranges are mapped'}</caption>
<thead><tr><th scope="col">file</th>${figureHeads()}<th scope="col">mapped by</th><th scope="col">unchanged, mostly</th></tr></thead>
<tbody>${shown.map(row)}</tbody></table>`,
  );
}

function refusedTable(byKind: CachePrediction['byKind'], geometry: Geometry): Markup | undefined {
  const rows = [...byKind]
    .flatMap(([kind, { refused }]) => [...refused].map(([refusal, counts]) => ({ kind, refusal, ...counts })))
    .sort((a, b) => b.pages - a.pages);
  if (rows.length === 0) return undefined;
  return scrollable(
    'What of the page cache stays as it is',
    html`<table>
<caption>What of it stays as it is</caption>
<thead><tr><th scope="col">why</th><th scope="col">kind</th><th scope="col" class="number">memory</th><th scope="col" class="number">ranges</th></tr></thead>
<tbody>${rows.map(
      ({ kind, refusal, pages, ranges }) =>
        html`<tr><th scope="row" class="name">${cacheRefusalWords(refusal)}</th><td class="name">${CACHE_KIND_NAMES[kind]}</td><td class="number">${sizeCell(pages, geometry)}</td><td class="number">${grouped(ranges)}</td></tr>
`,
    )}</tbody></table>`,
  );
}

function figureHeads(): Markup {
  return html`<th scope="col" class="number">in memory</th><th scope="col" class="number">huge now</th><th scope="col" class="number">huge then</th><th scope="col" class="number">page cache</th>`;
}

function figureCells(tally: CacheTally, geometry: Geometry): Markup {
  const { cachedPages, hugePages, collapsedPages, growthPages } = tally;
  const cells = [
    ...[cachedPages, hugePages, hugePages + collapsedPages].map((pages) => sizeCell(pages, geometry)),
    growthCell(growthPages, geometry),
  ];
  return html`${cells.map((cell) => html`<td class="number">${cell}</td>`)}`;
}

function fallCell({ unmappedPages, unseenMappings }: CacheTally, geometry: Geometry): string {
  if (unseenMappings === 0) return sizeCell(unmappedPages, geometry);
  return unmappedPages === 0 ? 'not known' : `at least ${sizeCell(unmappedPages, geometry)}`;
}

function mappersOf(processes: FilePrediction['processes']): string {
  const named = processes.slice(0, FEW_PROCESSES).map(({ command, pid }) => `${command} (${pid})`);
  const more = processes.length - named.length;
  return `${named.join(', ')}${more > 0 ? ` and ${plural(more, 'other')}` : ''}`;
}
