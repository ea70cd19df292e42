import { restartGrowthOf } from '../../../analysis/ranges/tally.ts';
import { sum } from '../../../core/base/sum.ts';
import type { RestartCounts } from '../../../core/fault/restart-counts.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import type { Geometry } from '../../../core/memory/geometry.ts';
import { bySizeLine, field } from '../layout/lines.ts';

/**
 * What page faults do under the settings when programs start again and touch the same pages: to RSS, or to
 * memory of the machine, where shared pages count once.
 */
export function restartLines(
  restart: RestartCounts | undefined,
  residentPages: number,
  geometry: Geometry,
  of: 'RSS' | 'machine' = 'RSS',
): string[] {
  if (!restart) return [field('restart', 'not known: this digest is of a version that does not keep it')];
  const size = (pages: number) => formatSize(pages, geometry);
  const { touchedPages, sharedPages, largerFolioPages, pagesByOrder } = restart;
  const after = sum(pagesByOrder);
  const folios = {
    pagesByOrder,
    pmdMappedPages: pagesByOrder[geometry.pmdOrder],
    inUsePages: touchedPages,
    filledPages: after - touchedPages,
  };
  const growth = restartGrowthOf({ restart, residentPages });
  const causes = [
    ...(after > touchedPages ? [`page faults fill ${size(after - touchedPages)} around touched pages`] : []),
    ...(touchedPages > residentPages ? [`${size(touchedPages - residentPages)} is swapped now`] : []),
  ];
  return [
    field(
      'restart',
      pagesByOrder[0] === after
        ? 'page faults, after a restart: small pages only'
        : `page faults, after a restart: at most ${bySizeLine(folios, geometry)}`,
    ),
    field(
      '',
      `${of === 'RSS' ? 'RSS' : 'memory of the machine'} at most ${size(after)} ${growth > 0 ? `(+${size(growth)}): ${causes.join('; ')}` : '(as now)'}`,
    ),
    ...(sharedPages > 0
      ? [field('', `${size(sharedPages)} of it is shared by fork: one of the processes touched it`)]
      : []),
    ...(largerFolioPages > 0
      ? [
          field(
            '',
            `${size(largerFolioPages)} lies in folios larger than page faults give: which pages were touched cannot be seen, all count`,
          ),
        ]
      : []),
  ];
}
