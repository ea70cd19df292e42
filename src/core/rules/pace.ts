import { type Geometry, pagesPerRange } from '../memory/geometry.ts';
import type { KhugepagedPace } from './memory-source.ts';

/** The pace of an untouched kernel (docs/khugepaged.md#sysfs). */
export function defaultPace(geometry: Geometry): KhugepagedPace {
  return {
    pagesToScan: 8 * pagesPerRange(geometry),
    scanSleepMs: 10_000,
    allocSleepMs: 60_000,
    defrag: true,
  };
}
