import type { CachePrediction, FilePrediction } from '../../../analysis/cache/cache-prediction.ts';
import type { CacheRefusal, CacheTally } from '../../../analysis/cache/cache-tally.ts';
import { formatBytes } from '../../../core/base/bytes.ts';
import { plural } from '../../../core/base/plural.ts';
import { sum } from '../../../core/base/sum.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import { rangeBytes } from '../../../core/memory/geometry.ts';
import type { CacheSettings } from '../../../core/rules/cache-orders.ts';
import type { CacheKind } from '../../../core/rules/page-cache.ts';
import {
  CACHE_KIND_NAMES,
  cacheAssumptions,
  cacheRefusalWords,
  cacheRestartWords,
  governedWords,
  unalignedSentence,
  unreadSentence,
} from '../../words/cache-words.ts';
import { printable } from '../../words/printable.ts';
import { layOutTable } from '../layout/columns.ts';
import { field } from '../layout/lines.ts';
import type { Style } from '../layout/style.ts';

/** What becomes of the page cache, kind by kind; nothing where no range of it can be collapsed at all. */
export function cacheLines(
  { byKind, files, unread, unalignedBytes, governing, assumesShmem }: CachePrediction,
  style: Style,
): string[] {
  const unaligned = unalignedBytes > 0 ? [`besides, ${unalignedSentence(unalignedBytes)}`, ''] : [];
  // Where nothing of it is named here, the line about files and shared memory says that.
  if (byKind.size === 0) return unread.length === 0 ? [] : [...unaligned, ...unreadLines(unread)];
  const lines = ['page cache: each file counts once, whoever maps it, and apart from the RSS above', ''];
  for (const [kind, tally] of byKind) {
    const ofKind = files.filter(({ file }) => file.kind === kind);
    lines.push(
      `${style.bold(CACHE_KIND_NAMES[kind])}: ${plural(ofKind.length, 'file')} in ${plural(tally.ranges, 'whole PMD range')}`,
      ...kindLines(kind, tally, governing, style),
      '',
    );
  }
  lines.push(...fileTable(files, style), '');
  lines.push(...unaligned);
  const assumed = cacheAssumptions([...byKind.values()], assumesShmem);
  if (assumed.length > 0)
    lines.push(
      'assumed of the page cache, because it cannot be seen:',
      ...assumed.map((line) => `  ${line}`),
      '',
    );
  return [...lines, ...unreadLines(unread)];
}

/** Files that are listed: those of which most is in memory. */
const TABLE_ROWS = 10;
/** Processes that a row names. */
const FEW_PROCESSES = 2;

function fileTable(files: readonly FilePrediction[], style: Style): string[] {
  const bySize = [...files].sort((a, b) => b.tally.cachedPages - a.tally.cachedPages);
  const [title, ...rows] = layOutTable(
    [
      { title: 'IN MEMORY', align: 'right' },
      { title: 'HUGE NOW', align: 'right' },
      { title: 'HUGE THEN', align: 'right' },
      { title: 'GROWTH', align: 'right' },
      { title: 'MAPPED BY', align: 'left' },
      { title: 'FILE', align: 'left' },
    ],
    bySize.slice(0, TABLE_ROWS).map(({ file, processes, tally }) => {
      const size = (pages: number) => formatSize(pages, tally.geometry);
      const { cachedPages, hugePages, collapsedPages, growthPages } = tally;
      return [
        size(cachedPages),
        size(hugePages),
        size(hugePages + collapsedPages),
        growthPages > 0 ? `+${size(growthPages)}` : '0B',
        mappedBy(processes),
        printable(file.name),
      ];
    }),
  );
  const others = bySize.slice(TABLE_ROWS);
  if (others.length === 0) return [style.bold(title), ...rows];
  const cached = formatSize(sum(others.map(({ tally }) => tally.cachedPages)), others[0].tally.geometry);
  return [style.bold(title), ...rows, `and ${plural(others.length, 'file')} more: ${cached} in memory`];
}

function mappedBy(processes: FilePrediction['processes']): string {
  const named = processes.slice(0, FEW_PROCESSES).map(({ command, pid }) => `${printable(command)} (${pid})`);
  const more = processes.length - named.length;
  return more > 0 ? `${named.join(', ')} and ${more} more` : named.join(', ');
}

/** Files that may be collapsed and could not be read: how much, and why. */
function unreadLines(unread: CachePrediction['unread']): string[] {
  return unread.length === 0 ? [] : [printable(unreadSentence(unread)), ''];
}

function kindLines(kind: CacheKind, tally: CacheTally, governing: CacheSettings, style: Style): string[] {
  const { geometry } = tally;
  const size = (pages: number) => formatSize(pages, geometry);
  const lines = [
    field('in memory', `${size(tally.cachedPages)}, ${size(tally.hugePages)} of it huge now`),
    field('governed by', governedWords(kind, governing, geometry)),
  ];
  if (tally.collapses > 0) {
    const ranges = `${plural(tally.collapses, 'collapse')} to ${formatBytes(rangeBytes(geometry))}`;
    const huge = style.good(`${size(tally.collapsedPages)} more of it becomes huge`);
    lines.push(
      field('khugepaged', `${ranges}: ${huge}; the page cache grows by ${size(tally.growthPages)}`),
      field('RSS', unmappedLine(tally)),
    );
  } else {
    const read = tally.growthPages > 0 ? `, and reads ${size(tally.growthPages)} in while it tries` : '';
    lines.push(field('khugepaged', `collapses none of it${read}`));
  }
  const restart = cacheRestartWords(kind, tally);
  if (restart !== undefined) lines.push(field('restart', restart));
  const refused = [...tally.refused].sort(
    ([a, x], [b, y]) => Number(isHuge(a)) - Number(isHuge(b)) || y.pages - x.pages,
  );
  refused.forEach(([refusal, { ranges, pages }], i) => {
    const words = `${size(pages)} in ${plural(ranges, 'range')}`;
    if (isHuge(refusal)) lines.push(field('already huge', words));
    else lines.push(field(i === 0 ? 'unchanged' : '', `${words}: ${cacheRefusalWords(refusal)}`));
  });
  return lines;
}

function isHuge(refusal: CacheRefusal): boolean {
  return refusal === 'SCAN_PTE_MAPPED_HUGEPAGE';
}

function unmappedLine({ unmappedPages, unseenMappings, geometry }: CacheTally): string {
  const falls = `of all that map it falls by ${formatSize(unmappedPages, geometry)}, until they touch it again`;
  if (unseenMappings === 0) return falls;
  return `${falls}; of ${plural(unseenMappings, 'range')} it is not known how much is mapped`;
}
