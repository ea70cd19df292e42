import type { FrameRow, Frames } from '../../src/simulation/map-frames.ts';
import type { SimulatedProcess } from '../../src/simulation/simulated-host.ts';
import type { MapMoment, MapProcess, RunMap } from './timeline-worker-protocol.ts';

/** PTE by PTE a moment is sent to the page up to so many bytes. */
const MOST_CELLS = 2 ** 20;

/** Where the ranges of a run are. */
export function mapOf(rows: readonly FrameRow[], processes: readonly SimulatedProcess[]): RunMap {
  const names = new Map<string, number>();
  const addresses = new Float64Array(rows.length);
  const areaOf = new Uint16Array(rows.length);
  for (const [i, { address, areaName }] of rows.entries()) {
    addresses[i] = address;
    const known = names.get(areaName) ?? names.size;
    names.set(areaName, known);
    areaOf[i] = known;
  }
  const placed: MapProcess[] = [];
  let row = 0;
  for (const [i, { name, mm }] of processes.entries()) {
    const first = row;
    while (row < rows.length && rows[row].process === i) row++;
    placed.push({ name, id: mm.id, first, end: row });
  }
  return { processes: placed, addresses, areaOf, areaNames: [...names.keys()] };
}

/** What all ranges hold at a frame. */
export function momentOf(frames: Frames, rows: readonly FrameRow[], index: number): MapMoment {
  const { at, processes } = frames.frames[index];
  const mainCells = new Uint8Array(rows.length);
  const residentPages = new Uint16Array(rows.length);
  const swapPages = new Uint16Array(rows.length);
  const rangePages = rows.length > 0 ? frames.cellsAt(rows[0], index).cells.length : 0;
  const cells = rows.length * rangePages <= MOST_CELLS ? new Uint8Array(rows.length * rangePages) : undefined;
  for (const [i, row] of rows.entries()) {
    const held = frames.cellsAt(row, index);
    mainCells[i] = held.mainCell;
    residentPages[i] = held.residentPages;
    swapPages[i] = held.swapPages;
    cells?.set(held.cells, i * rangePages);
  }
  return { index, at, processes, mainCells, residentPages, swapPages, cells };
}

/** The PTEs of one range at a frame. */
export function cellsOf(frames: Frames, rows: readonly FrameRow[], index: number, row: number): Uint8Array {
  return frames.cellsAt(rows[row], index).cells.slice();
}
