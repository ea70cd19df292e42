import type uPlot from 'uplot';
import { formatBytes } from '../../../src/core/base/bytes.ts';
import { formatDuration } from '../../../src/core/base/duration.ts';
import { cssColor, orderColor, SWAPPED } from '../../../src/render/svg/palette.ts';
import type { Marker } from '../markers.ts';
import { formatMoment } from '../run-params.ts';
import { type ChartData, type ChartStroke, type Ink, strokesOf, type Unit } from './chart-data.ts';
import type { Zoom } from './zoom.ts';

/** The colours of the page, as canvases want them. */
export interface PageColors {
  readonly page: string;
  readonly text: string;
  readonly quiet: string;
  readonly line: string;
  readonly accent: string;
  readonly bad: string;
}

/** What may change while a chart is shown: asked whenever it is drawn. */
export interface ChartState {
  readonly markers: () => readonly Marker[];
  readonly onZoom: (zoom: Zoom) => void;
  readonly onReset: () => void;
  /** The sample under the pointer, as an index. */
  readonly onPoint: (sample: number | undefined) => void;
}

/** Steps of the time axis, in seconds: up to a minute, an hour, a day, and in days. */
const TIME_STEPS = [
  [1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30],
  [60, 120, 300, 600, 900, 1800],
  [3600, 7200, 10_800, 21_600, 43_200],
  [86_400, 172_800, 432_000, 864_000],
].flat();
const COUNT_STEPS = Array.from({ length: 10 }, (_, i) => [1, 2, 5].map((step) => step * 10 ** i)).flat();
const BYTE_STEPS = Array.from({ length: 45 }, (_, i) => 2 ** i);

/** The top of an axis on which all is nothing. */
const NOTHING_MOST: Record<Unit, number> = { bytes: 2 ** 20, share: 0.01, count: 1, time: 1e6 };

/** Values of a unit for people. */
export function formatValue(value: number, unit: Unit): string {
  switch (unit) {
    case 'bytes':
      return formatBytes(Math.round(value));
    case 'share':
      return `${Number((100 * value).toPrecision(2))}%`;
    case 'count':
      return value.toLocaleString('en-US', { maximumFractionDigits: 1 });
    case 'time':
      return value === 0 ? '0' : formatDuration(value);
  }
}

/** What uPlot is to draw; `stepped` comes from uPlot, which is loaded on demand. */
export function optionsOf(
  chart: ChartData,
  size: { readonly width: number; readonly height: number },
  pmdOrder: number,
  colors: PageColors,
  stepped: uPlot.Series.PathBuilderFactories['stepped'],
  state: ChartState,
): uPlot.Options {
  const axis = {
    stroke: colors.quiet,
    grid: { stroke: colors.line, width: 1 },
    ticks: { stroke: colors.line },
  };
  const font = '12px system-ui, "DejaVu Sans", sans-serif';
  return {
    ...size,
    padding: [14, 24, 0, 0],
    legend: { show: false },
    scales: {
      x: { time: false },
      y: { range: (_, __, max) => [0, max > 0 ? max * 1.05 : NOTHING_MOST[chart.unit]] },
    },
    axes: [
      {
        ...axis,
        font,
        size: 30,
        incrs: TIME_STEPS,
        space: 70,
        values: (_, splits) => splits.map((value) => formatMoment(Math.round(value * 1e9))),
      },
      {
        ...axis,
        font,
        size: 64,
        space: chart.isTall ? 32 : 24,
        ...(chart.unit === 'bytes'
          ? { incrs: BYTE_STEPS }
          : chart.unit === 'count'
            ? { incrs: COUNT_STEPS }
            : {}),
        values: (_, splits) => splits.map((value) => formatValue(value, chart.unit)),
      },
    ],
    series: [{}, ...strokesOf(chart).map((each) => seriesOf(each, chart, pmdOrder, colors, stepped))],
    cursor: {
      drag: { x: true, y: false, setScale: false },
      sync: {
        key: 'timeline',
        setSeries: false,
        filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' },
      },
      points: { show: false },
      bind: {
        dblclick: () => () => {
          state.onReset();
          return null;
        },
      },
    },
    hooks: {
      setCursor: [(plot) => state.onPoint(plot.cursor.idx ?? undefined)],
      setSelect: [
        (plot) => {
          const { left, width } = plot.select;
          if (width < 4) return;
          state.onZoom({ min: Math.max(0, plot.posToVal(left, 'x')), max: plot.posToVal(left + width, 'x') });
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      drawAxes: [(plot) => drawMarkers(plot, state.markers(), colors)],
    },
  };
}

function seriesOf(
  { series, isCasing }: ChartStroke,
  { isOfInterval }: ChartData,
  pmdOrder: number,
  colors: PageColors,
  stepped: uPlot.Series.PathBuilderFactories['stepped'],
): uPlot.Series {
  const color = isCasing ? colors.page : colorOf(series.ink, pmdOrder, colors);
  return {
    label: series.label,
    // A thin edge of the page's colour parts areas whose colours are close.
    stroke: series.isArea && !isOfInterval ? colors.page : color,
    fill: series.isArea ? color : undefined,
    width: series.isArea ? 1 : isCasing ? 4.5 : 1.75,
    dash: series.isDashed && !isCasing ? [6, 4] : undefined,
    points: { show: false },
    paths: stepped?.({ align: isOfInterval ? -1 : 1 }),
  };
}

export function colorOf(ink: Ink, pmdOrder: number, colors: PageColors): string {
  if (typeof ink === 'object') return cssColor(orderColor(ink.order, pmdOrder));
  return ink === 'swap' ? cssColor(SWAPPED) : colors[ink];
}

/** Events behind the lines: a line where each begins, a band while it lasts, and its number in the list. */
function drawMarkers(plot: uPlot, markers: readonly Marker[], colors: PageColors): void {
  const { ctx, bbox } = plot;
  const { left, top, width, height } = bbox;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, 0, width, top + height);
  ctx.clip();
  ctx.font = `${10 * ratio}px system-ui, "DejaVu Sans", sans-serif`;
  ctx.textAlign = 'left';
  ctx.textBaseline = 'top';
  let lastLabel = -Infinity;
  for (const [i, { at, end, kind }] of markers.entries()) {
    const x = plot.valToPos(at / 1e9, 'x', true);
    const until = plot.valToPos(end / 1e9, 'x', true);
    const color = kind === 'incident' ? colors.bad : kind === 'setting' ? colors.accent : colors.quiet;
    ctx.fillStyle = ctx.strokeStyle = color;
    ctx.globalAlpha = 0.1;
    if (until > x) ctx.fillRect(x, top, until - x, height);
    ctx.globalAlpha = 1;
    ctx.lineWidth = ratio;
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    ctx.beginPath();
    ctx.moveTo(x, top);
    ctx.lineTo(x, top + height);
    ctx.stroke();
    if (x - lastLabel < 14 * ratio) continue;
    ctx.fillText(String(i + 1), x + ratio, Math.max(0, top - 12 * ratio));
    lastLabel = x;
  }
  ctx.restore();
}
