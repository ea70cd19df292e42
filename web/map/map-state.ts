import { computed, signal } from '@preact/signals';
import { pagesPerRange, x86_64 } from '../../src/core/memory/geometry.ts';
import { gridColumns } from '../../src/render/svg/pte-layers.ts';
import { memory } from '../memory/open-memory.ts';
import { judgement } from '../policy/judgement.ts';
import { go, link, setParams } from '../state/link.ts';
import { steady } from '../state/steady.ts';
import { findPlace, placeName, processRows } from './find.ts';
import { type Camera, centerOn, fitCamera, type Viewport } from './picture/camera.ts';
import { LAYERS, type Layer } from './picture/layers.ts';
import { layoutOf, nearestRow, placeOfRow, usualHeight } from './picture/layout.ts';
import { splitFrom } from './picture/split.ts';
import { standingOutFor } from './picture/standing-out.ts';
import { onMap } from './subject.ts';

/** The size of the canvas in CSS pixels; 0 before it is on the page. */
export const size = signal({ width: 0, height: 0 });

/** The row that the pointer moved to last. */
export const pointed = signal<{ readonly row: number; readonly pte: number | undefined } | undefined>(
  undefined,
);

/** The row under the pointer; a newer reading may not have it. */
export const hovered = computed(() =>
  pointed.value && pointed.value.row < (onMap.value?.rows ?? 0) ? pointed.value : undefined,
);

export const viewport = computed<Viewport>(() => {
  const geometry = onMap.value?.host.geometry ?? x86_64;
  return { ...size.value, aspect: gridColumns(geometry) ** 2 / pagesPerRange(geometry) };
});

/** Pixels that the name of a process takes above its ranges. */
const NAME_PIXELS = 18;
/** At most this part of the window's height goes to names. */
const NAMES_SHARE = 0.2;

/** By the width of the canvas and the rows alone: what changes its height moves no range to another line. */
export const layout = computed(() => {
  const open = onMap.value;
  const { width, aspect } = viewport.value;
  const height = usualHeight(width);
  const known = open ? processRows(open) : [];
  // While rows are still coming, the last process is given the rest, so that lines keep their length.
  const last = known.at(-1);
  if (open && !open.complete && last) known[known.length - 1] = { ...last, end: open.mostRows };
  const shape = width > 0 ? width / aspect / height : 1;
  const plain = layoutOf(known, shape);
  const { scale } = fitCamera(plain, { width, height, aspect });
  const hasRoom = known.length * NAME_PIXELS < NAMES_SHARE * height;
  return hasRoom && plain.gap * scale < NAME_PIXELS ? layoutOf(known, shape, NAME_PIXELS / scale) : plain;
});

export const layer = computed<Layer>(
  () => LAYERS.find((each) => each === link.value.params.layer) ?? 'split',
);

/** What fills the place of the map: itself, or its memory as a list. */
export const SHOWN = ['map', 'processes', 'vmas', 'files'] as const;
export type Shown = (typeof SHOWN)[number];

/** With more processes than this a list of them says more at first sight than their ranges do. */
const MANY_PROCESSES = 20;

/** What the link says; the map where it names anything on it, else what says most at first sight. */
export const shown = computed<Shown>(() => {
  const { show, at, see, layer: asked, why } = link.value.params;
  const named = SHOWN.find((each) => each === show);
  if (named || !memory.value) return named ?? 'map';
  const isOnMap = [at, see, asked, why].some((param) => param !== undefined);
  return !isOnMap && processRows(memory.value).length > MANY_PROCESSES ? 'processes' : 'map';
});

const NOT_JUDGED = { refusals: new Uint8Array(0), reasons: [] };

/** The ranges that alone are looked at, by the link (`why=SCAN_EXCEED_NONE_PTE`); undefined for all. */
export const standingOut = steady(() => {
  const { why } = link.value.params;
  return why === undefined ? undefined : standingOutFor(why, judgement.value ?? NOT_JUDGED);
});

/** The range that is looked at closely. */
export const selected = computed<number | undefined>(() => rowOf(link.value.params.at));

/**
 * What is seen, as the link says: `see` is what lies in the middle, a range and a place from its corner in
 * cells and lines (`PID:0xADDRESS@0.5,0.5`); `zoom` is the height of a cell in pixels. Without them, all of
 * the map.
 */
export const camera = steady(linkedCamera);

function linkedCamera(): Camera {
  const { see, zoom } = link.value.params;
  const [place, offset = '0.5,0.5'] = (see ?? '').split('@', 2);
  const row = rowOf(place);
  const [dx, dy] = offset.split(',', 2).map(Number);
  const scale = Number(zoom);
  const all = fitCamera(layout.value, viewport.value);
  if (row === undefined || !(scale > all.scale) || !Number.isFinite(dx + dy)) return all;
  const { x, y } = placeOfRow(layout.value, row);
  return centerOn(layout.value, viewport.value, scale, x + dx, y + dy);
}

/** Where the parts of the split end, as shares of the width, from the left: now, then khugepaged's. */
export const split = steady(() => {
  const { width, aspect } = viewport.value;
  const used = Math.min(width, layout.value.columns * aspect * camera.value.scale);
  return splitFrom(link.value.params.split, used / Math.max(1, width));
});

/** The rows from the selected one to that of the link (`to`), in the order of the map. */
export const marked = steady(() => {
  const from = selected.value;
  const to = rowOf(link.value.params.to);
  if (from === undefined || to === undefined || to === from) return undefined;
  return { first: Math.min(from, to), end: Math.max(from, to) + 1 };
});

/** Marks the rows from the selected one to this. */
export function markTo(row: number): void {
  const open = onMap.value;
  if (!open || row < 0 || row >= open.rows) return;
  if (selected.value === undefined) select(row);
  else setParams({ to: placeName(open, row) });
}

/** Marks one more row, or one less. */
export function extendMark(by: 1 | -1): void {
  const { to } = link.value.params;
  const last = rowOf(to) ?? selected.value;
  if (last !== undefined) markTo(last + by);
}

/** Where the cell of a row is on the canvas, from its upper left corner, and how large. */
export function pixelsOf(row: number): { x: number; y: number; cellWidth: number; scale: number } {
  const place = placeOfRow(layout.value, row);
  const { x, y, scale } = camera.value;
  const cellWidth = scale * viewport.value.aspect;
  return { x: (place.x - x) * cellWidth, y: (place.y - y) * scale, cellWidth, scale };
}

/** Moves the camera, which is to say the link. */
export function moveTo(next: Camera): void {
  const open = onMap.value;
  if (!open) return;
  const { width, height, aspect } = viewport.value;
  if (next.scale <= fitCamera(layout.value, viewport.value).scale * 1.001) {
    setParams({ see: undefined, zoom: undefined });
    return;
  }
  const x = next.x + width / (2 * next.scale * aspect);
  const y = next.y + height / (2 * next.scale);
  const row = Math.min(open.rows - 1, nearestRow(layout.value, x, y));
  const corner = placeOfRow(layout.value, row);
  const offset = [x - corner.x, y - corner.y].map((value) => Number(value.toFixed(4)));
  setParams({ see: `${placeName(open, row)}@${offset.join()}`, zoom: String(Number(next.scale.toFixed(2))) });
}

export function select(row: number | undefined): void {
  const open = onMap.value;
  setParams({ at: open && row !== undefined ? placeName(open, row) : undefined, to: undefined });
}

/** Shows a row in the middle, at least so large that its PTEs can be told apart. */
export function showRow(row: number): void {
  const { x, y } = placeOfRow(layout.value, row);
  const scale = Math.max(camera.value.scale, Math.min(96, size.value.height / 3));
  moveTo(centerOn(layout.value, viewport.value, scale, x + 0.5, y + 0.5));
}

/** Rows that are to be shown as soon as there is a canvas. */
const wanted = signal<{ readonly first: number; readonly end: number } | undefined>(undefined);

/** Goes to rows on the map of this view, as a step that the browser can go back from. */
export function goToRows(first: number, end: number): void {
  const open = onMap.value;
  if (!open) return;
  go(link.value.view, { show: 'map', at: placeName(open, first), see: undefined, zoom: undefined });
  wanted.value = { first, end };
}

/** Shows rows that were asked for; reads the signals it depends on. */
export function showWanted(): void {
  const rows = wanted.value;
  if (!rows || size.value.width === 0) return;
  wanted.value = undefined;
  showRows(rows.first, rows.end);
}

/** Shows rows as large as they fit, and no larger than a single one is shown. */
export function showRows(first: number, end: number): void {
  const from = placeOfRow(layout.value, first);
  const to = placeOfRow(layout.value, end - 1);
  const { width, height, aspect } = viewport.value;
  const lines = to.y - from.y + 1;
  const cells = lines > 1 ? layout.value.columns : to.x - from.x + 1;
  const fits = Math.min(height / (lines + 1), width / (aspect * (cells + 1)));
  const whole = fitCamera(layout.value, viewport.value).scale;
  const scale = Math.max(whole, Math.min(96, height / 3, fits));
  const middle = lines > 1 ? cells / 2 : from.x + cells / 2;
  moveTo(centerOn(layout.value, viewport.value, scale, middle, from.y + lines / 2));
}

/** Moves as little as is needed to have a row in sight. */
export function keepInSight(row: number): void {
  const { x, y } = placeOfRow(layout.value, row);
  const { x: left, y: top, scale } = camera.value;
  const { width, height, aspect } = viewport.value;
  const right = left + width / (scale * aspect) - 1;
  const bottom = top + height / scale - 1;
  if (x >= left && x <= right && y >= top && y <= bottom) return;
  moveTo(centerOn(layout.value, viewport.value, scale, x + 0.5, y + 0.5));
}

function rowOf(place: string | undefined): number | undefined {
  const open = onMap.value;
  if (!open || !place) return undefined;
  const found = findPlace(open, place);
  return found && found.row < open.rows ? found.row : undefined;
}
