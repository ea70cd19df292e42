import type { CacheWorth } from '../../analysis/cache/cache-query.ts';
import type { MemoryDigest } from '../../analysis/digest/memory-digest.ts';
import type { SweptResult } from '../../analysis/sweep/pareto.ts';
import { SWEEP_METRICS } from '../../analysis/sweep/sweep.ts';
import { formatOrders } from '../../core/memory/order.ts';
import { sweptCacheMetrics } from '../json/sweep.ts';

/** The head of the CSV of a sweep, without the end of the line; pages are base pages. */
export function sweepCsvHead(): string {
  return `kernel,word,orders,max_ptes_none,resident_pages,${SWEEP_METRICS.map(snakeCase).join(',')},front,${CACHE_COLUMNS.map(snakeCase).join(',')}`;
}

const CACHE_COLUMNS = Object.keys(sweptCacheMetrics(undefined));

/**
 * One policy, without the end of the line. Sets of orders are written with + for commas: 2-4+9. What is not
 * known of the page cache is empty.
 */
export function sweepCsvLine(
  { policy, metrics }: SweptResult,
  { residentPages }: MemoryDigest,
  front: boolean,
  cache: CacheWorth | undefined,
): string {
  const { model, enabled, orders, maxPtesNone } = policy;
  const set = formatOrders(orders).replaceAll(',', '+');
  const ofCache = Object.values(sweptCacheMetrics(cache));
  const numbers = SWEEP_METRICS.map((name) => metrics[name]);
  return [model.name, enabled, set, maxPtesNone, residentPages, ...numbers, front ? 1 : 0, ...ofCache].join(
    ',',
  );
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
