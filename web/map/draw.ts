import { firstIndex } from '../../src/core/base/first-index.ts';
import type { Vma } from '../../src/core/rules/vma.ts';
import { cssColor } from '../../src/render/svg/palette.ts';
import { printable } from '../../src/render/words/printable.ts';
import { dark } from '../state/theme.ts';
import { measured } from '../state/timing.ts';
import { drawMinimap } from './draw-minimap.ts';
import { camera, hovered, layout, marked, pixelsOf, selected, viewport } from './map-state.ts';
import { fadedColors, fadedPainter, MARK_INKS, PAGE_DARK, PAGE_LIGHT, pixel } from './picture/layers.ts';
import { orderOfTile } from './picture/pte-code.ts';
import { eachSeenSpan, type PixelColumns, paintMap, type Scene, type TileCodes } from './picture/raster.ts';
import { RowColors } from './picture/row-colors.ts';
import { type LayerPart, type MapSubject, onMap, subject } from './subject.ts';
import { tilesInSight } from './tiles.ts';

/** PTEs at least so many pixels wide have their folios outlined. */
const OUTLINES_FROM = 6;
/** Cells at least so many pixels wide have the borders of VMAs between them. */
const VMAS_FROM = 12;
/** Lines at least so many pixels high have room for the names of VMAs. */
const NAMES_FROM = 40;

/** The colours of layers, kept for the next frame. */
const kept = new Map<string, { readonly key: readonly unknown[]; readonly colors: RowColors }>();
/** The picture of all ranges that was painted last: what points at one of them changes it not. */
let painted: { readonly key: readonly unknown[]; readonly picture: ImageData } | undefined;

/**
 * Draws the whole map into a canvas of the window's size times the screen's pixel ratio. Reads every signal
 * it depends on.
 */
export function drawMap(canvas: HTMLCanvasElement): void {
  const start = performance.now();
  const shown = subject.value;
  const { width, height } = viewport.value;
  const context = canvas.getContext('2d', { alpha: false });
  if (!shown?.memory.value || !context || width === 0 || height === 0) return;
  const ratio = window.devicePixelRatio;
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  // Setting the size, even to what it is, makes a new picture.
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  const isDark = dark.value;
  const parts = shown.parts(canvas.width);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.putImageData(pictureOf(shown, parts, context, isDark), 0, 0);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  for (const part of parts) {
    const tiles = tilesInSight(part.layer);
    if (tiles && shown.hasFolios(part.layer)) outlineFolios(context, tiles, part, isDark);
  }
  markVmas(context, isDark);
  labelProcesses(context, isDark);
  if (marked.value) shadeMarked(context, marked.value, isDark);
  if (hovered.value) frame(context, hovered.value.row, isDark, 1);
  if (selected.value !== undefined) frame(context, selected.value, isDark, 3);
  drawMinimap(context, () => wholeColors(shown, isDark), pageColorOf(isDark), isDark);
  measured('thpscope frame', start);
}

function pageColorOf(isDark: boolean): number {
  return pixel(isDark ? PAGE_DARK : PAGE_LIGHT);
}

/** All ranges in their colours; the last picture where nothing of it changed. */
function pictureOf(
  shown: MapSubject,
  parts: readonly LayerPart[],
  context: CanvasRenderingContext2D,
  isDark: boolean,
): ImageData {
  const { width, height } = context.canvas;
  const out = shown.standingOut.value;
  const scenes = parts.map((part): Scene => {
    const ofPtes = shown.pteColors(part.layer, isDark);
    return {
      layout: layout.value,
      camera: { ...camera.value, scale: camera.value.scale * window.devicePixelRatio },
      viewport: { width, height, aspect: viewport.value.aspect },
      rowColors: colorsOf(shown, part.layer, isDark).colors,
      tiles: tilesInSight(part.layer),
      pteColors: ofPtes,
      only: out && { ...out, fadedPtes: fadedColors(ofPtes, pageColorOf(isDark)) },
      pageColor: pageColorOf(isDark),
    };
  });
  const ofParts = scenes.flatMap(({ rowColors, tiles }, i) => [
    rowColors,
    tiles?.codes,
    parts[i].first,
    parts[i].end,
  ]);
  const key = [layout.value, camera.value, width, height, isDark, ...ofParts];
  if (painted && isSameKey(painted.key, key)) return painted.picture;
  const picture = context.createImageData(width, height);
  const pixels = new Uint32Array(picture.data.buffer);
  for (const [i, scene] of scenes.entries()) {
    const colors = colorsOf(shown, parts[i].layer, isDark);
    eachSeenSpan(scene, parts[i], (first, end) => colors.want(first, end));
    paintMap(scene, pixels, parts[i]);
  }
  painted = { key, picture };
  return picture;
}

/** The colours of a layer, of the rows that were wanted so far. */
function colorsOf(shown: MapSubject, of: string, isDark: boolean): RowColors {
  const out = shown.standingOut.value;
  const key = [shown, ...shown.colorKey(of), isDark, out];
  const known = kept.get(of);
  if (known && isSameKey(known.key, key)) return known.colors;
  const plain = shown.rowPainter(of, isDark);
  const paint = out ? fadedPainter(plain, out, pageColorOf(isDark)) : plain;
  const colors = new RowColors(shown.memory.value?.rows ?? 0, paint);
  kept.set(of, { key, colors });
  return colors;
}

/** The colours of all rows, for the map in small. */
function wholeColors(shown: MapSubject, isDark: boolean): Uint32Array {
  const colors = colorsOf(shown, shown.small(), isDark);
  colors.want(0, colors.colors.length);
  return colors.colors;
}

function isSameKey(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((each, i) => each === other[i]);
}

function frame(context: CanvasRenderingContext2D, row: number, isDark: boolean, width: number): void {
  const { x, y, cellWidth, scale } = pixelsOf(row);
  const { ink, rim } = MARK_INKS[isDark ? 'dark' : 'light'];
  const [wide, high] = [Math.max(5, cellWidth) + width, Math.max(5, scale) + width];
  for (const [color, lineWidth] of [
    [rim, width + 2],
    [ink, width],
  ] as const) {
    context.strokeStyle = color;
    context.lineWidth = lineWidth;
    context.strokeRect(x - width / 2, y - width / 2, wide, high);
  }
}

/** A bar before the first range of each VMA, where cells are large enough for it. */
function markVmas(context: CanvasRenderingContext2D, isDark: boolean): void {
  const vmas = onMap.value?.vmas ?? [];
  const { y, scale } = camera.value;
  const { height, aspect } = viewport.value;
  const { blocks, columns } = layout.value;
  if (scale * aspect < VMAS_FROM) return;
  const { ink, rim } = MARK_INKS[isDark ? 'dark' : 'light'];
  for (const { first, end, top, lines } of blocks) {
    const above = Math.max(0, Math.floor(y - top));
    const below = Math.min(lines, Math.ceil(y + height / scale - top));
    if (above >= below) continue;
    const last = Math.min(end, first + below * columns);
    const visible = firstIndex(vmas.length, (i) => vmas[i].first >= first + above * columns);
    for (let i = visible; i < vmas.length && vmas[i].first < last; i++) {
      const { x, y: cellTop } = pixelsOf(vmas[i].first);
      context.fillStyle = rim;
      context.fillRect(x - 2, cellTop, 4, scale);
      context.fillStyle = ink;
      context.fillRect(x - 1, cellTop, 2, scale);
      const inLine = Math.min(vmas[i].end - vmas[i].first, columns - ((vmas[i].first - first) % columns));
      if (scale >= NAMES_FROM)
        nameVma(context, vmas[i].vma, { x, y: cellTop, width: inLine * scale * aspect }, isDark);
    }
  }
}

/** The name of a VMA, or where it begins, on its first ranges, where these have room for it. */
function nameVma(
  context: CanvasRenderingContext2D,
  vma: Vma,
  { x, y, width }: { readonly x: number; readonly y: number; readonly width: number },
  isDark: boolean,
): void {
  const text = vma.name === '' ? `0x${vma.start.toString(16)}` : printable(vma.name);
  context.font = '11px system-ui, sans-serif';
  context.textBaseline = 'middle';
  const needed = context.measureText(text).width + 8;
  if (needed > width) return;
  context.fillStyle = isDark ? 'rgb(20 23 26 / 85%)' : 'rgb(255 255 255 / 88%)';
  context.fillRect(x + 2, y + 2, needed, 15);
  context.fillStyle = isDark ? '#e6e8eb' : '#1a1d21';
  context.fillText(text, x + 6, y + 10);
}

/** Shades marked rows, line by line. */
function shadeMarked(
  context: CanvasRenderingContext2D,
  { first, end }: { readonly first: number; readonly end: number },
  isDark: boolean,
): void {
  const { blocks, columns } = layout.value;
  const { height } = viewport.value;
  context.fillStyle = isDark ? 'rgb(125 184 245 / 45%)' : 'rgb(11 92 173 / 40%)';
  for (const block of blocks) {
    for (let row = Math.max(first, block.first); row < Math.min(end, block.end); ) {
      const next = Math.min(row + columns - ((row - block.first) % columns), end, block.end);
      const { x, y, cellWidth, scale } = pixelsOf(row);
      if (y > -scale && y < height)
        context.fillRect(x, y, Math.max(1, (next - row) * cellWidth), Math.max(1, scale));
      row = next;
    }
  }
}

/** The name of each process, above its ranges where there is room, else upon them. */
function labelProcesses(context: CanvasRenderingContext2D, isDark: boolean): void {
  const open = onMap.value;
  const { y, scale } = camera.value;
  context.font = '12px system-ui, sans-serif';
  context.textBaseline = 'middle';
  const { gap, blocks } = layout.value;
  for (const { process, top, lines } of blocks) {
    const pixels = (top - y) * scale;
    const room = gap * scale;
    if (pixels < -20 || pixels > viewport.value.height || (room < 15 && lines * scale < 44)) continue;
    const { command, pid } = open?.processes[process] ?? { command: '', pid: 0 };
    const text = `${printable(command)} (${pid})`;
    const middle = room >= 15 ? pixels - Math.min(room / 2, 10) : pixels + 10;
    if (room < 15) {
      context.fillStyle = isDark ? 'rgb(20 23 26 / 80%)' : 'rgb(255 255 255 / 85%)';
      context.fillRect(2, middle - 9, context.measureText(text).width + 8, 18);
    }
    context.fillStyle = isDark ? '#e6e8eb' : '#1a1d21';
    context.fillText(text, 6, middle);
  }
}

/** Lines around folios, so that neighbours of one size can be told apart. */
function outlineFolios(
  context: CanvasRenderingContext2D,
  tiles: TileCodes,
  part: PixelColumns,
  isDark: boolean,
): void {
  const pteWidth = (camera.value.scale * viewport.value.aspect) / tiles.columns;
  if (pteWidth < OUTLINES_FROM) return;
  const lines = tiles.pages / tiles.columns;
  const ratio = window.devicePixelRatio;
  context.save();
  context.beginPath();
  context.rect(part.first / ratio, 0, (part.end - part.first) / ratio, viewport.value.height);
  context.clip();
  context.strokeStyle = cssColor(isDark ? PAGE_DARK : PAGE_LIGHT);
  context.lineWidth = pteWidth < 12 ? 1 : 2;
  context.beginPath();
  for (const [row, tile] of tiles.indexOf) {
    const { x, y, cellWidth, scale } = pixelsOf(row);
    const { width, height } = viewport.value;
    if (x > width || y > height || x + cellWidth < 0 || y + scale < 0) continue;
    for (let pte = 0; pte < tiles.pages; ) {
      const order = orderOfTile(tiles.codes[tile * tiles.pages + pte]);
      const folio = order === undefined || pte % 2 ** order !== 0 ? 1 : 2 ** order;
      const wide = Math.min(folio, tiles.columns);
      const left = x + ((pte % tiles.columns) * cellWidth) / tiles.columns;
      const above = y + (Math.floor(pte / tiles.columns) * scale) / lines;
      context.rect(left, above, (wide * cellWidth) / tiles.columns, ((folio / wide) * scale) / lines);
      pte += folio;
    }
  }
  context.stroke();
  context.restore();
}
