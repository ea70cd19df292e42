import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { grouped } from '../../src/core/base/plural.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import { pagesPerRange } from '../../src/core/memory/geometry.ts';
import type { Rgb } from '../../src/render/svg/palette.ts';
import { oneAtATime } from '../state/one-at-a-time.ts';
import { dark } from '../state/theme.ts';
import { pageColors } from './charts/page-colors.ts';
import { CellLegend, RangeDetails } from './range-details.tsx';
import { formatMoment } from './run-params.ts';
import { momentAt, timelineWorker } from './run-state.ts';
import { layOutTiles, rowAtPoint, rowBeside, type TileLayout, tilePlaceOf } from './tile-layout.ts';
import { paintTiles } from './tile-paint.ts';
import type { MapMoment, RunEnd } from './timeline-worker-protocol.ts';

const NOTHING: { readonly light: Rgb; readonly dark: Rgb } = { light: [236, 238, 241], dark: [38, 43, 49] };

/**
 * The address spaces at the chosen moment: each PMD range a tile of its PTEs, or a single cell where there
 * are many.
 */
export function MomentMap({ end }: { readonly end: RunEnd }) {
  const moment = useMoment(end);
  const [width, setWidth] = useState(0);
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const selected = useSignal<number | undefined>(undefined);
  const { pmdOrder } = end.geometry;
  const nothing = dark.value ? NOTHING.dark : NOTHING.light;

  useEffect(() => {
    const element = frame.current;
    if (!element) return;
    const resizes = new ResizeObserver(() => setWidth(element.clientWidth));
    resizes.observe(element);
    return () => resizes.disconnect();
  }, []);

  const layout = useMemo(
    () =>
      moment && width > 0
        ? layOutTiles(end.map, moment.processes, pmdOrder, width, moment.cells !== undefined)
        : undefined,
    [end, moment, width, pmdOrder],
  );

  useEffect(() => {
    if (canvas.current && layout && moment)
      paint(canvas.current, layout, moment, end, nothing, selected.value);
  }, [layout, moment, nothing, selected.value]);

  const resident = moment?.residentPages.reduce((sum, pages) => sum + pages, 0) ?? 0;
  const living = moment?.processes.filter(({ exited }) => !exited).length ?? 0;
  const gone = (moment?.processes.length ?? 0) - living;
  const hidden = layout && living > layout.blocks.length ? living - layout.blocks.length : 0;
  const title = moment ? `The map at ${formatMoment(moment.at)}` : 'The map';
  return (
    <section class="moment-map" aria-labelledby="map-title">
      <h2 id="map-title">{title}</h2>
      <p class="map-summary">
        {formatSize(resident, end.geometry)} in {grouped(end.map.addresses.length)} PMD ranges of {living}{' '}
        {living === 1 ? 'process' : 'processes'}
        {gone > 0 && `; ${grouped(gone)} exited`}
        {layout && (layout.isDetailed ? '; a point is a PTE, a tile a PMD range' : '; a cell is a PMD range')}
        {hidden > 0 && `; ${grouped(hidden)} without memory or room are not shown`}
      </p>
      {moment && <CellLegend moment={moment} pmdOrder={pmdOrder} geometry={end.geometry} nothing={nothing} />}
      <div class="map-columns">
        <div ref={frame} class="moment-frame">
          <canvas
            ref={canvas}
            tabIndex={0}
            role="application"
            aria-roledescription="map of PMD ranges"
            aria-label={`${title}: ${formatSize(resident, end.geometry)} in memory. Arrow keys go from range to range.`}
            onClick={(event) => {
              if (!layout) return;
              const row = rowAtPoint(layout, event.offsetX, event.offsetY);
              if (row !== undefined) selected.value = row;
            }}
            onFocus={() => {
              if (layout && selected.value === undefined) selected.value = layout.blocks[0]?.first;
            }}
            onKeyDown={(event) => {
              if (!layout || !event.key.startsWith('Arrow')) return;
              event.preventDefault();
              selected.value = rowBeside(layout, selected.value ?? -1, event.key);
            }}
          />
        </div>
        {moment && selected.value === undefined && (
          <p class="map-hint">Click a range, or go to it with the arrow keys, to see its PTEs.</p>
        )}
        {moment && selected.value !== undefined && (
          <RangeDetails
            end={end}
            moment={moment}
            row={selected.value}
            nothing={nothing}
            rangePages={pagesPerRange(end.geometry)}
          />
        )}
      </div>
    </section>
  );
}

/** What the worker says of the chosen moment; of the one before while it is asked. */
function useMoment(end: RunEnd): MapMoment | undefined {
  const [moment, setMoment] = useState<MapMoment | undefined>();
  const index = momentAt.value;
  const ask = useMemo(
    () =>
      oneAtATime(async () => {
        const answer = await timelineWorker.moment(momentAt.peek());
        if (answer) setMoment(answer);
      }),
    [end],
  );
  useEffect(() => void ask(), [ask, index]);
  return moment;
}

function paint(
  canvas: HTMLCanvasElement,
  layout: TileLayout,
  moment: MapMoment,
  end: RunEnd,
  nothing: Rgb,
  selected: number | undefined,
): void {
  // Very high maps are drawn at the resolution that a canvas can have.
  const scale = Math.min(devicePixelRatio, 16_000 / Math.max(1, layout.height));
  const [width, height] = [Math.round(layout.width * scale), Math.ceil(layout.height * scale)];
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  canvas.style.width = `${layout.width}px`;
  canvas.style.height = `${layout.height}px`;
  const context = canvas.getContext('2d');
  if (!context) return;
  const image = context.createImageData(width, height);
  paintTiles(new Uint32Array(image.data.buffer), layout, moment, end.geometry.pmdOrder, nothing, scale);
  context.resetTransform();
  context.putImageData(image, 0, 0);
  const colors = pageColors.peek();
  context.scale(scale, scale);
  context.textBaseline = 'middle';
  for (const { process, titleTop } of layout.blocks) {
    const { name, id } = end.map.processes[process];
    const { rssPages, swapPages } = moment.processes[process];
    context.font = 'bold 13px system-ui, "DejaVu Sans", sans-serif';
    context.fillStyle = colors.text;
    context.fillText(name, 0, titleTop + 11);
    const { width } = context.measureText(name);
    context.font = '13px system-ui, "DejaVu Sans", sans-serif';
    context.fillStyle = colors.quiet;
    const swap = swapPages > 0 ? `, ${formatSize(swapPages, end.geometry)} swapped` : '';
    context.fillText(`mm ${id}: RSS ${formatSize(rssPages, end.geometry)}${swap}`, width + 10, titleTop + 11);
  }
  const place = selected === undefined ? undefined : tilePlaceOf(layout, selected);
  if (!place) return;
  context.strokeStyle = colors.text;
  context.lineWidth = 2;
  context.strokeRect(place.x - 1, place.y - 1, layout.tileWidth + 2, layout.tileHeight + 2);
}
