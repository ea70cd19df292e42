import type { SeriesView } from '../text/series.ts';
import { changesJson } from './diff.ts';

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
      counters: counters?.map(({ name, before, after }) => ({ name, before, after })) ?? null,
      restarted: processes.filter(({ isSame }) => !isSame).length,
      ...changesJson(total),
    })),
  };
}
