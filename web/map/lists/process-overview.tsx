import { hugeInUse } from '../../../src/analysis/ranges/tally.ts';
import { plural } from '../../../src/core/base/plural.ts';
import { formatSize } from '../../../src/core/memory/format-size.ts';
import type { Geometry } from '../../../src/core/memory/geometry.ts';
import { serviceNames } from '../../../src/core/rules/service.ts';
import { printable } from '../../../src/render/words/printable.ts';
import { memory, type OpenMemory } from '../../memory/open-memory.ts';
import { judgement, judging, tallied } from '../../policy/judgement.ts';
import { LongTable } from '../../shell/long-table.tsx';
import type { SortableColumn } from '../../shell/sortable-table.tsx';
import { go, link, setParams } from '../../state/link.ts';
import { processRows } from '../find.ts';
import { goToRows } from '../map-state.ts';
import type { ProcessRows } from '../picture/layout.ts';
import { BarLegend, longestBar } from './growth-bar.tsx';
import { filterText } from './list-filter.tsx';
import { ListHead } from './list-head.tsx';
import { addSums, type RowSums, vmaSums } from './row-sums.ts';
import { sumColumns } from './sum-columns.tsx';

/** Rows that are shown before somebody asks for all. */
const SHOWN = 100;

/** A process, or a service with the processes in it. */
interface Listed {
  readonly name: string;
  readonly service: string;
  readonly members: readonly (ProcessRows & { readonly pid: number })[];
  /** What a filter is looked for in. */
  readonly text: string;
  readonly sums: RowSums;
  readonly huge: { readonly before: number; readonly after: number } | undefined;
}

/** A machine at a glance: who uses how much now, and grows by how much under the policy. */
export function ProcessOverview() {
  const open = memory.value;
  if (!open) return null;
  const { geometry } = open.host;
  const processes = listedProcesses(open);
  const isByService = link.value.params.by === 'service';
  const filter = filterText();
  const rows = (isByService ? servicesOf(processes) : processes)
    .filter(({ text }) => text.includes(filter))
    // Of equal growth, as of none, the largest first.
    .sort((a, b) => b.sums.residentPages - a.sums.residentPages);
  const most = longestBar(rows.map(({ sums }) => sums));
  return (
    <div class="map-list">
      <p class="map-sentence">{sentence(processes, geometry)}</p>
      <ListHead of="name, pid, service" found={rows.length} all={processes.length}>
        <label>
          <input
            type="checkbox"
            checked={isByService}
            onChange={({ currentTarget }) =>
              setParams({ by: currentTarget.checked ? 'service' : undefined, filter: undefined })
            }
          />{' '}
          by service
        </label>
        <BarLegend />
      </ListHead>
      <div class="map-list-rows" aria-busy={judging.value}>
        <LongTable
          caption={isByService ? 'Services under this policy' : 'Processes under this policy'}
          columns={[nameColumn(isByService), ...sumColumns<Listed>(geometry, most), ...hugeColumns(geometry)]}
          rows={rows}
          rowKey={({ name, members }) => (isByService ? name : members[0].pid)}
          param="sort"
          fallback={{ column: 'growth', descending: true }}
          first={SHOWN}
        />
      </div>
    </div>
  );
}

/** The processes that have ranges, in the order of the memory. */
function listedProcesses(open: OpenMemory): Listed[] {
  const ofVmas = vmaSums(open, judgement.value);
  const byProcess = new Map<number, RowSums[]>();
  for (const [at, { process }] of open.vmas.entries()) {
    const own = byProcess.get(process);
    if (own) own.push(ofVmas[at]);
    else byProcess.set(process, [ofVmas[at]]);
  }
  const rows = processRows(open).filter(({ first, end }) => end > first);
  const known = rows.map((each) => ({ ...each, sums: addSums(byProcess.get(each.process) ?? []) }));
  const services = serviceNames(
    known.map(({ process, sums: { residentPages } }) => {
      const { cgroup, command } = open.processes[process];
      return { cgroup, command, residentPages };
    }),
  );
  return known.map(({ sums, ...each }, i) => {
    const { pid, command, cgroup } = open.processes[each.process];
    const tally = tallied.value?.processes[each.process];
    return {
      name: printable(command),
      service: services[i],
      members: [{ ...each, pid }],
      text: `${command} ${pid} ${cgroup} ${services[i]}`.toLowerCase(),
      sums,
      huge: tally && hugeInUse(tally),
    };
  });
}

function servicesOf(processes: readonly Listed[]): Listed[] {
  const byName = new Map<string, Listed[]>();
  for (const process of processes)
    byName.set(process.service, [...(byName.get(process.service) ?? []), process]);
  return [...byName].map(([service, own]) => ({
    name: printable(service),
    service,
    members: own.flatMap(({ members }) => members),
    text: own.map(({ text }) => text).join('\n'),
    sums: addSums(own.map(({ sums }) => sums)),
    huge: own.every(({ huge }) => huge)
      ? {
          before: own.reduce((pages, { huge }) => pages + (huge?.before ?? 0), 0),
          after: own.reduce((pages, { huge }) => pages + (huge?.after ?? 0), 0),
        }
      : undefined,
  }));
}

/** A process leads to its memory on the map, a service to its processes. */
function nameColumn(isByService: boolean): SortableColumn<Listed> {
  return {
    key: 'name',
    title: isByService ? 'service' : 'process',
    valueOf: ({ name }) => name,
    cell: ({ name, service, members }) => (
      <button
        type="button"
        class="list-link"
        title={isByService ? 'its processes' : `its memory on the map; service: ${printable(service)}`}
        onClick={() =>
          isByService
            ? go('map', { show: 'processes', by: undefined, filter: service })
            : goToRows(members[0].first, members[0].end)
        }
      >
        <span>{name}</span>{' '}
        <small>{isByService ? plural(members.length, 'process', 'processes') : members[0].pid}</small>
      </button>
    ),
  };
}

function hugeColumns(geometry: Geometry): readonly SortableColumn<Listed>[] {
  const column = (key: string, title: string, when: 'before' | 'after'): SortableColumn<Listed> => ({
    key,
    title,
    numeric: true,
    valueOf: ({ huge }) => huge?.[when] ?? 0,
    cell: ({ huge }) => (huge ? formatSize(huge[when], geometry) : '…'),
  });
  return [column('huge', 'huge now', 'before'), column('hugethen', 'huge then', 'after')];
}

/** What the list comes to, for somebody who reads nothing else. */
function sentence(processes: readonly Listed[], geometry: Geometry): string {
  const total = addSums(processes.map(({ sums }) => sums));
  const size = (pages: number) => formatSize(pages, geometry);
  const use = `${plural(processes.length, 'process uses', 'processes use')} ${size(total.residentPages)}`;
  if (judging.value || total.judged < total.ranges) return `${use}. …`;
  const restart =
    total.restartGrowthPages > 0
      ? `Started again, page faults make them grow by at most ${size(total.restartGrowthPages)}.`
      : 'Started again, page faults make them no larger.';
  if (total.growthPages === 0)
    return `${use}. Under this policy khugepaged makes none of them grow. ${restart}`;
  const [first] = processes.toSorted((a, b) => b.sums.growthPages - a.sums.growthPages);
  const by = `${first.name} (${first.members[0].pid}) by ${size(first.sums.growthPages)}`;
  return `${use}. Under this policy khugepaged makes them grow by ${size(total.growthPages)}: ${by} most. ${restart}`;
}
