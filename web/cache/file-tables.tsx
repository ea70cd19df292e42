import { useEffect } from 'preact/hooks';
import type { CachePrediction, FilePrediction } from '../../src/analysis/cache/cache-prediction.ts';
import type { CacheTally } from '../../src/analysis/cache/cache-tally.ts';
import { grouped } from '../../src/core/base/plural.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import type { CacheKind } from '../../src/core/rules/page-cache.ts';
import {
  CACHE_KIND_NAMES,
  cacheAssumptions,
  governedWords,
  mainCacheRefusal,
  unalignedSentence,
  unreadSentence,
} from '../../src/render/words/cache-words.ts';
import { printable } from '../../src/render/words/printable.ts';
import { filterText } from '../map/lists/list-filter.tsx';
import { ListHead } from '../map/lists/list-head.tsx';
import { memory } from '../memory/open-memory.ts';
import { LongTable } from '../shell/long-table.tsx';
import { type SortableColumn, SortableTable } from '../shell/sortable-table.tsx';
import { askingCache, followCache, pageCache } from './cache-state.ts';
import { fallWords } from './cache-words.ts';
import './cache.css';

/** Rows that are shown before somebody asks for all. */
const SHOWN = 100;
/** Processes that a row names. */
const FEW_PROCESSES = 2;

/** Shared memory and files: kind by kind with what governs each, and file by file. */
export function FileTables() {
  useEffect(followCache, []);
  if (!memory.value) return null;
  const prediction = pageCache.value;
  return <div class="map-list">{prediction ? <Tables prediction={prediction} /> : <Nothing />}</div>;
}

function Nothing() {
  return (
    <p class="policy-note">
      {askingCache.value
        ? '…'
        : 'This source says nothing of shared memory and files: it was read by an older thpscope, or maps none.'}
    </p>
  );
}

function Tables({ prediction }: { readonly prediction: CachePrediction }) {
  const { files, byKind, unread, unalignedBytes, assumesShmem, governing } = prediction;
  const filter = filterText();
  const found = files.filter((each) =>
    `${nameOf(each)} ${kindOf(each)} ${mappersOf(each)}`.toLowerCase().includes(filter),
  );
  const kinds = [...byKind].map(([kind, tally]) => ({
    kind,
    tally,
    governed: governedWords(kind, governing, tally.geometry),
  }));
  const assumed = cacheAssumptions([...byKind.values()], assumesShmem);
  return (
    <>
      <ListHead of="file, kind, process" found={found.length} all={files.length} />
      <div class="map-list-rows" aria-busy={askingCache.value}>
        {byKind.size === 0 && (
          <p class="policy-note">No process maps a whole PMD range of a file that was read.</p>
        )}
        {byKind.size > 0 && (
          <>
            <SortableTable
              caption="Kinds of shared memory and files"
              columns={KIND_COLUMNS}
              rows={kinds}
              rowKey={({ kind }) => kind}
              param="kindsort"
              fallback={{ column: 'memory', descending: true }}
            />
            <LongTable
              caption="Files under this policy"
              columns={FILE_COLUMNS}
              rows={found}
              rowKey={({ file }) => file.id}
              param="filesort"
              fallback={{ column: 'memory', descending: true }}
              first={SHOWN}
            />
          </>
        )}
        {assumed.length > 0 && (
          <div class="policy-note">
            Assumed of the page cache, because it cannot be seen:
            <ul>
              {assumed.map((line) => (
                <li key={line}>{line}</li>
              ))}
            </ul>
          </div>
        )}
        {unalignedBytes > 0 && <p class="policy-note">{unalignedSentence(unalignedBytes)}.</p>}
        {unread.length > 0 && <p class="policy-note">{printable(unreadSentence(unread))}</p>}
      </div>
    </>
  );
}

interface KindRow {
  readonly kind: CacheKind;
  readonly tally: CacheTally;
  readonly governed: string;
}

function nameOf({ file }: FilePrediction): string {
  return printable(file.name);
}

function kindOf({ file }: FilePrediction): string {
  return CACHE_KIND_NAMES[file.kind];
}

function mappersOf({ processes }: FilePrediction): string {
  const named = processes.slice(0, FEW_PROCESSES).map(({ command, pid }) => `${printable(command)} (${pid})`);
  const more = processes.length - named.length;
  return more > 0 ? `${named.join(', ')} and ${grouped(more)} more` : named.join(', ');
}

const why = ({ tally }: { readonly tally: CacheTally }) => mainCacheRefusal(tally);

function figureColumns<Row extends { readonly tally: CacheTally }>(): SortableColumn<Row>[] {
  return [
    pagesColumn('memory', 'in memory', ({ cachedPages }) => cachedPages),
    pagesColumn('now', 'huge now', ({ hugePages }) => hugePages),
    pagesColumn('then', 'huge then', ({ hugePages, collapsedPages }) => hugePages + collapsedPages),
    pagesColumn('growth', 'page cache', ({ growthPages }) => growthPages, '+'),
    {
      key: 'rss',
      title: 'RSS falls by',
      numeric: true,
      valueOf: ({ tally }) => tally.unmappedPages,
      cell: ({ tally }) => fallWords(tally),
    },
    {
      key: 'collapses',
      title: 'collapse',
      numeric: true,
      valueOf: ({ tally }) => tally.collapses,
      cell: ({ tally }) => `${grouped(tally.collapses)} of ${grouped(tally.ranges)}`,
    },
  ];
}

function pagesColumn<Row extends { readonly tally: CacheTally }>(
  key: string,
  title: string,
  pagesOf: (tally: CacheTally) => number,
  sign = '',
): SortableColumn<Row> {
  return {
    key,
    title,
    numeric: true,
    valueOf: ({ tally }) => pagesOf(tally),
    cell: ({ tally }) => `${sign}${formatSize(pagesOf(tally), tally.geometry)}`,
  };
}

const KIND_COLUMNS: readonly SortableColumn<KindRow>[] = [
  {
    key: 'kind',
    title: 'kind',
    valueOf: ({ kind }) => CACHE_KIND_NAMES[kind],
    cell: ({ kind }) => CACHE_KIND_NAMES[kind],
  },
  ...figureColumns<KindRow>(),
  {
    key: 'governed',
    title: 'governed by',
    valueOf: ({ governed }) => governed,
    cell: ({ governed }) => <code>{governed}</code>,
  },
];

const FILE_COLUMNS: readonly SortableColumn<FilePrediction>[] = [
  {
    key: 'file',
    title: 'file',
    valueOf: nameOf,
    cell: (row) => <span title={nameOf(row)}>{nameOf(row)}</span>,
  },
  { key: 'kind', title: 'kind', valueOf: kindOf, cell: kindOf },
  ...figureColumns<FilePrediction>(),
  { key: 'mapped', title: 'mapped by', valueOf: mappersOf, cell: mappersOf },
  { key: 'why', title: 'why not others, mostly', valueOf: why, cell: why },
];
