import { firstIndex } from '../../../src/core/base/first-index.ts';

/** Lines between two processes, for those who say nothing else. */
const GAP = 0.5;

/** A process on the map: its ranges in rows from `first` up to `end`, cell by cell and line by line. */
export interface Block {
  readonly process: number;
  readonly first: number;
  readonly end: number;
  /** Where it begins, in lines. */
  readonly top: number;
  readonly lines: number;
}

/**
 * The whole map, one cell a PMD range: processes one below the other, each begins on a line of its own.
 * Measured in cells from left to right and lines from top to bottom.
 */
export interface MapLayout {
  /** Cells in a line. */
  readonly columns: number;
  /** Height, in lines. */
  readonly lines: number;
  /** Lines above each process. */
  readonly gap: number;
  readonly blocks: readonly Block[];
}

/** Rows of a table that belong to one process, in the order of the table. */
export interface ProcessRows {
  readonly process: number;
  readonly first: number;
  readonly end: number;
}

/**
 * Lays processes out so that all of it fits a window of this shape with cells as large as possible. `shape`
 * is the window's width by its height, in cells by lines of one size.
 */
export function layoutOf(processes: readonly ProcessRows[], shape: number, gap = GAP): MapLayout {
  const columns = bestColumns(processes, shape, gap);
  const blocks: Block[] = [];
  let top = gap;
  for (const { process, first, end } of processes) {
    const lines = Math.ceil((end - first) / columns);
    blocks.push({ process, first, end, top, lines });
    top += lines + gap;
  }
  return { columns, lines: top, gap, blocks };
}

/** How high, in pixels, a map of this width is on usual screens: what lines are laid out for. */
export function usualHeight(width: number): number {
  return Math.max(380, 20 + 0.45 * width);
}

/** The processes with most ranges, at most so many, in the order of the map. */
export function largestBlocks(blocks: readonly Block[], most: number): readonly Block[] {
  if (blocks.length <= most) return blocks;
  const size = ({ first, end }: Block) => end - first;
  const largest = new Set([...blocks].sort((a, b) => size(b) - size(a)).slice(0, most));
  return blocks.filter((block) => largest.has(block));
}

/** So many numbers of columns are tried. */
const TRIES = 64;

/**
 * The number of columns with which cells are largest: gaps, and lines that are not full, take room of their
 * own.
 */
function bestColumns(processes: readonly ProcessRows[], shape: number, gap: number): number {
  const rows = processes.reduce((sum, { first, end }) => sum + end - first, 0);
  const square = Math.sqrt(rows * shape);
  let best = 1;
  let largest = 0;
  for (let i = 0; i < TRIES; i++) {
    const columns = Math.max(1, Math.round(square * (0.75 + i / TRIES)));
    const size = Math.min(shape / columns, 1 / heightOf(processes, columns, gap));
    if (size <= largest) continue;
    best = columns;
    largest = size;
  }
  return best;
}

function heightOf(processes: readonly ProcessRows[], columns: number, gap: number): number {
  return processes.reduce((sum, { first, end }) => sum + Math.ceil((end - first) / columns) + gap, gap);
}

/** The block at a height; undefined in a gap and outside of the map. */
export function blockAt({ blocks }: MapLayout, line: number): Block | undefined {
  const block = blocks[firstIndex(blocks.length, (i) => line < blocks[i].top + blocks[i].lines)];
  return block && block.top <= line ? block : undefined;
}

/** The row of the cell at a place; undefined where there is none. */
export function rowAtPlace(layout: MapLayout, x: number, y: number): number | undefined {
  const block = blockAt(layout, y);
  if (!block || x < 0 || x >= layout.columns) return undefined;
  const row = block.first + Math.floor(y - block.top) * layout.columns + Math.floor(x);
  return row < block.end ? row : undefined;
}

/** The row at a place, or else one near it in the block that is there or comes next. */
export function nearestRow({ blocks, columns }: MapLayout, x: number, y: number): number {
  const { first, end, top } =
    blocks.find((block) => y < block.top + block.lines) ?? blocks[blocks.length - 1];
  const column = Math.min(columns - 1, Math.max(0, Math.floor(x)));
  return Math.min(end - 1, first + Math.max(0, Math.floor(y - top)) * columns + column);
}

/** The upper left corner of a row's cell. */
export function placeOfRow({ blocks, columns }: MapLayout, row: number): { x: number; y: number } {
  const block = blocks.find(({ first, end }) => first <= row && row < end);
  if (!block) throw new Error(`row ${row} is not on the map`);
  const index = row - block.first;
  return { x: index % columns, y: block.top + Math.floor(index / columns) };
}
