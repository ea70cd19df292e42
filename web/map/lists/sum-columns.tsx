import { formatSize } from '../../../src/core/memory/format-size.ts';
import type { Geometry } from '../../../src/core/memory/geometry.ts';
import type { SortableColumn } from '../../shell/sortable-table.tsx';
import { GrowthBar } from './growth-bar.tsx';
import type { RowSums } from './row-sums.ts';

/** The columns of what is in use and what it becomes, for lists of what has ranges; `most` ends the bars. */
export function sumColumns<Row extends { readonly sums: RowSums }>(
  geometry: Geometry,
  most: number,
): readonly SortableColumn<Row>[] {
  const size = (pages: number) => formatSize(pages, geometry);
  const known = ({ sums }: Row, text: string) => (sums.judged < sums.ranges ? '…' : text);
  return [
    {
      key: 'growth',
      title: 'growth',
      numeric: true,
      valueOf: ({ sums }) => sums.growthPages,
      cell: (row) => known(row, `+${size(row.sums.growthPages)}`),
    },
    {
      key: 'then',
      title: 'now + growth',
      valueOf: ({ sums }) => sums.residentPages + sums.growthPages,
      cell: ({ sums }) => <GrowthBar sums={sums} most={most} />,
    },
    {
      key: 'memory',
      title: 'now',
      numeric: true,
      valueOf: ({ sums }) => sums.residentPages,
      cell: ({ sums }) => size(sums.residentPages),
    },
    {
      key: 'restart',
      title: 'at a restart',
      numeric: true,
      valueOf: ({ sums }) => sums.restartGrowthPages,
      cell: (row) => known(row, `+${size(Math.max(0, row.sums.restartGrowthPages))}`),
    },
  ];
}
