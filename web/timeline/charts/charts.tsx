import 'uplot/dist/uPlot.min.css';
import { type Signal, useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef, useState } from 'preact/hooks';
import type uPlot from 'uplot';
import { dark } from '../../state/theme.ts';
import { lastNotAfter } from '../run-params.ts';
import { goToMoment, momentAt, run } from '../run-state.ts';
import { type ChartData, type ChartTime, strokesOf } from './chart-data.ts';
import { pageColors } from './page-colors.ts';
import { type ChartState, colorOf, formatValue, optionsOf } from './uplot-options.ts';
import { type Zoom, zoomAround } from './zoom.ts';

type Plotter = typeof uPlot;

interface ChartsProps {
  readonly charts: readonly ChartData[];
  readonly time: ChartTime;
}

/** What happened over time, in charts that share their time axis. */
export function Charts({ charts, time }: ChartsProps) {
  const [plotter, setPlotter] = useState<{ Plot: Plotter } | undefined>();
  useEffect(() => {
    void import('uplot').then(({ default: Plot }) => setPlotter({ Plot }));
  }, []);
  const zoom = useSignal<Zoom | undefined>(undefined);
  const pointed = useSignal<number | undefined>(undefined);
  const { end } = time;
  const closer = (by: number) => {
    const at = run.peek()?.end?.moments[momentAt.peek()];
    zoom.value = zoomAround(zoom.value, by, at === undefined ? end : at / 1e9, end);
  };
  return (
    <section class="charts" aria-labelledby="charts-title">
      <div class="charts-head">
        <h2 id="charts-title">Over time</h2>
        <span class="charts-zoom" role="group" aria-label="Zoom of the charts">
          <button type="button" class="button" onClick={() => closer(1 / 2)}>
            Zoom in
          </button>
          <button type="button" class="button" disabled={!zoom.value} onClick={() => closer(2)}>
            Zoom out
          </button>
          <button
            type="button"
            class="button"
            disabled={!zoom.value}
            onClick={() => (zoom.value = undefined)}
          >
            Whole run
          </button>
        </span>
      </div>
      <div class="charts-grid">
        {charts.map((chart) => (
          <ChartFigure
            key={`${chart.id} ${dark.value}`}
            chart={chart}
            time={time}
            Plot={plotter?.Plot}
            zoom={zoom.value}
            onZoom={(to) => (zoom.value = to)}
            pointed={pointed}
          />
        ))}
      </div>
    </section>
  );
}

interface ChartFigureProps {
  readonly chart: ChartData;
  readonly time: ChartTime;
  readonly Plot: Plotter | undefined;
  readonly zoom: Zoom | undefined;
  readonly onZoom: (zoom: Zoom | undefined) => void;
  readonly pointed: Signal<number | undefined>;
}

function ChartFigure({ chart, time, Plot, zoom, onZoom, pointed }: ChartFigureProps) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const moment = useComputed(() => {
    const at = run.value?.end?.moments[momentAt.value];
    return at === undefined ? undefined : at / 1e9;
  });
  // What the chart asks for when it draws is always of the last rendering.
  const latest = useRef({ time, onZoom });
  latest.current = { time, onZoom };
  const structure = chart.series.map(({ label }) => label).join();

  useEffect(() => {
    const element = frame.current;
    if (!Plot || !element) return;
    const state: ChartState = {
      markers: () => latest.current.time.markers,
      onZoom: (to) => latest.current.onZoom(to),
      onReset: () => latest.current.onZoom(undefined),
      onPoint: (sample) => (pointed.value = sample),
    };
    const height = chart.isTall ? 210 : 110;
    const sizeNow = () => ({ width: Math.max(200, element.clientWidth), height });
    const { pmdOrder } = latest.current.time.geometry;
    const options = optionsOf(chart, sizeNow(), pmdOrder, pageColors.peek(), Plot.paths.stepped, state);
    const made = new Plot(options, dataOf(latest.current.time, chart), element);
    plot.current = made;
    const line = momentLine(made, () => moment.peek());
    const resizes = new ResizeObserver(() => made.setSize(sizeNow()));
    resizes.observe(element);
    const forget = onClicks(made, goToSecond);
    const unfollow = moment.subscribe(line);
    return () => {
      unfollow();
      forget();
      resizes.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [Plot, structure]);

  useEffect(() => {
    const made = plot.current;
    if (!made) return;
    made.setData(dataOf(time, chart), false);
    made.setScale('x', zoom ?? { min: 0, max: time.end });
  }, [Plot, structure, time, chart, zoom]);

  return (
    <figure class={chart.isTall ? 'chart chart-tall' : 'chart'}>
      <figcaption>
        <strong>{chart.title}</strong>
        <ChartLegend chart={chart} time={time} pointed={pointed} />
      </figcaption>
      <div ref={frame} role="img" aria-label={summaryOf(chart)} />
    </figure>
  );
}

interface ChartLegendProps {
  readonly chart: ChartData;
  readonly time: ChartTime;
  readonly pointed: Signal<number | undefined>;
}

/** What the lines are, and their values under the pointer, or else at the moment of the map. */
function ChartLegend({ chart, time, pointed }: ChartLegendProps) {
  const { seconds, geometry } = time;
  const moment = run.value?.end?.moments[momentAt.value];
  const at = moment === undefined ? time.end : moment / 1e9;
  const sample = Math.min(pointed.value ?? lastNotAfter(seconds, at), seconds.length - 1);
  const colors = pageColors.value;
  return (
    <span class="chart-legend">
      {chart.series.toReversed().map(({ label, ink, isArea, isDashed, values }) => (
        <span key={label}>
          <span
            class={`key ${isArea ? 'key-area' : isDashed ? 'key-dashed' : 'key-line'}`}
            style={{ color: colorOf(ink, geometry.pmdOrder, colors) }}
          />
          {label} <span class="mono">{formatValue(values[sample], chart.unit)}</span>
        </span>
      ))}
    </span>
  );
}

function dataOf({ seconds }: ChartTime, chart: ChartData): uPlot.AlignedData {
  return [[...seconds], ...strokesOf(chart).map(({ series }) => [...series.drawn])];
}

/** The chart in words: what each line is at the end, and its most. */
function summaryOf({ title, unit, series, isOfInterval }: ChartData): string {
  const lines = series.map(({ label, values }) => {
    const most = formatValue(Math.max(...values), unit);
    const last = formatValue(values[values.length - 1], unit);
    return isOfInterval ? `${label} at most ${most}` : `${label} ${last} at the end, at most ${most}`;
  });
  return `${title}: ${lines.join('; ')}`;
}

/**
 * Puts a line on a chart at the moment, in seconds; the returned function puts it where the moment is now.
 */
function momentLine(plot: uPlot, moment: () => number | undefined): () => void {
  const line = document.createElement('div');
  line.className = 'chart-moment';
  plot.over.append(line);
  const place = () => {
    const at = moment();
    const x = at === undefined ? -1 : plot.valToPos(at, 'x');
    line.hidden = x < 0 || x > plot.over.clientWidth;
    line.style.transform = `translateX(${x}px)`;
  };
  (plot.hooks.draw ??= []).push(place);
  return place;
}

function goToSecond(second: number): void {
  const moments = run.peek()?.end?.moments;
  if (moments) goToMoment(lastNotAfter(moments, second * 1e9));
}

/** Hears of clicks on a chart that are not the end of a drag. */
function onClicks(plot: uPlot, then: (second: number) => void): () => void {
  let downAt = 0;
  const down = ({ clientX }: MouseEvent) => void (downAt = clientX);
  const click = ({ clientX }: MouseEvent) => {
    if (Math.abs(clientX - downAt) < 4) then(plot.posToVal(clientX - plot.rect.left, 'x'));
  };
  plot.over.addEventListener('mousedown', down);
  plot.over.addEventListener('click', click);
  return () => {
    plot.over.removeEventListener('mousedown', down);
    plot.over.removeEventListener('click', click);
  };
}
