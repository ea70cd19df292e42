import { effect, useComputed } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { pagesPerRange } from '../../src/core/memory/geometry.ts';
import { gridColumns } from '../../src/render/svg/pte-layers.ts';
import { setParams } from '../state/link.ts';
import { drawMap } from './draw.ts';
import {
  camera,
  extendMark,
  keepInSight,
  layout,
  markTo,
  moveTo,
  pixelsOf,
  pointed,
  select,
  selected,
  showRow,
  showWanted,
  size,
  viewport,
} from './map-state.ts';
import { centerOn, fitCamera, pan, zoomAt } from './picture/camera.ts';
import { blockAt, rowAtPlace } from './picture/layout.ts';
import { minimapOf, placeOnMinimap } from './picture/minimap.ts';
import { onMap, subject } from './subject.ts';
import { followSight, showsPtes } from './tiles.ts';

/** Pointers that moved less than this between down and up meant to click. */
const CLICK_PIXELS = 4;
const ZOOM_STEP = 1.5;

/** The picture itself, and what mouse, fingers and keys do to it. */
export function MapCanvas({ onOpen }: { readonly onOpen: (row: number) => void }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const latestOnOpen = useRef(onOpen);
  latestOnOpen.current = onOpen;
  const isWhole = useComputed(() => camera.value.scale <= fitCamera(layout.value, viewport.value).scale);
  useEffect(() => {
    const element = canvas.current;
    if (!element) return undefined;
    const measure = new ResizeObserver(() => {
      const { width, height } = element.getBoundingClientRect();
      size.value = { width: Math.floor(width), height: Math.floor(height) };
    });
    measure.observe(element);
    const stopDrawing = effect(() => drawMap(element));
    const stopFollowing = followSight();
    const stopPointing = followPointers(element);
    const stopShowing = effect(showWanted);
    const onKeyDown = (event: KeyboardEvent) => {
      if (isForMap(event, element)) onKey(event, latestOnOpen.current);
    };
    window.addEventListener('keydown', onKeyDown);
    return () => {
      window.removeEventListener('keydown', onKeyDown);
      measure.disconnect();
      stopDrawing();
      stopFollowing();
      stopPointing();
      stopShowing();
      size.value = { width: 0, height: 0 };
      pointed.value = undefined;
    };
  }, []);
  return (
    <canvas
      ref={canvas}
      class={isWhole.value ? 'map-canvas map-whole' : 'map-canvas'}
      tabIndex={0}
      role="application"
      aria-roledescription="memory map"
      aria-label={`Map of ${onMap.value?.rows ?? 0} PMD ranges`}
      aria-describedby="map-keys"
      onDblClick={(event) => zoomBy(3, event.offsetX, event.offsetY)}
    />
  );
}

function zoomBy(factor: number, px = size.value.width / 2, py = size.value.height / 2): void {
  moveTo(zoomAt(camera.value, layout.value, viewport.value, factor, px, py));
}

const FIELD = 'input:not([type=radio]), select, textarea, dialog *';

/**
 * Whether a key means the map: while it has the focus, or nothing has, any key; else what is typed, unless
 * into a field. Arrows, Enter and the like belong to what has the focus.
 */
function isForMap({ target, key }: KeyboardEvent, map: HTMLCanvasElement): boolean {
  if (target === map || target === document.body) return true;
  return key.length === 1 && key !== ' ' && target instanceof Element && !target.matches(FIELD);
}

function onKey(event: KeyboardEvent, onOpen: (row: number) => void): void {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { layers } = subject.value ?? { layers: [] };
  const act = event.shiftKey || event.key.length === 1 ? PAN_KEYS[event.key] : undefined;
  if (act) moveTo(pan(camera.value, layout.value, viewport.value, ...act));
  else if (/^[1-9]$/.test(event.key) && layers[Number(event.key) - 1])
    setParams({ layer: layers[Number(event.key) - 1] });
  else if (event.key === '+' || event.key === '=') zoomOnSelected(ZOOM_STEP);
  else if (event.key === '-') zoomOnSelected(1 / ZOOM_STEP);
  else if (event.key === '0') zoomBy(0);
  else if (event.key === '/') document.getElementById('map-find')?.focus();
  else if (event.key === 'f') zoomBy(0);
  else if (event.key === '>') extendMark(1);
  else if (event.key === '<') extendMark(-1);
  else if (event.key === 'Escape') select(undefined);
  else if (event.key === 'Enter' && selected.value !== undefined) onOpen(selected.value);
  else if (event.key === 'c' && selected.value !== undefined) showRow(selected.value);
  else if (!moveSelection(event.key)) return;
  event.preventDefault();
}

const PAN_KEYS: Record<string, [number, number] | undefined> = {
  a: [80, 0],
  d: [-80, 0],
  w: [0, 80],
  s: [0, -80],
  ArrowLeft: [80, 0],
  ArrowRight: [-80, 0],
  ArrowUp: [0, 80],
  ArrowDown: [0, -80],
};

/** Zooms around the selected range when it is in sight. */
function zoomOnSelected(factor: number): void {
  const row = selected.value;
  if (row === undefined) return zoomBy(factor);
  const { x, y, cellWidth, scale } = pixelsOf(row);
  const [px, py] = [x + cellWidth / 2, y + scale / 2];
  const { width, height } = viewport.value;
  if (px < 0 || py < 0 || px > width || py > height) zoomBy(factor);
  else zoomBy(factor, px, py);
}

function moveSelection(key: string): boolean {
  const rows = onMap.value?.rows ?? 0;
  const from = selected.value;
  const { columns, blocks } = layout.value;
  const steps: Record<string, number> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    PageUp: -10 * columns,
    PageDown: 10 * columns,
    Home: -Infinity,
    End: Infinity,
  };
  let to: number;
  if (key in steps) to = from === undefined && key !== 'End' ? 0 : (from ?? 0) + steps[key];
  else if (key === ']') to = blocks.find(({ first }) => first > (from ?? -1))?.first ?? rows - 1;
  else if (key === '[') to = blocks.findLast(({ first }) => first < (from ?? 0))?.first ?? 0;
  else return false;
  if (rows === 0) return true;
  const row = Math.min(rows - 1, Math.max(0, to));
  select(row);
  keepInSight(row);
  return true;
}

/** Follows mouse and fingers: hover, click, drag, wheel, pinch. Returns how to stop. */
function followPointers(element: HTMLCanvasElement): () => void {
  const down = new Map<number, { x: number; y: number }>();
  let travelled = 0;
  let isMarking = false;
  let isSteering = false;
  const at = (event: PointerEvent | WheelEvent) => {
    const { left, top } = element.getBoundingClientRect();
    return { x: event.clientX - left, y: event.clientY - top };
  };
  const listeners: { [K in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[K]) => void } = {
    pointerdown: (event) => {
      element.setPointerCapture(event.pointerId);
      if (down.size === 0) travelled = 0;
      const { x, y } = at(event);
      isSteering = down.size === 0 && steerByMinimap(x, y);
      isMarking = event.shiftKey && down.size === 0 && !isSteering;
      if (isMarking) select(placeUnder(x, y)?.row);
      down.set(event.pointerId, at(event));
    },
    pointermove: (event) => {
      const now = at(event);
      const before = down.get(event.pointerId);
      if (before && isSteering) return void steerByMinimap(now.x, now.y);
      if (!before) {
        pointed.value = placeUnder(now.x, now.y);
        return;
      }
      travelled += Math.abs(now.x - before.x) + Math.abs(now.y - before.y);
      const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
      down.set(event.pointerId, now);
      if (other) {
        const spread = (from: { x: number; y: number }) => Math.hypot(from.x - other.x, from.y - other.y);
        zoomBy(spread(now) / Math.max(1, spread(before)), (now.x + other.x) / 2, (now.y + other.y) / 2);
      } else if (isMarking) {
        const row = placeUnder(now.x, now.y)?.row;
        if (row !== undefined) markTo(row);
      } else if (travelled > CLICK_PIXELS) {
        pointed.value = undefined;
        moveTo(pan(camera.value, layout.value, viewport.value, now.x - before.x, now.y - before.y));
      }
    },
    pointerup: (event) => {
      down.delete(event.pointerId);
      const place = at(event);
      if (travelled <= CLICK_PIXELS && event.button === 0 && !isSteering)
        select(placeUnder(place.x, place.y)?.row);
    },
    pointercancel: (event) => void down.delete(event.pointerId),
    pointerleave: () => {
      pointed.value = undefined;
    },
    wheel: (event) => {
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const { x, y } = at(event);
      zoomBy(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.002)), x, y);
      pointed.value = placeUnder(x, y);
    },
  };
  for (const [name, listener] of Object.entries(listeners))
    element.addEventListener(name, listener as EventListener, { passive: false });
  return () => {
    for (const [name, listener] of Object.entries(listeners))
      element.removeEventListener(name, listener as EventListener);
  };
}

/** Moves what is seen to a place of the minimap; false where the pixel is not on it. */
function steerByMinimap(px: number, py: number): boolean {
  const [map, view, { scale }] = [layout.value, viewport.value, camera.value];
  const minimap = minimapOf(map, view, camera.value);
  const place = minimap && placeOnMinimap(minimap, view, px, py);
  if (!place) return false;
  moveTo(centerOn(map, view, scale, place.x, place.y));
  return true;
}

/** The range, and where cells are large enough the PTE, at a pixel. */
function placeUnder(px: number, py: number): { row: number; pte: number | undefined } | undefined {
  const { x, y, scale } = camera.value;
  const { aspect } = viewport.value;
  const [mapX, mapY] = [x + px / (scale * aspect), y + py / scale];
  const row = rowAtPlace(layout.value, mapX, mapY);
  const open = onMap.value;
  const block = blockAt(layout.value, mapY);
  if (row === undefined || !open || !block || row >= open.rows) return undefined;
  if (!showsPtes()) return { row, pte: undefined };
  const { geometry } = open.host;
  const columns = gridColumns(geometry);
  const line = Math.floor(((mapY - block.top) % 1) * (pagesPerRange(geometry) / columns));
  return { row, pte: line * columns + Math.floor((mapX % 1) * columns) };
}
