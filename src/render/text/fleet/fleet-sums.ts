import type { FleetSum } from '../../../analysis/reading/fleet-facts.ts';
import { percent } from '../../../core/base/percent.ts';
import { grouped } from '../../../core/base/plural.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import type { Geometry } from '../../../core/memory/geometry.ts';
import { printable } from '../../words/printable.ts';
import { type Column, layOutTable } from '../layout/columns.ts';
import type { Style } from '../layout/style.ts';

/** Sums of a fleet as a table; `title` is what the lines are of. */
export function fleetSumsTable(
  title: string,
  sums: readonly FleetSum[],
  geometry: Geometry,
  style: Style,
): string[] {
  const columns: readonly Column[] = [
    { title, align: 'left' },
    { title: 'hosts', align: 'right' },
    { title: 'processes', align: 'right' },
    { title: 'memory', align: 'right' },
    { title: 'huge now', align: 'right' },
    { title: 'TLB entries', align: 'right' },
    { title: 'growth by khugepaged', align: 'right' },
    { title: 'at a restart', align: 'right' },
  ];
  const [head, ...lines] = layOutTable(
    columns,
    sums.map((each) => [
      printable(each.key),
      grouped(each.hosts),
      grouped(each.processes),
      formatSize(each.residentPages, geometry),
      percent(each.hugePages, each.residentPages),
      grouped(Math.round(each.tlbEntries)),
      `+${formatSize(each.growthPages, geometry)}`,
      `+${formatSize(each.restartGrowthPages, geometry)}`,
    ]),
  );
  return [style.dim(head), ...lines];
}
