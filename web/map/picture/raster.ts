import type { Camera, Viewport } from './camera.ts';
import { blockAt, type MapLayout } from './layout.ts';
import type { StandingOut } from './standing-out.ts';

/** PTEs of ranges that are seen closely: codes of rows, range after range. */
export interface TileCodes {
  /** By row, which tile it is. */
  readonly indexOf: ReadonlyMap<number, number>;
  readonly codes: Uint8Array;
  /** PTEs of a range, and in a line of its picture. */
  readonly pages: number;
  readonly columns: number;
}

export interface Scene {
  readonly layout: MapLayout;
  readonly camera: Camera;
  readonly viewport: Viewport;
  /** By row: see layers.ts. */
  readonly rowColors: Uint32Array;
  readonly tiles: TileCodes | undefined;
  readonly pteColors: Uint32Array;
  /** Rows that stand out, where not all are looked at; PTEs of the others have these colours. */
  readonly only: (StandingOut & { readonly fadedPtes: Uint32Array }) | undefined;
  /** Of what is no range. */
  readonly pageColor: number;
}

/** Cells at least so many pixels wide have a line between them. */
const GRID_FROM = 7;

/**
 * Paints the map, pixel by pixel, so that a frame costs the same however much memory there is: a pixel takes
 * the colour of the range at its middle, or of the PTE where ranges are seen closely. Where several ranges
 * share a pixel, it is their mean.
 */
export function paintMap(scene: Scene, into: Uint32Array, part: PixelColumns = wholeOf(scene)): void {
  const { layout, camera, viewport, pageColor } = scene;
  const { width, height } = viewport;
  const lineHeight = camera.scale;
  const cellWidth = camera.scale * viewport.aspect;
  if (cellWidth < 1) {
    paintMeans(scene, into, part);
    return;
  }
  const columnOf = new Int32Array(part.end - part.first);
  const insideX = new Float64Array(part.end - part.first);
  for (let px = 0; px < columnOf.length; px++) {
    const x = camera.x + (part.first + px + 0.5) / cellWidth;
    const column = Math.floor(x);
    columnOf[px] = x >= 0 && column < layout.columns ? column : -1;
    insideX[px] = x - column;
  }
  const gap = cellWidth >= GRID_FROM ? 1 : 0;
  for (let py = 0; py < height; py++) {
    const y = camera.y + (py + 0.5) / lineHeight;
    const block = blockAt(layout, y);
    const inLine = block ? y - block.top - Math.floor(y - block.top) : 0;
    const line = into.subarray(py * width + part.first, py * width + part.end);
    if (!block || inLine * lineHeight < gap) {
      line.fill(pageColor);
      continue;
    }
    const firstRow = block.first + Math.floor(y - block.top) * layout.columns;
    paintLine(scene, line, { columnOf, insideX, gap: gap / cellWidth, firstRow, end: block.end, inLine });
  }
}

/** Columns of pixels from `first` up to `end`: a map may have several parts, each of another layer. */
export interface PixelColumns {
  readonly first: number;
  readonly end: number;
}

function wholeOf({ viewport }: Scene): PixelColumns {
  return { first: 0, end: viewport.width };
}

interface Line {
  readonly columnOf: Int32Array;
  readonly insideX: Float64Array;
  /** The part of a cell's width that is left free. */
  readonly gap: number;
  readonly firstRow: number;
  readonly end: number;
  /** How far down in the cells, 0 to 1. */
  readonly inLine: number;
}

function paintLine(
  scene: Scene,
  line: Uint32Array,
  { columnOf, insideX, gap, firstRow, end, inLine }: Line,
): void {
  const { rowColors, tiles, only, pageColor } = scene;
  let { pteColors } = scene;
  let row = -1;
  let color = pageColor;
  let ptes = -1;
  for (let px = 0; px < line.length; px++) {
    const column = columnOf[px];
    if (column < 0 || insideX[px] < gap) {
      line[px] = pageColor;
      continue;
    }
    if (firstRow + column !== row) {
      row = firstRow + column;
      color = row < end && row < rowColors.length ? rowColors[row] : pageColor;
      if (only) pteColors = only.refusals[row] === only.code ? scene.pteColors : only.fadedPtes;
      const tile = tiles && row < end ? tiles.indexOf.get(row) : undefined;
      ptes =
        tiles && tile !== undefined
          ? tile * tiles.pages + Math.floor((inLine * tiles.pages) / tiles.columns) * tiles.columns
          : -1;
    }
    line[px] =
      ptes >= 0 && tiles ? pteColors[tiles.codes[ptes + Math.floor(insideX[px] * tiles.columns)]] : color;
  }
}

/**
 * Each pixel the mean of its ranges, or, where some stand out, of those: one among a hundred others is seen.
 * Lines of cells come from top to bottom, so that the sums of one line of pixels are all that is kept.
 */
function paintMeans(scene: Scene, into: Uint32Array, part: PixelColumns): void {
  const { layout, camera, viewport, rowColors, only, pageColor } = scene;
  const { left, right } = columnsIn(scene, part);
  const pixelOf = pixelsOfColumns(scene, part, left, right);
  const lineOf = (py: number) =>
    into.subarray(py * viewport.width + part.first, py * viewport.width + part.end);
  for (let py = 0; py < viewport.height; py++) lineOf(py).fill(pageColor);
  const sums = emptySums(part.end - part.first);
  let at = -1;
  for (const { first, end, top } of layout.blocks) {
    const stop = Math.min(end, rowColors.length);
    for (let line = 0, from = first; from < stop; line++, from += layout.columns) {
      const py = Math.floor((top + line + 0.5 - camera.y) * camera.scale);
      if (py < 0 || py >= viewport.height) continue;
      if (py !== at) {
        if (at >= 0) paintSums(sums, lineOf(at));
        at = py;
      }
      addLine(rowColors, only, pixelOf, from + left, Math.min(stop, from + right), sums);
    }
  }
  if (at >= 0) paintSums(sums, lineOf(at));
}

/** The colours of the ranges of each pixel in a line, added up. */
interface Sums {
  readonly red: Uint32Array;
  readonly green: Uint32Array;
  readonly blue: Uint32Array;
  readonly count: Uint32Array;
  /** 1 where it has a range that stands out: then others are left out. */
  readonly isOut: Uint8Array;
}

function emptySums(wide: number): Sums {
  const numbers = () => new Uint32Array(wide);
  return { red: numbers(), green: numbers(), blue: numbers(), count: numbers(), isOut: new Uint8Array(wide) };
}

/** The pixel of each column from `left` up to `right`, from the first of the part; -1 beside it. */
function pixelsOfColumns(
  { camera, viewport }: Scene,
  part: PixelColumns,
  left: number,
  right: number,
): Int32Array {
  const cellWidth = camera.scale * viewport.aspect;
  return Int32Array.from({ length: Math.max(0, right - left) }, (_, i) => {
    const px = Math.floor((left + i + 0.5 - camera.x) * cellWidth);
    return px < part.first || px >= part.end ? -1 : px - part.first;
  });
}

/** Adds the rows of a line of cells to the sums of its pixels. */
function addLine(
  rowColors: Uint32Array,
  only: Scene['only'],
  pixelOf: Int32Array,
  first: number,
  end: number,
  { red, green, blue, count, isOut }: Sums,
): void {
  for (let row = first; row < end; row++) {
    const px = pixelOf[row - first];
    if (px < 0) continue;
    if (only) {
      const standsOut = only.refusals[row] === only.code;
      if (!standsOut && isOut[px]) continue;
      if (standsOut && !isOut[px]) {
        isOut[px] = 1;
        red[px] = green[px] = blue[px] = count[px] = 0;
      }
    }
    const color = rowColors[row];
    red[px] += color & 255;
    green[px] += (color >>> 8) & 255;
    blue[px] += (color >>> 16) & 255;
    count[px]++;
  }
}

/** Paints the means of a line, and begins the next. */
function paintSums({ red, green, blue, count, isOut }: Sums, line: Uint32Array): void {
  for (let px = 0; px < line.length; px++) {
    const ranges = count[px];
    if (ranges === 0) continue;
    line[px] =
      0xff000000 |
      (Math.round(blue[px] / ranges) << 16) |
      (Math.round(green[px] / ranges) << 8) |
      Math.round(red[px] / ranges);
  }
  for (const each of [red, green, blue, count, isOut]) each.fill(0);
}

/** Tells of the rows that may be seen in some columns of pixels, line by line. */
export function eachSeenSpan(
  { layout, camera, viewport }: Pick<Scene, 'layout' | 'camera' | 'viewport'>,
  part: PixelColumns,
  tell: (first: number, end: number) => void,
): void {
  const { left, right } = columnsIn({ layout, camera, viewport }, part);
  for (const { first, end, top, lines } of layout.blocks) {
    const above = Math.max(0, Math.floor(camera.y - top - 1));
    const below = Math.min(lines, Math.ceil(camera.y + viewport.height / camera.scale - top + 1));
    for (let line = above; line < below; line++) {
      const from = first + line * layout.columns;
      tell(from + left, Math.min(end, from + right));
    }
  }
}

/** Columns of which the middle may lie in a part. */
function columnsIn(
  { layout, camera, viewport }: Pick<Scene, 'layout' | 'camera' | 'viewport'>,
  part: PixelColumns,
): { readonly left: number; readonly right: number } {
  const cellWidth = camera.scale * viewport.aspect;
  return {
    left: Math.max(0, Math.floor(part.first / cellWidth + camera.x - 0.5)),
    right: Math.min(layout.columns, Math.ceil(part.end / cellWidth + camera.x + 0.5)),
  };
}
