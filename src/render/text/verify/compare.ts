import type { AlgorithmWork, Comparison } from '../../../analysis/prediction/comparison.ts';
import { grouped, plural } from '../../../core/base/plural.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import { layOutTable } from '../layout/columns.ts';

/** What two algorithms do to the same memory, in one table. */
export function comparisonText(names: readonly [string, string], comparison: Comparison): string {
  const { geometry, work, ranges, otherAttempts, otherCollapses, onlyCovered, first } = comparison;
  const size = (pages: number) => formatSize(pages, geometry);
  const row = (name: string, value: (work: AlgorithmWork) => number, format: (value: number) => string) => {
    const [a, b] = work.map(value);
    return [name, format(a), format(b), a === b ? '' : `${b > a ? '+' : ''}${format(b - a)}`];
  };
  const rows = [
    row('covered', ({ coveredPages }) => coveredPages, size),
    ['covered by it alone', ...onlyCovered.map(size), ''],
    row('filled', ({ filledPages }) => filledPages, size),
    row('copied', ({ copiedPages }) => copiedPages, size),
    row('collapses', ({ collapses }) => collapses, grouped),
    row('attempts', ({ attempts }) => attempts, grouped),
  ];
  const columns = ['', ...names, 'DIFFERENCE'].map((title, i) => {
    return { title, align: i === 0 ? ('left' as const) : ('right' as const) };
  });
  const where = first ? `, first at 0x${first.address.toString(16)} of process ${first.pid}` : '';
  return [
    ...layOutTable(columns, rows),
    '',
    `${plural(ranges, 'range')} scanned: other windows attempted in ${grouped(otherAttempts)}, collapsed in ${grouped(otherCollapses)}${where}`,
    '',
  ].join('\n');
}
