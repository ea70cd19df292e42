import { gridColumns } from '../../src/render/svg/pte-layers.ts';
import type { FrameProcess } from '../../src/simulation/map-frames.ts';
import type { RunMap } from './timeline-worker-protocol.ts';

/** Where ranges are on the map, in CSS pixels. */
export interface TileLayout {
  readonly width: number;
  readonly height: number;
  /** Whether a tile shows every PTE; else it is one cell. */
  readonly isDetailed: boolean;
  /** Of a PTE, or of the cell of a range. */
  readonly cell: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** From one tile to the next. */
  readonly pitchX: number;
  readonly pitchY: number;
  readonly perRow: number;
  readonly blocks: readonly TileBlock[];
}

/** The tiles of a process, row by row below its name. */
interface TileBlock {
  readonly process: number;
  /** Rows of the map from `first` up to `end`. */
  readonly first: number;
  readonly end: number;
  /** Of the name; the tiles begin at `top`. */
  readonly titleTop: number;
  readonly top: number;
}

const PTE_SIZES = [4, 3, 2, 1];
const CELL_SIZES = [14, 12, 10, 8, 6, 5, 4, 3];
const TITLE = 22;
const GAP = 8;
/** A map PTE by PTE may be so high; one of single cells is as high as it has to be. */
const MOST_HEIGHT = 720;
/** Beyond it canvases are not drawn any more. */
const HIGHEST = 16_000;

/** Lays the processes that live at a moment out, as large as fits. */
export function layOutTiles(
  map: RunMap,
  living: readonly FrameProcess[],
  pmdOrder: number,
  width: number,
  hasCells: boolean,
): TileLayout {
  const columns = gridColumns({ pmdOrder });
  const lines = 2 ** pmdOrder / columns;
  const shown = map.processes.flatMap((process, i) =>
    process.end > process.first && living[i] && !living[i].exited ? [{ ...process, process: i }] : [],
  );
  const attempt = (isDetailed: boolean, cell: number): TileLayout => {
    const [tileWidth, tileHeight] = isDetailed ? [columns * cell, lines * cell] : [cell, cell];
    const space = isDetailed ? 3 : cell > 4 ? 2 : 1;
    const [pitchX, pitchY] = [tileWidth + space, tileHeight + space];
    const perRow = Math.max(1, Math.floor((width + space) / pitchX));
    let y = 0;
    const blocks: TileBlock[] = [];
    for (const { process, first, end } of shown) {
      const height = Math.ceil((end - first) / perRow) * pitchY;
      if (y + TITLE + height > HIGHEST) break;
      blocks.push({ process, first, end, titleTop: y, top: y + TITLE });
      y += TITLE + height + GAP;
    }
    return {
      width,
      height: Math.max(1, y),
      isDetailed,
      cell,
      tileWidth,
      tileHeight,
      pitchX,
      pitchY,
      perRow,
      blocks,
    };
  };
  const isFitting = ({ height, blocks }: TileLayout) =>
    height <= MOST_HEIGHT && blocks.length === shown.length;
  if (hasCells) {
    for (const size of PTE_SIZES) {
      const layout = attempt(true, size);
      if (isFitting(layout) && layout.tileWidth <= width) return layout;
    }
  }
  for (const size of CELL_SIZES) {
    const layout = attempt(false, size);
    if (isFitting(layout)) return layout;
  }
  return attempt(false, CELL_SIZES[CELL_SIZES.length - 1]);
}

/** The upper left corner of a row's tile; undefined if it is not on the map. */
export function tilePlaceOf(layout: TileLayout, row: number): { x: number; y: number } | undefined {
  const block = layout.blocks.find(({ first, end }) => row >= first && row < end);
  if (!block) return undefined;
  const i = row - block.first;
  return {
    x: (i % layout.perRow) * layout.pitchX,
    y: block.top + Math.floor(i / layout.perRow) * layout.pitchY,
  };
}

/** The row whose tile is at a point; undefined between tiles. */
export function rowAtPoint(layout: TileLayout, x: number, y: number): number | undefined {
  const block = layout.blocks.findLast(({ top }) => y >= top);
  const column = Math.floor(x / layout.pitchX);
  if (!block || column < 0 || column >= layout.perRow) return undefined;
  const row = block.first + Math.floor((y - block.top) / layout.pitchY) * layout.perRow + column;
  return row < block.end ? row : undefined;
}

/** The row that an arrow key leads to; the same at an edge. */
export function rowBeside(layout: TileLayout, row: number, key: string): number {
  const { blocks, perRow } = layout;
  const at = blocks.findIndex(({ first, end }) => row >= first && row < end);
  if (at < 0) return blocks[0]?.first ?? row;
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -perRow, ArrowDown: perRow }[key] ?? 0;
  const to = row + by;
  const { first, end } = blocks[at];
  if (to >= first && to < end) return to;
  if (to < first) return at > 0 ? blocks[at - 1].end - 1 : Math.abs(by) === 1 ? first : row;
  return at + 1 < blocks.length ? blocks[at + 1].first : Math.abs(by) === 1 ? end - 1 : row;
}
