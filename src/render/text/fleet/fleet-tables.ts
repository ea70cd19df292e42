import { processCount } from '../../../analysis/digest/memory-digest.ts';
import { type GrowingHost, isBeyondAvailable } from '../../../analysis/reading/fleet-facts.ts';
import { formatBytes } from '../../../core/base/bytes.ts';
import { percent } from '../../../core/base/percent.ts';
import { grouped, plural } from '../../../core/base/plural.ts';
import { sum } from '../../../core/base/sum.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import { type Geometry, pageBytes } from '../../../core/memory/geometry.ts';
import type { AdviceView } from '../../words/advise/advise-view.ts';
import { printable } from '../../words/printable.ts';
import { listedWorth, othersFigures, WORTH_COLUMNS, worthFigures } from '../advise/advice-parts.ts';
import { type Column, layOutTable } from '../layout/columns.ts';
import type { Style } from '../layout/style.ts';

const PARTS_SHOWN = 15;
const HOSTS_SHOWN = 5;

const PART_COLUMNS: readonly Column[] = [
  { title: 'service', align: 'left' },
  { title: 'command', align: 'left' },
  { title: 'processes', align: 'right' },
  ...WORTH_COLUMNS,
  { title: 'in vain', align: 'right' },
];

/** What becomes of the processes of a fleet, by service and command. */
export function partLines(view: AdviceView, style: Style): string[] {
  const { shown, others } = listedWorth(view, PARTS_SHOWN);
  const rows = shown.map(({ process, service, count, memory, worth }) => [
    printable(service ?? ''),
    printable(process.command),
    grouped(count ?? 1),
    ...worthFigures(memory, worth),
    grouped(worth.laterAttempts),
  ]);
  const rest = [
    `and ${grouped(others.length)} more`,
    '',
    grouped(processCount(others)),
    ...othersFigures(others, view.memory),
    grouped(sum(others.map(({ worth }) => worth.laterAttempts))),
  ];
  const [head, ...lines] = layOutTable(PART_COLUMNS, others.length > 0 ? [...rows, rest] : rows);
  return [style.dim(head), ...lines];
}

const HOST_COLUMNS: readonly Column[] = [
  { title: 'host', align: 'left' },
  { title: 'growth by khugepaged', align: 'right' },
  { title: 'at a restart, at most', align: 'right' },
  { title: 'available', align: 'right' },
];

/** The hosts that grow most for what they have left. */
export function hostLines(
  { fleet, memory: { geometry } }: AdviceView,
  /** Whether the settings in force are to stay. */
  leave: boolean,
  style: Style,
): string[] {
  if (!fleet || fleet.growing.length === 0) return [];
  const [head, ...lines] = layOutTable(
    HOST_COLUMNS,
    fleet.growing
      .slice(0, HOSTS_SHOWN)
      .map((each) => [
        printable(each.host),
        growthCell(each.now, each, geometry),
        growthCell(each.restart, each, geometry),
        each.availableBytes === undefined ? '?' : formatBytes(each.availableBytes),
      ]),
  );
  const rest = fleet.growing.length - lines.length;
  const beyond = fleet.growing.filter((each) => isBeyondAvailable(each, geometry)).length;
  return [
    style.bold(
      `Hosts that ${leave ? 'the settings in force' : 'it would'} hurt most, by growth against the memory that they have left:`,
    ),
    style.dim(head),
    ...lines,
    ...(beyond > 0
      ? [
          `${plural(beyond, 'host')} may grow by more than ${beyond === 1 ? 'it has' : 'they have'} left: leave ${beyond === 1 ? 'it' : 'them'} out, or give ${beyond === 1 ? 'it' : 'them'} other settings (--where)`,
        ]
      : []),
    ...(rest > 0 ? [`and ${plural(rest, 'host')} that ${rest === 1 ? 'grows' : 'grow'} less`] : []),
    '',
  ];
}

function growthCell(pages: number, { availableBytes }: GrowingHost, geometry: Geometry): string {
  const size = `+${formatSize(pages, geometry)}`;
  if (availableBytes === undefined || pages === 0) return size;
  return `${size} (${percent(pages * pageBytes(geometry), availableBytes)} of it)`;
}
