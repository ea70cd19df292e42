import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { formatSize } from '../../src/core/memory/format-size.ts';
import { type Geometry, rangeBytes } from '../../src/core/memory/geometry.ts';
import { asOrder, formatOrder } from '../../src/core/memory/order.ts';
import { CODE_EMPTY, CODE_OTHER, CODE_SWAP, CODE_ZERO, orderOfCode } from '../../src/core/memory/pte-code.ts';
import { cssColor, type Rgb } from '../../src/render/svg/palette.ts';
import { gridColumns } from '../../src/render/svg/pte-layers.ts';
import { timelineWorker } from './run-state.ts';
import { cellColor } from './tile-paint.ts';
import type { MapMoment, RunEnd } from './timeline-worker-protocol.ts';

/** What a cell is, for people. */
function cellName(cell: number, geometry: Geometry): string {
  const order = orderOfCode(cell);
  if (order === 0) return 'small page';
  if (order !== undefined) return `${formatOrder(asOrder(order), geometry)} folio`;
  if (cell === CODE_EMPTY) return 'nothing';
  if (cell === CODE_ZERO) return 'zero page';
  return cell === CODE_SWAP ? 'swapped out' : 'marker or migration';
}

interface CellLegendProps {
  readonly moment: MapMoment;
  readonly pmdOrder: number;
  readonly geometry: Geometry;
  readonly nothing: Rgb;
}

/** The colours that the map has at this moment. */
export function CellLegend({ moment, pmdOrder, geometry, nothing }: CellLegendProps) {
  const cells = useMemo(() => cellsIn(moment), [moment]);
  return (
    <ul class="cell-legend" aria-label="Colours of the map">
      {cells.map((cell) => (
        <li key={cell}>
          <span class="swatch" style={{ background: cssColor(cellColor(cell, pmdOrder, nothing)) }} />
          {cellName(cell, geometry)}
        </li>
      ))}
    </ul>
  );
}

/** The cells that a map shows, and nothing, in order. */
function cellsIn({ cells, mainCells }: MapMoment): number[] {
  const isIn = new Uint8Array(CODE_OTHER + 1);
  isIn[CODE_EMPTY] = 1;
  for (const cell of cells ?? mainCells) isIn[cell] = 1;
  return [...isIn.keys()].filter((cell) => isIn[cell] === 1);
}

interface RangeDetailsProps {
  readonly end: RunEnd;
  readonly moment: MapMoment;
  readonly row: number;
  readonly nothing: Rgb;
  readonly rangePages: number;
}

/** One range at the moment of the map, PTE by PTE. */
export function RangeDetails({ end, moment, row, nothing, rangePages }: RangeDetailsProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [fetched, setFetched] = useState<{ key: string; cells: Uint8Array } | undefined>();
  const key = `${moment.index} ${row}`;
  const held = moment.cells?.subarray(row * rangePages, (row + 1) * rangePages);
  const cells = held ?? (fetched?.key === key ? fetched.cells : undefined);
  useEffect(() => {
    if (held) return;
    let wanted = true;
    void timelineWorker.cells(moment.index, row).then((cells) => {
      if (wanted && cells) setFetched({ key, cells });
    });
    return () => {
      wanted = false;
    };
  }, [key]);

  const { geometry, map } = end;
  const { pmdOrder } = geometry;
  const columns = gridColumns(geometry);
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || !cells) return;
    for (const [pte, cell] of cells.entries()) {
      context.fillStyle = cssColor(cellColor(cell, pmdOrder, nothing));
      context.fillRect((pte % columns) * PTE, Math.floor(pte / columns) * PTE, PTE - 1, PTE - 1);
    }
  }, [cells, nothing]);

  const counts = new Map<number, number>();
  for (const cell of cells ?? []) counts.set(cell, (counts.get(cell) ?? 0) + 1);
  const process = map.processes.find(({ first, end }) => row >= first && row < end);
  const address = map.addresses[row];
  const area = map.areaNames[map.areaOf[row]];
  return (
    <aside class="range-details" aria-label="The chosen range">
      <div aria-live="polite">
        <p>
          <strong>{process?.name}</strong> {area}
          <br />
          <span class="mono">
            0x{address.toString(16)}–0x{(address + rangeBytes(geometry)).toString(16)}
          </span>
        </p>
        <ul class="range-counts">
          {[...counts]
            .sort(([a], [b]) => b - a)
            .map(([cell, count]) => (
              <li key={cell}>
                <span class="swatch" style={{ background: cssColor(cellColor(cell, pmdOrder, nothing)) }} />
                {cellName(cell, geometry)}: {count} of {rangePages} PTEs, {formatSize(count, geometry)}
              </li>
            ))}
        </ul>
      </div>
      <canvas
        ref={canvas}
        width={columns * PTE}
        height={(rangePages / columns) * PTE}
        role="img"
        aria-label="PTEs of the range, row by row"
      />
    </aside>
  );
}

/** CSS pixels of a PTE. */
const PTE = 8;
