import { computed, signal } from '@preact/signals';
import { memory } from '../memory/open-memory.ts';
import { link, setParams } from '../state/link.ts';
import { type Camera, centerOn, fitCamera, type Viewport } from './camera.ts';
import { findPlace, placeName, processRows } from './find.ts';
import { LAYERS, type Layer } from './layers.ts';
import { layoutOf, placeOfRow, rowAtPlace } from './layout.ts';
import { pteColumns } from './pte-code.ts';

/** The size of the canvas in CSS pixels; 0 before it is on the page. */
export const size = signal({ width: 0, height: 0 });

/** Where the user has moved to; undefined while the link decides. */
const moved = signal<{ readonly camera: Camera; readonly see: string; readonly zoom: string } | undefined>(
  undefined,
);

/** The row under the pointer. */
export const hovered = signal<{ readonly row: number; readonly pte: number | undefined } | undefined>(
  undefined,
);

export const viewport = computed<Viewport>(() => {
  const pmdOrder = memory.value?.host.geometry.pmdOrder ?? 9;
  const columns = pteColumns(pmdOrder);
  return { ...size.value, aspect: columns ** 2 / 2 ** pmdOrder };
});

export const layout = computed(() => {
  const open = memory.value;
  const { width, height, aspect } = viewport.value;
  const known = open ? processRows(open) : [];
  // While rows are still coming, the last process is given the rest, so that lines keep their length.
  const last = known.at(-1);
  if (open && !open.complete && last) known[known.length - 1] = { ...last, end: open.mostRows };
  return layoutOf(known, height > 0 ? width / aspect / height : 1);
});

export const layer = computed<Layer>(
  () => LAYERS.find((each) => each === link.value.params.layer) ?? 'after',
);

/** The range that is looked at closely. */
export const selected = computed<number | undefined>(() => rowOf(link.value.params.at));

export const camera = computed<Camera>(() => {
  const { see, zoom } = link.value.params;
  const own = moved.value;
  if (own && own.see === see && own.zoom === zoom) return own.camera;
  const row = rowOf(see);
  const scale = Number(zoom);
  if (row === undefined || !(scale > 0)) return fitCamera(layout.value, viewport.value);
  const { x, y } = placeOfRow(layout.value, row);
  const least = fitCamera(layout.value, viewport.value).scale;
  return centerOn(layout.value, viewport.value, Math.max(least, scale), x + 0.5, y + 0.5);
});

/** Moves the camera; the link follows with the range in the middle and the height of a cell in pixels. */
export function moveTo(next: Camera): void {
  const open = memory.value;
  if (!open) return;
  const { width, height, aspect } = viewport.value;
  if (next.scale <= fitCamera(layout.value, viewport.value).scale * 1.001) {
    moved.value = undefined;
    setParams({ see: undefined, zoom: undefined });
    return;
  }
  const x = next.x + width / (2 * next.scale * aspect);
  const y = next.y + height / (2 * next.scale);
  const middle = rowAtPlace(layout.value, x, y) ?? rowAtPlace(layout.value, next.x, next.y + 1);
  const see = middle === undefined || middle >= open.rows ? link.value.params.see : placeName(open, middle);
  const zoom = String(Math.round(next.scale * 100) / 100);
  moved.value = see === undefined ? undefined : { camera: next, see, zoom };
  setParams({ see, zoom });
}

export function select(row: number | undefined): void {
  const open = memory.value;
  setParams({ at: open && row !== undefined ? placeName(open, row) : undefined });
}

/** Shows a row in the middle, at least so large that its PTEs can be told apart. */
export function showRow(row: number): void {
  const { x, y } = placeOfRow(layout.value, row);
  const scale = Math.max(camera.value.scale, Math.min(96, size.value.height / 3));
  moveTo(centerOn(layout.value, viewport.value, scale, x + 0.5, y + 0.5));
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
  const open = memory.value;
  if (!open || place === undefined) return undefined;
  const found = findPlace(open, place);
  return found && found.row < open.rows ? found.row : undefined;
}
