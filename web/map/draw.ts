import { firstIndex } from '../../src/core/base/first-index.ts';
import type { Vma } from '../../src/core/rules/vma.ts';
import { cssColor } from '../../src/render/svg/palette.ts';
import { printable } from '../../src/render/words/printable.ts';
import { dark } from '../state/theme.ts';
import { measured } from '../state/timing.ts';
import { drawMinimap } from './draw-minimap.ts';
import { fadedColors, fadeRows, PAGE_DARK, PAGE_LIGHT, pixel } from './layers.ts';
import { camera, hovered, layout, marked, pixelsOf, selected, viewport } from './map-state.ts';
import { orderOfTile } from './pte-code.ts';
import { type PixelColumns, paintMap, type TileCodes } from './raster.ts';
import { type MapSubject, onMap, subject } from './subject.ts';
import { tilesInSight } from './tiles.ts';

/** PTEs at least so many pixels wide have their folios outlined. */
const OUTLINES_FROM = 6;
/** Cells at least so many pixels wide have the borders of VMAs between them. */
const VMAS_FROM = 12;
/** Lines at least so many pixels high have room for the names of VMAs. */
const NAMES_FROM = 40;

let colors: { readonly key: readonly unknown[]; readonly of: Map<string, Uint32Array> } | undefined;

/**
 * Draws the whole map into a canvas of the window's size times the screen's pixel ratio. Reads every signal
 * it depends on.
 */
export function drawMap(canvas: HTMLCanvasElement): void {
  const start = performance.now();
  const shown = subject.value;
  const { width, height, aspect } = viewport.value;
  const context = canvas.getContext('2d', { alpha: false });
  if (!shown?.memory.value || !context || width === 0 || height === 0) return;
  const ratio = window.devicePixelRatio;
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  // Setting the size, even to what it is, makes a new picture.
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  const isDark = dark.value;
  const out = shown.standingOut.value;
  const pageColor = pixel(isDark ? PAGE_DARK : PAGE_LIGHT);
  const picture = context.createImageData(canvas.width, canvas.height);
  const pixels = new Uint32Array(picture.data.buffer);
  const parts = shown.parts(canvas.width);
  for (const part of parts) {
    const ofPtes = shown.pteColors(part.layer, isDark);
    paintMap(
      {
        layout: layout.value,
        camera: { ...camera.value, scale: camera.value.scale * ratio },
        viewport: { width: canvas.width, height: canvas.height, aspect },
        rowColors: colorsOf(shown, part.layer, isDark),
        tiles: tilesInSight(part.layer),
        pteColors: ofPtes,
        only: out && { ...out, fadedPtes: fadedColors(ofPtes, pageColor) },
        pageColor,
      },
      pixels,
      part,
    );
  }
  context.putImageData(picture, 0, 0);
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  for (const part of parts) {
    const tiles = tilesInSight(part.layer);
    if (tiles && shown.hasFolios(part.layer)) outlineFolios(context, tiles, part, isDark);
  }
  markVmas(context, isDark);
  labelProcesses(context, isDark);
  const ink = isDark ? '#fff' : '#000';
  if (marked.value) shadeMarked(context, marked.value, isDark);
  if (hovered.value) frame(context, hovered.value.row, ink, 1);
  if (selected.value !== undefined) frame(context, selected.value, ink, 3);
  drawMinimap(context, colorsOf(shown, shown.small(), isDark), pageColor, isDark);
  measured('thpscope frame', start);
}

/** The colours of all rows in a layer, kept for the next frame. */
function colorsOf(shown: MapSubject, of: string, isDark: boolean): Uint32Array {
  const out = shown.standingOut.value;
  const key = [shown, ...shown.colorKey(), isDark, out];
  if (!colors || key.some((each, i) => each !== colors?.key[i])) colors = { key, of: new Map() };
  let known = colors.of.get(of);
  if (!known) {
    known = shown.rowColors(of, isDark);
    if (out) fadeRows(known, out, pixel(isDark ? PAGE_DARK : PAGE_LIGHT));
    colors.of.set(of, known);
  }
  return known;
}

function frame(context: CanvasRenderingContext2D, row: number, ink: string, width: number): void {
  const { x, y, cellWidth, scale } = pixelsOf(row);
  context.strokeStyle = ink;
  context.lineWidth = width;
  const least = Math.max(5, cellWidth);
  context.strokeRect(x - width / 2, y - width / 2, least + width, Math.max(5, scale) + width);
}

/** A bar before the first range of each VMA, where cells are large enough for it. */
function markVmas(context: CanvasRenderingContext2D, isDark: boolean): void {
  const vmas = onMap.value?.vmas ?? [];
  const { y, scale } = camera.value;
  const { height, aspect } = viewport.value;
  const { blocks, columns } = layout.value;
  if (scale * aspect < VMAS_FROM) return;
  const ink = isDark ? '#e6e8eb' : '#1a1d21';
  for (const { first, end, top, lines } of blocks) {
    const above = Math.max(0, Math.floor(y - top));
    const below = Math.min(lines, Math.ceil(y + height / scale - top));
    if (above >= below) continue;
    const last = Math.min(end, first + below * columns);
    const visible = firstIndex(vmas.length, (i) => vmas[i].first >= first + above * columns);
    for (let i = visible; i < vmas.length && vmas[i].first < last; i++) {
      const { x, y: cellTop } = pixelsOf(vmas[i].first);
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
