import type { SeriesView } from '../text/series.ts';
import { changesJson, countersJson } from './diff.ts';

/** A series as JSON: what changed from each snapshot to the next. Pages are base pages. */
export function seriesJson({ times, differences }: SeriesView): object {
  return {
    schema: 'thpscope/diff-series@1',
    pageBytes: 2 ** differences[0].memory.geometry.pageShift,
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
