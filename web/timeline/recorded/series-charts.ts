import { formatDuration } from '../../../src/core/base/duration.ts';
import { percent } from '../../../src/core/base/percent.ts';
import { plural } from '../../../src/core/base/plural.ts';
import { sum } from '../../../src/core/base/sum.ts';
import { formatSize } from '../../../src/core/memory/format-size.ts';
import { pageBytes } from '../../../src/core/memory/geometry.ts';
import { asOrder, formatOrder } from '../../../src/core/memory/order.ts';
import { type ChartData, type ChartTime, type Ink, stacked } from '../charts/chart-data.ts';
import type { Figure } from '../figures.ts';
import type { RecordedSeries, SeriesStep } from './series-json.ts';

/** The last snapshot is drawn for so much of the time of the whole: without, nothing would show of it. */
const LAST_SHARE = 0.04;

/** The time axis of a series: from its first snapshot on, with the settings that changed. */
export function timeOfSeries({ steps, geometry }: RecordedSeries): ChartTime {
  const seconds = [0];
  for (const { elapsedMs } of steps) seconds.push(seconds[seconds.length - 1] + elapsedMs / 1000);
  const end = seconds[seconds.length - 1] * (1 + LAST_SHARE);
  const markers = steps.flatMap(({ settings }, i) => {
    const at = seconds[i + 1] * 1e9;
    return settings.map(({ file, before, after }) => ({
      kind: 'setting' as const,
      at,
      end: at,
      text: `${file}: ${before} -> ${after}`,
    }));
  });
  // A value beyond the end, which charts do not reach: up to it the last one is drawn.
  return { seconds: [...seconds, end * (1 + LAST_SHARE)], end, markers, geometry };
}

/** What the charts of a series show. */
export function chartsOfSeries({ steps, pagesBefore, geometry }: RecordedSeries): ChartData[] {
  const held = [pagesBefore, ...steps.map(({ pagesAfter }) => pagesAfter)];
  const orders = pagesBefore
    .map((_, order) => order)
    .filter((order) => held.some((pages) => pages[order] > 0));
  const sizes = orders.toReversed().map((order) => ({
    label: order === 0 ? 'small pages' : formatOrder(asOrder(order), geometry),
    ink: { order } as Ink,
    values: [...held, held[held.length - 1]].map((pages) => pages[order] * pageBytes(geometry)),
  }));
  const since = (label: string, ink: Ink, of: (step: SeriesStep) => number) => ({
    label,
    ink,
    values: [0, ...steps.map((step) => of(step) * pageBytes(geometry)), 0],
  });
  const chart = (id: string, title: string, parts: ReturnType<typeof since>[]): ChartData => ({
    id,
    title: `${title} since the snapshot before`,
    unit: 'bytes',
    isTall: false,
    isOfInterval: true,
    series: stacked(parts),
  });
  return [
    {
      id: 'memory',
      title: 'Anonymous memory by folio order',
      unit: 'bytes',
      isTall: true,
      isOfInterval: false,
      series: stacked(sizes),
    },
    chart('collapsed', 'Collapsed, and filled by it', [
      since('collapsed', 'accent', ({ collapsedPages }) => collapsedPages),
      since('filled', 'bad', ({ filledPages }) => filledPages),
    ]),
    chart('split', 'Split', [since('split', 'bad', ({ splitPages }) => splitPages)]),
    chart('touched', 'Touched', [since('touched', 'accent', ({ touchedPages }) => touchedPages)]),
    chart('freed', 'Freed', [since('freed', 'quiet', ({ freedPages }) => freedPages)]),
  ];
}

/** What a series comes to in three figures. */
export function figuresOfSeries({ steps, pagesBefore, geometry }: RecordedSeries): Figure[] {
  const last = steps[steps.length - 1].pagesAfter;
  const size = (pages: number) => formatSize(pages, geometry);
  const total = (of: (step: SeriesStep) => number) => size(sum(steps.map(of)));
  const huge = (pages: readonly number[]) => sum(pages.slice(1));
  const time = formatDuration(Math.round(sum(steps.map(({ elapsedMs }) => elapsedMs)) / 1000) * 1e9);
  return [
    {
      name: 'memory at the end',
      value: size(sum(last)),
      about: `${size(sum(pagesBefore))} at the beginning; ${plural(steps.length + 1, 'snapshot')} in ${time}`,
    },
    {
      name: 'in huge pages at the end',
      value: percent(huge(last), sum(last)),
      about: `${size(huge(last))}; ${size(huge(pagesBefore))} at the beginning`,
    },
    {
      name: 'collapsed in all',
      value: total(({ collapsedPages }) => collapsedPages),
      about: `${total(({ filledPages }) => filledPages)} filled by it; ${total(({ splitPages }) => splitPages)} split again`,
    },
  ];
}
