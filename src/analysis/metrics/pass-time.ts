import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import type { KhugepagedPace } from '../../core/rules/memory-source.ts';
import { roundByPace } from '../watch/round-time.ts';

/** How long khugepaged takes for one pass over some memory, in ms: at most, if it had no other to visit. */
export interface PassTime {
  readonly pace: KhugepagedPace;
  /** PMD ranges that it scans. */
  readonly ranges: number;
  readonly millisecs: number;
  /** A pages_to_scan with which a pass takes one wake-up, and the time then. */
  readonly faster: { readonly pagesToScan: number; readonly millisecs: number } | undefined;
}

/** What pages_to_scan is raised to at most here: more keeps khugepaged on a core for long. */
const MOST_PAGES = 2 ** 20;

/**
 * The time of a pass over so many ranges that khugepaged scans, by the pace of the host: `pages_to_scan`
 * PTEs, then sleep. A range counts all of its PTEs.
 * Source: khugepaged_do_scan, docs/khugepaged.md#progress and docs/khugepaged.md#sleep.
 */
export function passTime(ranges: number, geometry: Geometry, pace: KhugepagedPace): PassTime {
  const ptes = ranges * pagesPerRange(geometry);
  const timeWith = (pagesToScan: number) => roundByPace(ptes, { ...pace, pagesToScan });
  const enough = Math.min(MOST_PAGES, 2 ** Math.ceil(Math.log2(Math.max(1, ptes))));
  return {
    pace,
    ranges,
    millisecs: timeWith(pace.pagesToScan),
    faster: enough > pace.pagesToScan ? { pagesToScan: enough, millisecs: timeWith(enough) } : undefined,
  };
}
