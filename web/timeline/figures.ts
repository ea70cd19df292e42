import { formatDuration } from '../../src/core/base/duration.ts';
import { percent } from '../../src/core/base/percent.ts';
import { grouped, plural } from '../../src/core/base/plural.ts';
import { sum } from '../../src/core/base/sum.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import { formatValue } from './charts/uplot-options.ts';
import type { RunSeries } from './timeline-worker-protocol.ts';

/** One of the figures that answer what a run comes to. */
export interface Figure {
  readonly name: string;
  readonly value: string;
  readonly about: string;
}

/** What a run has come to in three figures: memory, huge pages, work. */
export function runFiguresOf({ samples, geometry, ranNs }: RunSeries): Figure[] {
  const last = samples[samples.length - 1];
  if (!last) return [];
  const most = samples.reduce((most, { rssPages }) => Math.max(most, rssPages), 0);
  const folios = sum(last.pagesByOrder);
  const huge = folios - last.pagesByOrder[0];
  const size = (pages: number) => formatSize(pages, geometry);
  const inVain = last.attempts - last.collapses;
  return [
    {
      name: 'RSS at the end',
      value: size(last.rssPages),
      about: `${size(most)} at most; khugepaged filled ${size(last.filledPages)} of holes`,
    },
    {
      name: 'in huge pages at the end',
      value: folios === 0 ? 'nothing' : percent(huge, folios),
      about: `${size(huge)} of ${size(folios)}${last.partlyMappedPages > 0 ? `; ${size(last.partlyMappedPages)} in folios that are mapped in part` : ''}`,
    },
    {
      name: 'CPU of khugepaged',
      value: formatDuration(last.cpuNs),
      about: `${formatValue(last.cpuNs / Math.max(1, ranNs), 'share')} of one CPU for ${plural(last.collapses, 'collapse')}; ${inVain === 0 ? 'no attempt' : `${grouped(inVain)} ${inVain === 1 ? 'attempt' : 'attempts'}`} in vain`,
    },
  ];
}
