import { pagesPerRange } from '../../core/memory/geometry.ts';
import { isHuge } from '../ranges/tally.ts';
import { mainOrder, type RangeTable } from './range-table.ts';
import type { JudgedRanges } from './table-judge.ts';

/** The ranges of one process in address order, so many to a cell, as a map draws them. */
export interface MapCells {
  readonly rowsPerCell: number;
  readonly count: number;
  /** Share of the PTEs that hold memory, 0 to 1. */
  readonly occupancy: Float64Array;
  /** Cells in which a VMA of at least one cell begins. */
  readonly vmaStarts: readonly number[];
  readonly firstRow: number;
  readonly endRow: number;
}

/** What settings make of the cells of a map. */
export interface JudgedCells {
  /** The order whose folios hold most of a cell's memory afterwards. */
  readonly orders: Uint8Array;
  /** 1 where no range of the cell changes, nor is huge already. */
  readonly stays: Uint8Array;
}

/** The cells of a process, at most `most`; undefined where it has no range. */
export function mapCells(table: RangeTable, process: number, most: number): MapCells | undefined {
  const vmas = table.vmas.filter((vma) => vma.process === process && vma.end > vma.first);
  if (vmas.length === 0) return undefined;
  const firstRow = vmas[0].first;
  const endRow = vmas[vmas.length - 1].end;
  const rowsPerCell = Math.ceil((endRow - firstRow) / most);
  const count = Math.ceil((endRow - firstRow) / rowsPerCell);
  const occupancy = new Float64Array(count);
  const pages = pagesPerRange(table.geometry);
  for (let row = firstRow; row < endRow; row++)
    occupancy[Math.floor((row - firstRow) / rowsPerCell)] += table.residentPages[row] / pages;
  for (let cell = 0; cell < count; cell++)
    occupancy[cell] /= Math.min(rowsPerCell, endRow - firstRow - cell * rowsPerCell);
  const starts = vmas
    .filter(({ first, end }) => first > firstRow && end - first >= rowsPerCell)
    .map(({ first }) => Math.floor((first - firstRow) / rowsPerCell));
  return { rowsPerCell, count, occupancy, vmaStarts: [...new Set(starts)], firstRow, endRow };
}

/** What settings make of cells. */
export function judgedCells(table: RangeTable, ranges: JudgedRanges, cells: MapCells): JudgedCells {
  const { pmdOrder } = table.geometry;
  const orders = new Uint8Array(cells.count);
  const stays = new Uint8Array(cells.count);
  const pages = new Float64Array(pmdOrder + 1);
  for (let cell = 0; cell < cells.count; cell++) {
    const first = cells.firstRow + cell * cells.rowsPerCell;
    const end = Math.min(first + cells.rowsPerCell, cells.endRow);
    pages.fill(0);
    stays[cell] = 1;
    for (let row = first; row < end; row++) {
      pages[ranges.mainOrders[row]] += table.residentPages[row] + ranges.growthPages[row];
      const code = ranges.refusals[row];
      if (code === 0 || isHuge(ranges.reasons[code - 1])) stays[cell] = 0;
    }
    orders[cell] = mainOrder(pages);
  }
  return { orders, stays };
}
