import type { SeriesView } from '../text/diff/series.ts';
import { CHANGE_COLUMNS } from './diff.ts';
import { ORIGIN_COLUMNS } from './origin.ts';

/** A row for each step from a snapshot to the next; sizes are bytes. */
export function seriesCsv({ times, differences }: SeriesView, origin: string): string {
  const bytes = 2 ** differences[0].memory.geometry.pageShift;
  const head = ['from', 'to', ...CHANGE_COLUMNS.map(([name]) => `${name}_bytes`), ORIGIN_COLUMNS];
  const rows = differences.map(({ memory: { total } }, i) => [
    times[i],
    times[i + 1],
    ...CHANGE_COLUMNS.map(([, pages]) => pages(total) * bytes),
    origin,
  ]);
  return `${[head, ...rows].map((cells) => cells.join(',')).join('\n')}\n`;
}
