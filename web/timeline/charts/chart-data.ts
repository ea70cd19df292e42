import { type Geometry, pageBytes } from '../../../src/core/memory/geometry.ts';
import { asOrder, formatOrder } from '../../../src/core/memory/order.ts';
import type { Sample } from '../../../src/simulation/sample.ts';
import type { Marker } from '../markers.ts';
import type { RunSeries } from '../timeline-worker-protocol.ts';

export type Unit = 'bytes' | 'share' | 'count' | 'time';

/** How a line is drawn: a folio order of the palette, or a role that has a colour. */
export type Ink = { readonly order: number } | 'text' | 'accent' | 'quiet' | 'bad' | 'swap';

export interface ChartSeries {
  readonly label: string;
  readonly ink: Ink;
  /** Filled down to nothing. */
  readonly isArea: boolean;
  /** Dashes tell a line apart where colours do not. */
  readonly isDashed: boolean;
  /** What is drawn at each sample: of stacked series, with all that lie below. */
  readonly drawn: readonly number[];
  /** What is said: of stacked series, their own. */
  readonly values: readonly number[];
}

export interface ChartData {
  readonly id: string;
  readonly title: string;
  readonly unit: Unit;
  readonly isTall: boolean;
  /** Whether a value is of the time since the sample before, and not of the moment. */
  readonly isOfInterval: boolean;
  readonly series: readonly ChartSeries[];
}

/**
 * What is drawn of a chart, one upon the other: each series, and below a line that crosses areas its casing.
 */
export interface ChartStroke {
  readonly series: ChartSeries;
  /** A wider line in the colour of the page, that tells the line above it from any area. */
  readonly isCasing: boolean;
}

export function strokesOf({ series }: ChartData): ChartStroke[] {
  const hasAreas = series.some(({ isArea }) => isArea);
  return series.flatMap((each) => [
    ...(hasAreas && !each.isArea ? [{ series: each, isCasing: true }] : []),
    { series: each, isCasing: false },
  ]);
}

/** Orders of folios that hold memory at some sample; 0 are small pages. */
export function ordersIn(samples: readonly Sample[]): number[] {
  const orders = new Set<number>();
  for (const { pagesByOrder } of samples)
    for (const [order, pages] of pagesByOrder.entries()) if (pages > 0) orders.add(order);
  return [...orders].sort((a, b) => a - b);
}

/** The time axis that charts share. */
export interface ChartTime {
  /** When each value is of, in seconds from the beginning. */
  readonly seconds: readonly number[];
  /** Where it ends, in seconds. */
  readonly end: number;
  readonly markers: readonly Marker[];
  readonly geometry: Geometry;
}

/** The time axis of a run. */
export function timeOfRun({ samples, ranNs, markers, geometry }: RunSeries): ChartTime {
  return { seconds: samples.map(({ at }) => at / 1e9), end: ranNs / 1e9, markers, geometry };
}

/** What the charts of a run show. */
export function chartsOf({ samples, geometry, swapSlots }: RunSeries): ChartData[] {
  const page = pageBytes(geometry);
  const line = (label: string, ink: Ink, values: readonly number[], isDashed = false): ChartSeries => ({
    label,
    ink,
    isArea: false,
    isDashed,
    drawn: values,
    values,
  });
  const bytes = (of: (sample: Sample) => number) => samples.map((sample) => of(sample) * page);
  const partly = samples.some(({ partlyMappedPages }) => partlyMappedPages > 0);
  const folios = stacked(
    ordersIn(samples)
      .reverse()
      .map((order) => ({
        label: order === 0 ? 'small pages' : formatOrder(asOrder(order), geometry),
        ink: { order },
        values: bytes(({ pagesByOrder }) => pagesByOrder[order]),
      })),
  );
  return [
    {
      id: 'memory',
      title: 'Memory by folio order',
      unit: 'bytes',
      isTall: true,
      isOfInterval: false,
      series: [
        ...folios,
        line(
          'RSS',
          'text',
          bytes(({ rssPages, fileRssPages }) => rssPages - fileRssPages),
        ),
        ...(partly
          ? [
              line(
                'partly mapped',
                'bad',
                bytes((sample) => sample.partlyMappedPages),
                true,
              ),
            ]
          : []),
      ],
    },
    ...(samples.some(({ cachePages }) => cachePages > 0)
      ? [
          {
            id: 'page-cache',
            title: 'Page cache of files and shared memory',
            unit: 'bytes' as const,
            isTall: false,
            isOfInterval: false,
            series: [
              line(
                'page cache',
                'accent',
                bytes(({ cachePages }) => cachePages),
              ),
              line(
                `of it in ${formatOrder(asOrder(geometry.pmdOrder), geometry)}`,
                { order: geometry.pmdOrder },
                bytes(({ cacheHugePages }) => cacheHugePages),
              ),
              line(
                'RSS of it, each mapping counted',
                'text',
                bytes(({ fileRssPages }) => fileRssPages),
                true,
              ),
            ],
          },
        ]
      : []),
    {
      id: 'free',
      title: swapSlots > 0 ? 'Free memory and swap' : 'Free memory',
      unit: 'bytes',
      isTall: false,
      isOfInterval: false,
      series: [
        line(
          'free',
          'accent',
          bytes(({ freePages }) => freePages),
        ),
        ...(swapSlots > 0
          ? [
              line(
                'swap used',
                'swap',
                bytes(({ swapPages }) => swapPages),
                true,
              ),
            ]
          : []),
      ],
    },
    {
      id: 'cpu',
      title: 'khugepaged CPU, of one CPU',
      unit: 'share',
      isTall: false,
      isOfInterval: true,
      series: [
        area(
          'CPU',
          'accent',
          growth(samples, ({ cpuNs }) => cpuNs).map((ns, i) => ns / intervalBefore(samples, i)),
        ),
      ],
    },
    {
      id: 'attempts',
      title: 'Attempts since the sample before',
      unit: 'count',
      isTall: false,
      isOfInterval: true,
      series: stacked([
        { label: 'collapsed', ink: 'accent', values: growth(samples, ({ collapses }) => collapses) },
        {
          label: 'failed',
          ink: 'bad',
          values: growth(samples, ({ attempts, collapses }) => attempts - collapses),
        },
      ]),
    },
    {
      id: 'locks',
      title: 'mmap write lock since the sample before',
      unit: 'time',
      isTall: false,
      isOfInterval: true,
      series: [
        area(
          'held by khugepaged',
          'accent',
          growth(samples, ({ writeLock }) => writeLock.totalNs),
        ),
        line(
          'others waited',
          'bad',
          growth(samples, ({ waits }) => waits.totalNs),
          true,
        ),
      ],
    },
    {
      id: 'scans',
      title: 'Full scans',
      unit: 'count',
      isTall: false,
      isOfInterval: false,
      series: [
        line(
          'full scans',
          'accent',
          samples.map(({ fullScans }) => fullScans),
        ),
      ],
    },
  ];
}

function area(label: string, ink: Ink, values: readonly number[]): ChartSeries {
  return { label, ink, isArea: true, isDashed: false, drawn: values, values };
}

/** Areas upon each other, the first lowest; what is drawn first must be highest, so they come in reverse. */
export function stacked(
  parts: readonly { readonly label: string; readonly ink: Ink; readonly values: readonly number[] }[],
): ChartSeries[] {
  const tops: ChartSeries[] = [];
  let below: readonly number[] | undefined;
  for (const { label, ink, values } of parts) {
    const drawn: readonly number[] = values.map((value, i) => value + (below?.[i] ?? 0));
    tops.push({ label, ink, isArea: true, isDashed: false, drawn, values });
    below = drawn;
  }
  return tops.reverse();
}

/** How much what only grows has grown since the sample before. */
function growth(samples: readonly Sample[], of: (sample: Sample) => number): number[] {
  return samples.map((sample, i) => of(sample) - (i === 0 ? 0 : of(samples[i - 1])));
}

/**
 * Since the sample before, in ns. The last one comes when the run ends, maybe at once: that is no interval to
 * divide by.
 */
function intervalBefore(samples: readonly Sample[], i: number): number {
  const usual = samples.length > 1 ? samples[1].at - samples[0].at : 1;
  return i === 0 ? usual : Math.max(usual, samples[i].at - samples[i - 1].at);
}
