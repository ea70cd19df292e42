import { type Geometry, orderBytes, pageBytes } from '../../core/memory/geometry.ts';
import { anonOrders, ordersOf } from '../../core/memory/order.ts';
import { ALL_SCAN_RESULTS } from '../../core/rules/scan-result.ts';
import type { Sample } from '../../simulation/sample.ts';
import type { SimulationReport } from '../../simulation/simulation-report.ts';
import { ORIGIN_COLUMNS } from './origin.ts';

/**
 * The time series as CSV, a row a sample. Sums since the beginning but for memory; failures have a column a
 * result. Every row ends with the cells of `origin`: see `originCells`.
 */
export function simulateCsv({ samples, geometry }: SimulationReport, origin: string): string {
  const last = samples[samples.length - 1];
  const results = ALL_SCAN_RESULTS.filter((result) => last.failures[result] !== undefined);
  const columns: readonly [string, (sample: Sample) => number][] = [
    ['seconds', ({ at }) => at / 1e9],
    ...bytesColumns(geometry),
    ['attempts', ({ attempts }) => attempts],
    ['collapses', ({ collapses }) => collapses],
    ...results.map((result): [string, (sample: Sample) => number] => [
      result,
      ({ failures }) => failures[result] ?? 0,
    ]),
    ['cpu_ns', ({ cpuNs }) => cpuNs],
    ['write_lock_holds', ({ writeLock }) => writeLock.count],
    ['write_lock_ns', ({ writeLock }) => writeLock.totalNs],
    ['write_lock_longest_ns', ({ writeLock }) => writeLock.longestNs],
    ['waits', ({ waits }) => waits.count],
    ['wait_ns', ({ waits }) => waits.totalNs],
    ['full_scans', ({ fullScans }) => fullScans],
  ];
  const lines = [
    [...columns.map(([name]) => name), ORIGIN_COLUMNS],
    ...samples.map((sample) => [...columns.map(([, valueOf]) => String(valueOf(sample))), origin]),
  ];
  return `${lines.map((cells) => cells.join(',')).join('\n')}\n`;
}

function bytesColumns(geometry: Geometry): [string, (sample: Sample) => number][] {
  const page = pageBytes(geometry);
  return [
    ['rss_bytes', ({ rssPages }) => rssPages * page],
    ['small_bytes', ({ pagesByOrder }) => pagesByOrder[0] * page],
    ...ordersOf(anonOrders(geometry)).map((order): [string, (sample: Sample) => number] => [
      `hugepages_${orderBytes(order, geometry) / 1024}kB_bytes`,
      ({ pagesByOrder }) => pagesByOrder[order] * page,
    ]),
    ['partly_mapped_bytes', ({ partlyMappedPages }) => partlyMappedPages * page],
    ['free_bytes', ({ freePages }) => freePages * page],
    ['swap_bytes', ({ swapPages }) => swapPages * page],
    ['filled_bytes', ({ filledPages }) => filledPages * page],
    ['copied_bytes', ({ copiedPages }) => copiedPages * page],
    ['swapped_in_bytes', ({ swappedInPages }) => swappedInPages * page],
    ['file_rss_bytes', ({ fileRssPages }) => fileRssPages * page],
    ['page_cache_bytes', ({ cachePages }) => cachePages * page],
    ['page_cache_huge_bytes', ({ cacheHugePages }) => cacheHugePages * page],
    ['page_cache_filled_bytes', ({ cacheFilledPages }) => cacheFilledPages * page],
  ];
}
