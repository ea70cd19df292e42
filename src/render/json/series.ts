import { pageBytes } from '../../core/memory/geometry.ts';
import type { SeriesView } from '../text/diff/series.ts';
import { changesJson, countersJson } from './diff.ts';

/** A series as JSON: what changed from each snapshot to the next. Pages are base pages. */
export function seriesJson({ times, differences }: SeriesView): object {
  const { geometry } = differences[0].memory;
  return {
    schema: 'thpscope/diff-series@1',
    pageBytes: pageBytes(geometry),
    pmdOrder: geometry.pmdOrder,
    steps: differences.map(({ memory: { total, processes }, settings, counters, elapsedMs }, i) => ({
      from: times[i],
      to: times[i + 1],
      elapsedMs,
      settings,
      counters: countersJson(counters),
      restarted: processes.filter(({ isSame }) => !isSame).length,
      ...changesJson(total),
    })),
  };
}
