import { camera, layout, viewport } from './map-state.ts';
import { MARK_INKS } from './picture/layers.ts';
import { minimapOf } from './picture/minimap.ts';
import { paintMap } from './picture/raster.ts';

/** The small picture that was painted last: it changes with memory, policy and layer, not with the camera. */
let painted: { readonly key: readonly unknown[]; readonly picture: OffscreenCanvas } | undefined;

/** Draws the whole map in small, and a frame around what is seen. */
export function drawMinimap(
  context: CanvasRenderingContext2D,
  colorsOfAll: () => Uint32Array,
  pageColor: number,
  isDark: boolean,
): void {
  const [map, view] = [layout.value, viewport.value];
  const minimap = minimapOf(map, view, camera.value);
  if (!minimap) return;
  const { box, seen, scale } = minimap;
  const rowColors = colorsOfAll();
  const ratio = window.devicePixelRatio;
  const [width, height] = [Math.ceil(box.width * ratio), Math.ceil(box.height * ratio)];
  const key = [map, rowColors, width, height];
  if (!painted || key.some((each, i) => each !== painted?.key[i])) {
    const small = new OffscreenCanvas(width, height);
    const inside = small.getContext('2d', { alpha: false });
    const picture = new ImageData(width, height);
    const scene = {
      layout: map,
      camera: { x: 0, y: 0, scale: scale * ratio },
      viewport: { width, height, aspect: view.aspect },
      rowColors,
      tiles: undefined,
      pteColors: rowColors,
      only: undefined,
      pageColor,
    };
    paintMap(scene, new Uint32Array(picture.data.buffer));
    inside?.putImageData(picture, 0, 0);
    painted = { key, picture: small };
  }
  context.drawImage(painted.picture, box.x, box.y, box.width, box.height);
  const { ink, rim } = MARK_INKS[isDark ? 'dark' : 'light'];
  for (const [color, more] of [
    [rim, 3],
    [ink, 0],
  ] as const) {
    context.strokeStyle = color;
    context.lineWidth = 1 + more;
    context.strokeRect(box.x - 1, box.y - 1, box.width + 2, box.height + 2);
    context.lineWidth = 2 + more;
    context.strokeRect(seen.x, seen.y, Math.max(3, seen.width), Math.max(3, seen.height));
  }
}
