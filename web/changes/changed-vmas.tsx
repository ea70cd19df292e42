import { printable } from '../../src/render/words/printable.ts';
import { goToRows } from '../map/map-state.ts';
import type { SortableColumn } from '../shell/sortable-table.tsx';
import { type Changed, ChangedList } from './changed-list.tsx';
import type { ComparedReadings } from './changes-worker-protocol.ts';

interface Row extends Changed {
  readonly name: string;
  readonly place: string;
  readonly process: string;
  readonly rows: { readonly first: number; readonly end: number } | undefined;
}

/** VMAs of processes that were there both times, by what changed. */
export function ChangedVmas({ both }: { readonly both: ComparedReadings }) {
  const { processes, geometry } = both.difference.memory;
  const onMap = new Map(
    both.rows.vmas.map((each) => [`${both.rows.processes[each.process].pid}:${each.vma.start}`, each]),
  );
  const listed = processes.flatMap(({ after, vmas, isSame }) =>
    vmas.map(({ vma, changes }): Row => {
      const name = printable(vma.name);
      const place = `${vma.start.toString(16)}-${vma.end.toString(16)}`;
      const process = `${printable(after?.command ?? '')} (${after?.pid})`;
      return {
        key: `${after?.pid}:${vma.start}`,
        text: `${name} ${place} ${process}`,
        isSame,
        changes,
        name,
        place,
        process,
        rows: onMap.get(`${after?.pid}:${vma.start}`),
      };
    }),
  );
  return (
    <ChangedList
      caption="VMAs by what changed"
      filterOf="VMA, process, address"
      rows={listed}
      geometry={geometry}
      param="vmasort"
      first={[NAME, PROCESS]}
    />
  );
}

const NAME: SortableColumn<Row> = {
  key: 'vma',
  title: 'VMA',
  valueOf: ({ name }) => name,
  cell: ({ name, place, rows }) => (
    <button
      type="button"
      class="list-link"
      title="to it on the map"
      disabled={!rows}
      onClick={() => rows && goToRows(rows.first, rows.end)}
    >
      {name === '' ? (
        <span class="mono">{place}</span>
      ) : (
        <>
          <span>{name}</span> <small class="mono">{place}</small>
        </>
      )}
    </button>
  ),
};

const PROCESS: SortableColumn<Row> = {
  key: 'process',
  title: 'process',
  valueOf: ({ process }) => process,
  cell: ({ process }) => process,
};
