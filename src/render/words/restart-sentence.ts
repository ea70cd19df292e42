import { hugeAfterRestart, restartGrowthOf } from '../../analysis/ranges/tally.ts';
import { sum } from '../../core/base/sum.ts';
import type { RestartCounts } from '../../core/fault/restart-counts.ts';
import { formatSize } from '../../core/memory/format-size.ts';
import type { Geometry } from '../../core/memory/geometry.ts';

/** Why what is said of a restart is a bound. */
export const RESTART_IS_A_BOUND =
  'after a restart at most, if the same pages are touched again: a VMA that grows while it is touched, reads before writes, and memory given back leave less';

/**
 * What page faults do under the settings when programs start again, in a sentence: to resident memory, or to
 * memory of the machine, where shared pages count once.
 */
export function restartSentence(
  restart: RestartCounts | undefined,
  residentPages: number,
  geometry: Geometry,
  of: 'resident memory' | 'memory of the machine' = 'resident memory',
): string {
  if (!restart)
    return 'What page faults do after a restart is not known: the digest is of a version that does not keep it.';
  const size = (pages: number) => formatSize(pages, geometry);
  const after = sum(restart.pagesByOrder);
  const huge = hugeAfterRestart(restart);
  const growth = restartGrowthOf({ restart, residentPages });
  const becomes =
    huge === 0
      ? 'map small pages only'
      : `make at most ${size(huge)} of the ${size(restart.touchedPages)} in use huge`;
  const rss = growth === 0 ? 'as now' : `+${size(growth)}`;
  return `Page faults, after a restart under the same settings, ${becomes}; ${of} is then at most ${size(after)} (${rss}).`;
}
