import type { ComponentChildren } from 'preact';
import { growthOf, hugeInUse, type Tally } from '../../src/analysis/ranges/tally.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import type { Process } from '../../src/core/rules/memory-source.ts';
import { printable } from '../../src/render/words/printable.ts';
import type { Tallied } from '../memory/memory-worker-protocol.ts';
import { LongTable } from '../shell/long-table.tsx';
import type { SortableColumn } from '../shell/sortable-table.tsx';
import { judging } from './judgement.ts';

/** Processes that are shown before somebody asks for all. */
const SHOWN = 30;

interface Row {
  readonly index: number;
  readonly process: Process;
  readonly tally: Tally;
}

interface Props {
  readonly tallied: Tallied;
  readonly processes: readonly Process[];
}

const hugeNow = ({ tally }: Row) => hugeInUse(tally).before;
const hugeThen = ({ tally }: Row) => hugeInUse(tally).after;
const growth = ({ tally }: Row) => growthOf(tally);

const COLUMNS: readonly SortableColumn<Row>[] = [
  {
    key: 'name',
    title: 'process',
    valueOf: ({ process }) => process.command,
    cell: ({ process }) => <span title={process.cgroup}>{printable(process.command)}</span>,
  },
  pagesColumn('growth', 'growth', growth, '+'),
  pagesColumn('memory', 'RSS', ({ tally }) => tally.residentPages),
  pagesColumn('now', 'huge now', hugeNow),
  pagesColumn('then', 'huge then', hugeThen),
  {
    key: 'pid',
    title: 'pid',
    numeric: true,
    valueOf: ({ process }) => process.pid,
    cell: ({ process }) => process.pid,
  },
];

/** What the policy does to each process. */
export function ProcessTable({ tallied, processes }: Props) {
  const rows = tallied.processes
    .map((tally, index) => ({ index, tally, process: processes[index] }))
    .filter(({ tally, process }) => process !== undefined && tally.ranges > 0)
    // Of equal growth, as of none, the largest first.
    .sort((a, b) => b.tally.residentPages - a.tally.residentPages);
  return (
    <ProcessSection>
      <h2 id="policy-processes">Processes</h2>
      <p class="policy-note">
        huge: memory in use that lies in huge pages, now and under this policy; what is filled comes to it
      </p>
      <LongTable
        caption="Processes under this policy"
        columns={COLUMNS}
        rows={rows}
        rowKey={({ index }) => index}
        param="sort"
        fallback={{ column: 'growth', descending: true }}
        first={SHOWN}
      />
    </ProcessSection>
  );
}

/** Of itself, so that the table is not made again when it becomes busy and when it no longer is. */
function ProcessSection({ children }: { readonly children: ComponentChildren }) {
  return (
    <section class="policy-processes" aria-labelledby="policy-processes" aria-busy={judging.value}>
      {children}
    </section>
  );
}

function pagesColumn(
  key: string,
  title: string,
  pagesOf: (row: Row) => number,
  sign = '',
): SortableColumn<Row> {
  return {
    key,
    title,
    numeric: true,
    valueOf: pagesOf,
    cell: (row) => `${sign}${formatSize(pagesOf(row), row.tally.geometry)}`,
  };
}
