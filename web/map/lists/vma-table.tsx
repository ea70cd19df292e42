import { grouped } from '../../../src/core/base/plural.ts';
import { refusalLine } from '../../../src/render/words/explain/reasons.ts';
import { printable } from '../../../src/render/words/printable.ts';
import type { MapVma } from '../../memory/memory-worker-protocol.ts';
import { memory, type OpenMemory } from '../../memory/open-memory.ts';
import { hugepageOrders } from '../../policy/choice.ts';
import { choice, judgement, judging } from '../../policy/judgement.ts';
import { LongTable } from '../../shell/long-table.tsx';
import type { SortableColumn } from '../../shell/sortable-table.tsx';
import { goToRows } from '../map-state.ts';
import { BarLegend, longestBar } from './growth-bar.tsx';
import { filterText } from './list-filter.tsx';
import { ListHead } from './list-head.tsx';
import { type VmaSums, vmaSums } from './row-sums.ts';
import { sumColumns } from './sum-columns.tsx';

/** Rows that are shown before somebody asks for all. */
const SHOWN = 100;

interface Listed {
  readonly index: number;
  readonly vma: MapVma;
  readonly name: string;
  /** Its addresses, as maps and smaps print them. */
  readonly place: string;
  readonly process: string;
  readonly sums: VmaSums;
}

/** All VMAs with anonymous memory: what they use, what becomes of it, and why not more. */
export function VmaTable() {
  const open = memory.value;
  if (!open) return null;
  const { geometry } = open.host;
  const filter = filterText();
  const listed = listedVmas(open);
  const rows = listed
    .filter(({ name, place, process }) => `${name} ${process} ${place}`.toLowerCase().includes(filter))
    .sort((a, b) => b.sums.residentPages - a.sums.residentPages);
  const most = longestBar(rows.map(({ sums }) => sums));
  return (
    <div class="map-list">
      <ListHead of="VMA, process, address" found={rows.length} all={listed.length}>
        <BarLegend />
      </ListHead>
      <div class="map-list-rows" aria-busy={judging.value}>
        <LongTable
          caption="VMAs under this policy"
          columns={[NAME_COLUMN, ...sumColumns<Listed>(geometry, most), ...outcomeColumns()]}
          rows={rows}
          rowKey={({ index }) => index}
          param="vmasort"
          fallback={{ column: 'growth', descending: true }}
          first={SHOWN}
        />
      </div>
    </div>
  );
}

function listedVmas(open: OpenMemory): Listed[] {
  const sums = vmaSums(open, judgement.value);
  return open.vmas.flatMap((vma, index) => {
    if (vma.end === vma.first) return [];
    const { command, pid } = open.processes[vma.process];
    return {
      index,
      vma,
      name: vma.vma.name === '' ? 'anonymous memory' : printable(vma.vma.name),
      place: `${vma.vma.start.toString(16)}-${vma.vma.end.toString(16)}`,
      process: `${printable(command)} (${pid})`,
      sums: sums[index],
    };
  });
}

const NAME_COLUMN: SortableColumn<Listed> = {
  key: 'vma',
  title: 'VMA',
  valueOf: ({ name }) => name,
  cell: ({ name, place, vma }) => (
    <button
      type="button"
      class="list-link"
      title="to it on the map"
      onClick={() => goToRows(vma.first, vma.end)}
    >
      <span>{name}</span> <small class="mono">{place}</small>
    </button>
  ),
};

function outcomeColumns(): readonly SortableColumn<Listed>[] {
  const orders = hugepageOrders(choice.value);
  const why = ({ sums: { mainRefusal } }: Listed) =>
    mainRefusal === undefined ? '' : refusalLine(mainRefusal, orders);
  return [
    {
      key: 'collapses',
      title: 'collapse',
      numeric: true,
      valueOf: ({ sums }) => sums.collapsing,
      cell: ({ sums: { judged, ranges, collapsing } }) =>
        judged < ranges ? '…' : `${grouped(collapsing)} of ${grouped(ranges)}`,
    },
    { key: 'process', title: 'process', valueOf: ({ process }) => process, cell: ({ process }) => process },
    { key: 'why', title: 'why not others, mostly', valueOf: why, cell: why },
  ];
}
