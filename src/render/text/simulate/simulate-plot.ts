import { formatDuration } from '../../../core/base/duration.ts';
import { grouped } from '../../../core/base/plural.ts';
import { sum } from '../../../core/base/sum.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import { asOrder, formatOrder } from '../../../core/memory/order.ts';
import type { Sample } from '../../../simulation/sample.ts';
import type { SimulationReport } from '../../../simulation/simulation-report.ts';
import { growth, levels, sparkline } from '../layout/sparkline.ts';
import type { Style } from '../layout/style.ts';

/** Columns of a plot: with its label and its last value a line fits 80. */
const COLUMNS = 50;
const LABEL = 17;

/**
 * What happened over time, a row a value: anonymous memory by size of its folios and the page cache, all to
 * one scale, then what khugepaged did.
 */
export function plotLines(report: SimulationReport, style: Style): string[] {
  const { samples, ranNs, geometry } = report;
  const last = samples[samples.length - 1];
  const points = (of: (sample: Sample) => number) =>
    samples.map((sample) => ({ at: sample.at, value: of(sample) }));
  const level = (label: string, of: (sample: Sample) => number, highest?: number) =>
    row(label, sparkline(levels(points(of), ranNs, COLUMNS), highest), formatSize(of(last), geometry));
  const rate = (label: string, of: (sample: Sample) => number, total: string) =>
    row(label, sparkline(growth(points(of), ranNs, COLUMNS)), total);

  const most = Math.max(
    ...samples.map(({ rssPages, cachePages, pagesByOrder }) =>
      Math.max(rssPages, cachePages, sum(pagesByOrder)),
    ),
  );
  const orders = [...last.pagesByOrder.keys()]
    .filter((order) => samples.some(({ pagesByOrder }) => pagesByOrder[order] > 0))
    .reverse();
  const hasCache = samples.some(({ cachePages }) => cachePages > 0);
  const pmdSize = formatOrder(asOrder(geometry.pmdOrder), geometry);
  const failed = ({ attempts, collapses }: Sample) => attempts - collapses;
  const end = formatDuration(ranNs);
  return [
    style.dim(`${' '.repeat(LABEL)}0${end.padStart(COLUMNS - 1)}  at the end`),
    level('RSS', ({ rssPages }) => rssPages, most),
    ...(hasCache ? [level('  of files', ({ fileRssPages }) => fileRssPages, most)] : []),
    ...orders.map((order) => {
      const label = order === 0 ? '  small' : `  in ${formatOrder(asOrder(order), geometry)}`;
      return level(label, ({ pagesByOrder }) => pagesByOrder[order], most);
    }),
    ...(samples.some(({ partlyMappedPages }) => partlyMappedPages > 0)
      ? [level('  partly mapped', ({ partlyMappedPages }) => partlyMappedPages, most)]
      : []),
    ...(hasCache
      ? [
          level('page cache', ({ cachePages }) => cachePages, most),
          level(`  in ${pmdSize}`, ({ cacheHugePages }) => cacheHugePages, most),
        ]
      : []),
    level('free memory', ({ freePages }) => freePages, report.memoryPages),
    ...(samples.some(({ swapPages }) => swapPages > 0)
      ? [level('swap', ({ swapPages }) => swapPages, report.swapSlots)]
      : []),
    rate('collapses', ({ collapses }) => collapses, grouped(last.collapses)),
    ...(failed(last) > 0 ? [rate('failed', failed, grouped(failed(last)))] : []),
    ...(last.filledPages > 0
      ? [rate('holes filled', ({ filledPages }) => filledPages, formatSize(last.filledPages, geometry))]
      : []),
    rate('khugepaged CPU', ({ cpuNs }) => cpuNs, formatDuration(last.cpuNs)),
    rate('write lock', ({ writeLock }) => writeLock.totalNs, formatDuration(last.writeLock.totalNs)),
  ];
}

function row(label: string, line: string, value: string): string {
  return `${label.padEnd(LABEL)}${line}  ${value}`;
}
