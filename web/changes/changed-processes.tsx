import type { ProcessDifference } from '../../src/analysis/difference/memory-difference.ts';
import { percent } from '../../src/core/base/percent.ts';
import { sum } from '../../src/core/base/sum.ts';
import { presenceWords } from '../../src/render/words/diff-words.ts';
import { printable } from '../../src/render/words/printable.ts';
import { processRows } from '../map/find.ts';
import { goToRows } from '../map/map-state.ts';
import type { SortableColumn } from '../shell/sortable-table.tsx';
import { type Changed, ChangedList } from './changed-list.tsx';
import { foretold } from './changes-state.ts';
import type { ComparedReadings } from './changes-worker-protocol.ts';

interface Row extends Changed {
  readonly name: string;
  readonly pid: string;
  /** Its rows on the map; undefined where it has none. */
  readonly rows: { readonly first: number; readonly end: number } | undefined;
  /** The share of what was predicted that came true; undefined where nothing was. */
  readonly share: number | undefined;
}

/** Processes by what changed. */
export function ChangedProcesses({ both }: { readonly both: ComparedReadings }) {
  const { processes, geometry } = both.difference.memory;
  const onMap = new Map(processRows(both.rows).map((each) => [both.rows.processes[each.process].pid, each]));
  const listed = processes
    .map((each, i): Row => {
      const said = foretold.value?.processes[i];
      return {
        ...namesOf(each),
        key: String(i),
        isSame: each.isSame,
        changes: each.changes,
        rows: each.after && onMap.get(each.after.pid),
        share: said && said.predicted.pages > 0 ? said.happened.pages / said.predicted.pages : undefined,
      };
    })
    .filter(({ changes }) => sum(changes.before) + sum(changes.after) > 0);
  return (
    <ChangedList
      caption="Processes by what changed"
      filterOf="name, pid, service"
      rows={listed}
      geometry={geometry}
      param="sort"
      first={[NAME]}
      last={[CAME_TRUE]}
    />
  );
}

function namesOf({ before, after, isSame }: ProcessDifference): Pick<Row, 'name' | 'pid' | 'text'> {
  const process = after ?? before;
  const name = printable(process?.command ?? '') + presenceWords({ before, after });
  const pid =
    isSame || !before || !after
      ? String(process?.pid ?? '')
      : `${before.pid === after.pid ? after.pid : `${before.pid} → ${after.pid}`}, only sums`;
  return { name, pid, text: `${name} ${pid} ${process?.cgroup ?? ''}` };
}

const NAME: SortableColumn<Row> = {
  key: 'name',
  title: 'process',
  valueOf: ({ name }) => name,
  cell: ({ name, pid, rows }) =>
    rows ? (
      <button
        type="button"
        class="list-link"
        title="its memory on the map"
        onClick={() => goToRows(rows.first, rows.end)}
      >
        <span>{name}</span> <small>{pid}</small>
      </button>
    ) : (
      <>
        {name} <small class="quiet">{pid}</small>
      </>
    ),
};

const CAME_TRUE: SortableColumn<Row> = {
  key: 'true',
  title: 'came true',
  numeric: true,
  valueOf: ({ share }) => share ?? -1,
  cell: ({ share }) => (share === undefined ? '' : percent(share, 1)),
};
