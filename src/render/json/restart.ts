import { hugeAfterRestart, restartGrowthOf } from '../../analysis/ranges/tally.ts';
import { sum } from '../../core/base/sum.ts';
import type { RestartCounts } from '../../core/fault/restart-counts.ts';

/**
 * What page faults leave when programs start again, at most; null where a digest does not know it.
 * `residentPages` is what is in use now.
 */
export function restartJson(restart: RestartCounts | undefined, residentPages: number): object | null {
  if (!restart) return null;
  const { touchedPages, sharedPages, largerFolioPages, pagesByOrder } = restart;
  return {
    residentPages: sum(pagesByOrder),
    touchedPages,
    hugePages: hugeAfterRestart(restart),
    pagesByOrder: Object.fromEntries(
      pagesByOrder.map((pages, order) => [order, pages] as const).filter(([, pages]) => pages > 0),
    ),
    growthPages: restartGrowthOf({ restart, residentPages }),
    sharedPages,
    largerFolioPages,
  };
}
