import { type Camera, fitCamera, type Viewport } from './camera.ts';
import type { MapLayout } from './layout.ts';

/** At most so large, in CSS pixels, and so far from the corner of the map. */
const MOST_WIDTH = 160;
const MOST_HEIGHT = 100;
const MARGIN = 10;

/** A rectangle in CSS pixels of the map's window. */
interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where the whole map is drawn in small, and in it what is seen. */
export interface Minimap {
  readonly box: Box;
  readonly seen: Box;
  /** CSS pixels a line is high in it. */
  readonly scale: number;
}

/** In the lower right corner while not all of the map is seen; undefined while all is. */
export function minimapOf(map: MapLayout, view: Viewport, { x, y, scale }: Camera): Minimap | undefined {
  if (scale <= fitCamera(map, view).scale || map.lines === 0) return undefined;
  const small = Math.min(MOST_WIDTH / (map.columns * view.aspect), MOST_HEIGHT / map.lines);
  const [width, height] = [map.columns * view.aspect * small, map.lines * small];
  const box = { x: view.width - MARGIN - width, y: view.height - MARGIN - height, width, height };
  const seen = {
    x: box.x + x * view.aspect * small,
    y: box.y + y * small,
    width: Math.min(width, (view.width / scale) * small),
    height: Math.min(height, (view.height / scale) * small),
  };
  return { box, seen, scale: small };
}

/** The place of the map, in cells and lines, that a pixel of the minimap stands for; undefined beside it. */
export function placeOnMinimap(
  { box, scale }: Minimap,
  { aspect }: Viewport,
  px: number,
  py: number,
): { readonly x: number; readonly y: number } | undefined {
  const [dx, dy] = [px - box.x, py - box.y];
  if (dx < 0 || dy < 0 || dx > box.width || dy > box.height) return undefined;
  return { x: dx / (scale * aspect), y: dy / scale };
}
