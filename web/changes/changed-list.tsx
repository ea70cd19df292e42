import type { ComponentChildren } from 'preact';
import type { PageChanges } from '../../src/analysis/difference/page-changes.ts';
import { sum } from '../../src/core/base/sum.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import type { Geometry } from '../../src/core/memory/geometry.ts';
import { cssColor, orderColor, SMALL_PAGE } from '../../src/render/svg/palette.ts';
import { CHANGE_WORDS } from '../../src/render/words/diff-words.ts';
import { filterText } from '../map/lists/list-filter.tsx';
import { ListHead } from '../map/lists/list-head.tsx';
import { LongTable } from '../shell/long-table.tsx';
import type { SortableColumn } from '../shell/sortable-table.tsx';
import {
  HAPPENED_TITLES,
  type Happened,
  happenedPages,
  pagesThatChanged,
  signedSize,
} from './change-words.ts';

/** Rows that are shown before somebody asks for all. */
const SHOWN = 100;

/** What has memory at two readings: a process, or a VMA. */
export interface Changed {
  readonly key: string;
  /** What a filter is looked for in. */
  readonly text: string;
  readonly isSame: boolean;
  readonly changes: PageChanges;
}

interface Props<Row extends Changed> {
  readonly caption: string;
  readonly filterOf: string;
  readonly rows: readonly Row[];
  readonly geometry: Geometry;
  readonly param: string;
  /** Columns before those of sizes, and after them. */
  readonly first: readonly SortableColumn<Row>[];
  readonly last?: readonly SortableColumn<Row>[];
  readonly children?: ComponentChildren;
}

/** A list of what changed, most first. */
export function ChangedList<Row extends Changed>(props: Props<Row>) {
  const { caption, filterOf, geometry, param, first, last = [], children } = props;
  const filter = filterText();
  const rows = props.rows
    .filter(({ text }) => text.toLowerCase().includes(filter))
    .sort((a, b) => sum(b.changes.after) - sum(a.changes.after));
  const most = rows.reduce((max, { changes }) => Math.max(max, sum(changes.before), sum(changes.after)), 1);
  return (
    <div class="map-list">
      {children}
      <ListHead of={filterOf} found={rows.length} all={props.rows.length}>
        <ul class="legend" aria-label="Bars">
          <li>above: before, below: after</li>
          <li>
            <span class="swatch" style={{ background: cssColor(HUGE) }} />
            huge
          </li>
          <li>
            <span class="swatch" style={{ background: cssColor(SMALL_PAGE) }} />
            small
          </li>
        </ul>
      </ListHead>
      <div class="map-list-rows">
        <LongTable
          caption={caption}
          columns={[...first, ...sizeColumns<Row>(geometry, most), ...last]}
          rows={rows}
          rowKey={({ key }) => key}
          param={param}
          fallback={{ column: 'changed', descending: true }}
          first={SHOWN}
        />
      </div>
    </div>
  );
}

const HUGE = orderColor(9, 9);

function sizeColumns<Row extends Changed>(geometry: Geometry, most: number): SortableColumn<Row>[] {
  // What is nothing says so by its absence: what is something is seen.
  const size = (pages: number) => (pages === 0 ? '' : formatSize(pages, geometry));
  const huge = (pages: readonly number[]) => sum(pages.slice(1));
  const column = (
    key: string,
    title: string,
    valueOf: (row: Row) => number,
    format: (pages: number) => string = size,
  ): SortableColumn<Row> => ({
    key,
    title,
    numeric: true,
    valueOf,
    cell: (row) => format(valueOf(row)),
  });
  const signed = (pages: number) => (pages === 0 ? '' : signedSize(pages, geometry));
  const happened = (kind: Happened): SortableColumn<Row> => ({
    ...column(kind, CHANGE_WORDS[kind], ({ changes }) => happenedPages(changes, kind)),
    cell: ({ changes, isSame }) =>
      isSame && <span title={HAPPENED_TITLES[kind]}>{size(happenedPages(changes, kind))}</span>,
  });
  return [
    column('changed', 'changed', ({ changes, isSame }) => pagesThatChanged(changes, isSame)),
    {
      key: 'bar',
      title: 'before, after',
      valueOf: ({ changes }) => sum(changes.after),
      cell: ({ changes }) => <BeforeAfterBar changes={changes} most={most} />,
    },
    column('memory', 'memory', ({ changes }) => sum(changes.after)),
    column('grown', '±', ({ changes }) => sum(changes.after) - sum(changes.before), signed),
    column('huge', 'huge', ({ changes }) => huge(changes.after)),
    column('hugegrown', '± huge', ({ changes }) => huge(changes.after) - huge(changes.before), signed),
    ...(['collapsed', 'filled', 'split', 'touched', 'freed'] as const).map(happened),
  ];
}

/** What is in huge pages and in small ones, before above after. */
function BeforeAfterBar({ changes, most }: { readonly changes: PageChanges; readonly most: number }) {
  return (
    <span class="before-after" aria-hidden="true">
      {[changes.before, changes.after].map((pages, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: there are two, always in this order.
        <span key={i}>
          <span style={{ width: `${(100 * sum(pages.slice(1))) / most}%`, background: cssColor(HUGE) }} />
          <span style={{ width: `${(100 * pages[0]) / most}%`, background: cssColor(SMALL_PAGE) }} />
        </span>
      ))}
    </span>
  );
}
