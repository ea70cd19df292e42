import type { ReadingDifference } from '../../../analysis/difference/reading-difference.ts';
import { sum } from '../../../core/base/sum.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import { type Column, layOutTable } from '../layout/columns.ts';
import type { Style } from '../layout/style.ts';

/** Snapshots of a series: when each was read, and what changed from one to the next. */
export interface SeriesView {
  readonly times: readonly string[];
  /** One fewer than times. */
  readonly differences: readonly ReadingDifference[];
}

const COLUMNS: readonly Column[] = [
  { title: 'READ AT (UTC)', align: 'left' },
  ...['MEMORY', 'HUGE', 'COLLAPSED', 'FILLED', 'SPLIT', 'TOUCHED', 'FREED', 'RESTARTED'].map(
    (title): Column => ({ title, align: 'right' }),
  ),
];

/** A series as a table: a row a snapshot, with what happened since the one before, and changed settings. */
export function seriesText({ times, differences }: SeriesView, style: Style): string {
  const size = (pages: number) => formatSize(pages, differences[0].memory.geometry);
  const sizes = (pages: readonly number[]) => [size(sum(pages)), size(sum(pages.slice(1)))];
  const at = (time: string) => `${time.slice(0, 10)} ${time.slice(11, 19)}`;
  const first = differences[0].memory.total.before;
  const rows = [
    [at(times[0]), ...sizes(first), '', '', '', '', '', ''],
    ...differences.map(({ memory: { total, processes } }, i) => [
      at(times[i + 1]),
      ...sizes(total.after),
      ...[sum(total.collapsed), total.filled, total.split, total.touched, total.freed].map(size),
      String(processes.filter(({ isSame }) => !isSame).length),
    ]),
  ];
  const [title, ...lines] = layOutTable(COLUMNS, rows);
  const body = lines.flatMap((line, row) => [
    line,
    ...(row === 0 ? [] : differences[row - 1].settings).map(
      ({ file, before, after }) => `    ${file}: ${before} -> ${after}`,
    ),
  ]);
  const last = differences[differences.length - 1].memory.total.after;
  const [, huge] = sizes(last);
  return `${[
    style.bold(title),
    ...body,
    '',
    `from the first to the last: memory ${size(sum(first))} -> ${size(sum(last))}, huge ${size(sum(first.slice(1)))} -> ${huge}`,
    'RESTARTED counts processes that ended, are new, or have another pid; only sums of them are known.',
  ].join('\n')}\n`;
}
