import { useComputed, useSignal } from '@preact/signals';
import { useRef } from 'preact/hooks';
import { pagesPerRange } from '../../../src/core/memory/geometry.ts';
import { hasPage } from '../../../src/core/memory/occupancy.ts';
import { asOrder } from '../../../src/core/memory/order.ts';
import { windowRectangle } from '../../../src/render/svg/pte-layers.ts';
import { type Side, stepAt, stepsDone } from '../alignment.ts';
import { alignment, brush, edit, row, state } from '../steps-signals.ts';
import { brushOf, pagesBetween, paintPages } from './edit-range.ts';
import {
  CELL,
  CurrentWindow,
  crossed,
  FolioBlocks,
  gridOf,
  gridWidth,
  PteCells,
  pteCells,
} from './pte-picture.tsx';
import { windowsSoFar } from './window-layers.ts';

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
  const picture = useComputed(() => pteCells(state.value.range));
  const { geometry } = state.value.range;
  const { columns, rows } = gridOf(geometry);
  const run = alignment.value[side];
  const step = stepAt(alignment.value, side, row.value);
  const { collapsed, failed } = windowsSoFar(
    run.steps,
    stepsDone(alignment.value, side, row.value),
    geometry,
  );
  const { occupied } = run.scan;
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
    <div class="pte-grid-frame" style={{ maxWidth: gridWidth(geometry) }}>
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
        <PteCells picture={picture.value} geometry={geometry} />
        <FolioBlocks windows={collapsed} geometry={geometry} isFilled={(page) => !hasPage(occupied, page)} />
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

const KIND_NAMES: Record<ReturnType<typeof brushOf>, string> = {
  empty: 'empty',
  present: 'present',
  swap: 'in swap',
  zero: 'zero page',
  shared: 'shared',
  pinned: 'pinned',
  folio: 'in a large folio',
};
