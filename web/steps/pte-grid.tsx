import { useComputed, useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { pagesPerRange } from '../../src/core/memory/geometry.ts';
import { hasPage } from '../../src/core/memory/occupancy.ts';
import { asOrder, formatOrder } from '../../src/core/memory/order.ts';
import type { PteKind } from '../../src/core/memory/pte-kind.ts';
import type { Visit } from '../../src/core/search/algorithm.ts';
import { cssColor, inkOn, orderColor } from '../../src/render/svg/palette.ts';
import {
  type CellRectangle,
  cellsPath,
  gridColumns,
  pteLayers,
  windowRectangle,
} from '../../src/render/svg/pte-layers.ts';
import { markOf } from '../../src/render/words/pte-marks.ts';
import { type Side, stepAt, stepsDone } from './alignment.ts';
import { brushOf, pagesBetween, paintPages } from './edit-range.ts';
import { alignment, brush, edit, row, state } from './steps-signals.ts';
import { windowsSoFar } from './window-layers.ts';

/** Units of the picture in one cell. */
const CELL = 10;
/** More letters than this are no help to anybody. */
const MOST_MARKS = 1024;

/**
 * The PTEs of the range, what the search has done to them so far, and the window that it is at. They can be
 * painted.
 */
export function PteGrid({ side }: { readonly side: Side }) {
  const svg = useRef<SVGSVGElement>(null);
  const cursor = useSignal(0);
  const focused = useSignal(false);
  const painting = useRef<{ last: number; moved: boolean } | undefined>(undefined);
  const lastPainted = useRef<number | undefined>(undefined);
  const picture = useComputed(() => rangePicture());
  const { columns, rows, layers, marks } = picture.value;
  const { pmdOrder } = state.value.range.geometry;
  const run = alignment.value[side];
  const step = stepAt(alignment.value, side, row.value);
  const { collapsed, failed } = windowsSoFar(
    run.steps,
    stepsDone(alignment.value, side, row.value),
    state.value.range.geometry,
  );
  const current = step === undefined ? undefined : run.steps[step];
  const crossings = failed.map((visit) => crossed(windowRectangle(visit, columns))).join('');

  const pageAt = (event: PointerEvent): number | undefined => {
    const box = svg.current?.getBoundingClientRect();
    if (!box) return undefined;
    const x = Math.floor(((event.clientX - box.left) / box.width) * columns);
    const y = Math.floor(((event.clientY - box.top) / box.height) * rows);
    return x >= 0 && x < columns && y >= 0 && y < rows ? y * columns + x : undefined;
  };
  const paintEach = (pages: readonly number[], within: boolean) => {
    const { range } = state.value;
    const changed = pages.filter(
      (page) => brushOf(range, page) !== brush.value.kind || brush.value.kind === 'folio',
    );
    if (changed.length === 0 && within) return;
    edit({ range: paintPages(range, changed, brush.value) }, within);
    lastPainted.current = pages.at(-1);
  };
  const move = (to: number, paints: boolean) => {
    const next = Math.min(pagesPerRange(state.value.range.geometry) - 1, Math.max(0, to));
    if (paints) paintEach([cursor.value, next], false);
    cursor.value = next;
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const moves: Record<string, number> = {
      ArrowLeft: cursor.value - 1,
      ArrowRight: cursor.value + 1,
      ArrowUp: cursor.value >= columns ? cursor.value - columns : cursor.value,
      ArrowDown: cursor.value + columns < columns * rows ? cursor.value + columns : cursor.value,
      Home: cursor.value - (cursor.value % columns),
      End: cursor.value - (cursor.value % columns) + columns - 1,
    };
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key in moves) move(moves[event.key], event.shiftKey);
    else if (event.key === ' ' || event.key === 'Enter') toggle(cursor.value);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  /** Paints a PTE, or empties it if it is painted already. */
  const toggle = (page: number) => {
    const { range } = state.value;
    const painted = brushOf(range, page) === brush.value.kind;
    edit({ range: paintPages(range, [page], painted ? { kind: 'empty' } : brush.value) });
  };

  return (
    <div
      class="pte-grid-frame"
      style={{ maxWidth: `${columns * (pmdOrder > 9 ? 10 : pmdOrder < 5 ? 56 : 22)}px` }}
    >
      <svg
        ref={svg}
        class="pte-grid"
        viewBox={`0 0 ${columns * CELL} ${rows * CELL}`}
        role="application"
        aria-roledescription="grid of PTEs"
        aria-label={`PTEs of the range and what ${run.search.name} has done to them. Arrow keys move, space paints.`}
        aria-describedby={`cursor-${side}`}
        tabindex={0}
        onKeyDown={onKeyDown}
        onFocus={() => (focused.value = true)}
        onBlur={() => (focused.value = false)}
        onPointerDown={(event) => {
          const page = pageAt(event);
          if (page === undefined || event.button !== 0) return;
          event.preventDefault();
          svg.current?.focus({ preventScroll: true });
          svg.current?.setPointerCapture(event.pointerId);
          painting.current = { last: page, moved: false };
          cursor.value = page;
          const from = event.shiftKey ? lastPainted.current : undefined;
          if (from === undefined) return;
          const [first, end] = [Math.min(from, page), Math.max(from, page)];
          painting.current.moved = true;
          paintEach(
            Array.from({ length: end - first + 1 }, (_, i) => first + i),
            false,
          );
        }}
        onPointerMove={(event) => {
          const stroke = painting.current;
          const page = pageAt(event);
          if (!stroke || page === undefined || page === stroke.last) return;
          paintEach(pagesBetween(stroke.last, page, columns), stroke.moved);
          painting.current = { last: page, moved: true };
          cursor.value = page;
        }}
        onPointerUp={() => {
          const stroke = painting.current;
          painting.current = undefined;
          if (stroke && !stroke.moved) {
            toggle(stroke.last);
            lastPainted.current = stroke.last;
          }
        }}
        onPointerCancel={() => (painting.current = undefined)}
      >
        {layers.map(({ kind, path }) => (
          <path
            key={kind}
            class={`pte pte-${typeof kind === 'number' ? 'folio' : kind}`}
            d={path}
            fill={fillOf(kind, pmdOrder)}
          />
        ))}
        {marks.map(({ page, mark, ink }) => (
          <text
            key={page}
            class={`pte-mark ${ink}`}
            x={(page % columns) * CELL + 5}
            y={Math.floor(page / columns) * CELL + 7.6}
          >
            {mark}
          </text>
        ))}
        <Collapsed windows={collapsed} columns={columns} />
        <path class="window-failed-edge" d={crossings} />
        <path class="window-failed" d={crossings} />
        {run.scan.failedAt !== undefined && (
          <CurrentWindow {...windowRectangle({ offset: run.scan.failedAt, order: asOrder(0) }, columns)} />
        )}
        {current && <CurrentWindow {...windowRectangle(current, columns)} />}
        {focused.value && (
          <rect
            class="pte-cursor"
            x={(cursor.value % columns) * CELL + 1}
            y={Math.floor(cursor.value / columns) * CELL + 1}
            width={CELL - 2}
            height={CELL - 2}
          />
        )}
      </svg>
      <p id={`cursor-${side}`} class="visually-hidden" aria-live={focused.value ? 'polite' : 'off'}>
        {focused.value ? `PTE ${cursor.value}, ${KIND_NAMES[brushOf(state.value.range, cursor.value)]}` : ''}
      </p>
    </div>
  );
}

/** Collapsed windows as blocks in the colours of their orders, with their sizes where there is room. */
function Collapsed({ windows, columns }: { readonly windows: readonly Visit[]; readonly columns: number }) {
  const { geometry } = state.value.range;
  const font = Math.max(2.5, (8.5 * columns) / 32);
  const orders = [...new Set(windows.map(({ order }) => order))];
  return (
    <>
      {orders.map((order) => {
        const color = orderColor(order, geometry.pmdOrder);
        const ofOrder = windows.filter((visit) => visit.order === order);
        const label = formatOrder(order, geometry);
        const boxes = ofOrder.map((visit) => windowRectangle(visit, columns));
        const [{ width, height }] = boxes;
        const fits = width * CELL >= label.length * font * 0.65 && height * CELL >= font;
        return (
          <g key={order}>
            <path class="window-collapsed" fill={cssColor(color)} d={boxes.map(block).join('')} />
            <path
              class="filled-ptes"
              stroke={inkOn(color)}
              d={ofOrder.map(({ offset }) => filledPath(offset, 1 << order, columns)).join('')}
            />
            {fits &&
              boxes.map(({ x, y }) => (
                <text
                  key={`${x} ${y}`}
                  class="window-label"
                  fill={inkOn(color)}
                  font-size={font}
                  x={(x + width / 2) * CELL}
                  y={(y + height / 2) * CELL + font * 0.35}
                >
                  {label}
                </text>
              ))}
          </g>
        );
      })}
    </>
  );
}

function block({ x, y, width, height }: CellRectangle): string {
  const inner = `h${width * CELL - 1}v${height * CELL - 1}h${1 - width * CELL}z`;
  return `M${x * CELL + 0.5} ${y * CELL + 0.5}${inner}`;
}

const KIND_NAMES: Record<ReturnType<typeof brushOf>, string> = {
  empty: 'empty',
  present: 'present',
  swap: 'in swap',
  zero: 'zero page',
  shared: 'shared',
  pinned: 'pinned',
  folio: 'in a large folio',
};

function CurrentWindow({ x, y, width, height }: CellRectangle) {
  const box = { x: x * CELL, y: y * CELL, width: width * CELL, height: height * CELL, rx: 2 };
  return (
    <>
      <rect class="window-now-edge" {...box} />
      <rect class="window-now" {...box} />
    </>
  );
}

function rangePicture() {
  const { range } = state.value;
  const columns = gridColumns(range.geometry);
  const pages = pagesPerRange(range.geometry);
  const cells = { columns, width: CELL, height: CELL, gap: 1.6 };
  const layers = [...pteLayers(range)].map(([kind, list]) => ({ kind, path: cellsPath(list, cells) }));
  const marks: { page: number; mark: string; ink: string }[] = [];
  for (let page = 0; page < pages && marks.length <= MOST_MARKS; page++) {
    const mark = markOf(range, page)?.mark;
    if (mark) marks.push({ page, mark, ink: mark === 'z' ? 'on-light' : 'on-dark' });
  }
  return { columns, rows: pages / columns, layers, marks: marks.length > MOST_MARKS ? [] : marks };
}

function fillOf(kind: PteKind, pmdOrder: number): string | undefined {
  return typeof kind === 'number' ? cssColor(orderColor(kind, pmdOrder)) : undefined;
}

/** Rings on the PTEs of a collapsed window that were not occupied: pages made of nothing. */
function filledPath(offset: number, pages: number, columns: number): string {
  const { scan } = alignment.value.left;
  let path = '';
  for (let page = offset; page < offset + pages; page++) {
    if (hasPage(scan.occupied, page)) continue;
    const x = (page % columns) * CELL + 5;
    const y = Math.floor(page / columns) * CELL + 5;
    path += `M${x - 1.6} ${y}a1.6 1.6 0 1 0 3.2 0a1.6 1.6 0 1 0 -3.2 0`;
  }
  return path;
}

/** A box with its diagonals. */
function crossed(window: CellRectangle): string {
  const width = window.width * CELL - 3;
  const height = window.height * CELL - 3;
  const corner = `M${window.x * CELL + 1.5} ${window.y * CELL + 1.5}`;
  return `${corner}h${width}v${height}h${-width}zl${width} ${height}m${-width} 0l${width} ${-height}`;
}
