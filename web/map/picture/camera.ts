import type { MapLayout } from './layout.ts';

/** What part of the map is seen: the place in the upper left corner, and how large a line is. */
export interface Camera {
  /** In cells. */
  readonly x: number;
  /** In lines. */
  readonly y: number;
  /** Pixels a line is high. */
  readonly scale: number;
}

/** The window on the map, in pixels, and how many times as wide as high a cell is. */
export interface Viewport {
  readonly width: number;
  readonly height: number;
  readonly aspect: number;
}

/** A cell at most this many times as high as the window: then single PTEs are as large as a thumb. */
const MOST_ZOOM = 1.6;

/** All of the map. */
export function fitCamera(layout: MapLayout, { width, height, aspect }: Viewport): Camera {
  const scale = Math.min(width / (layout.columns * aspect), height / layout.lines);
  return { x: 0, y: 0, scale };
}

/** Larger or smaller by a factor; the place under the pixel stays there. */
export function zoomAt(
  camera: Camera,
  layout: MapLayout,
  viewport: Viewport,
  factor: number,
  px: number,
  py: number,
): Camera {
  const least = fitCamera(layout, viewport).scale;
  const most = Math.max(least, MOST_ZOOM * viewport.height);
  const scale = Math.min(most, Math.max(least, camera.scale * factor));
  const { aspect } = viewport;
  const x = camera.x + px / (camera.scale * aspect) - px / (scale * aspect);
  const y = camera.y + py / camera.scale - py / scale;
  return clampCamera({ x, y, scale }, layout, viewport);
}

/** Moved by so many pixels. */
export function pan(
  { x, y, scale }: Camera,
  layout: MapLayout,
  viewport: Viewport,
  dx: number,
  dy: number,
): Camera {
  const moved = { x: x - dx / (scale * viewport.aspect), y: y - dy / scale, scale };
  return clampCamera(moved, layout, viewport);
}

/** With a place, given in cells and lines, in the middle of the window. */
export function centerOn(layout: MapLayout, viewport: Viewport, scale: number, x: number, y: number): Camera {
  const { width, height, aspect } = viewport;
  return clampCamera(
    { x: x - width / (2 * scale * aspect), y: y - height / (2 * scale), scale },
    layout,
    viewport,
  );
}

/** What is seen stays on the map; what is smaller than the window stays in its corner. */
function clampCamera(
  { x, y, scale }: Camera,
  layout: MapLayout,
  { width, height, aspect }: Viewport,
): Camera {
  const within = (value: number, room: number) => Math.min(Math.max(0, room), Math.max(0, value));
  return {
    x: within(x, layout.columns - width / (scale * aspect)),
    y: within(y, layout.lines - height / scale),
    scale,
  };
}
