import { effect, signal, untracked } from '@preact/signals';
import { pagesPerRange, x86_64 } from '../../src/core/memory/geometry.ts';
import { gridColumns } from '../../src/render/svg/pte-layers.ts';
import type { OpenMemory } from '../memory/open-memory.ts';
import { oneAtATime } from '../state/one-at-a-time.ts';
import { camera, layout, size, viewport } from './map-state.ts';
import { rowAtPlace } from './picture/layout.ts';
import type { TileCodes } from './picture/raster.ts';
import { type MapSubject, onMap, subject } from './subject.ts';

/**
 * Cells show their PTEs when these are at least so many pixels wide: then those in sight are some MB whatever
 * the page size.
 */
const PTE_FROM = 0.5;

interface Loaded {
  readonly of: MapSubject;
  readonly source: OpenMemory['source'];
  readonly indexOf: ReadonlyMap<number, number>;
  readonly codes: Readonly<Record<string, Uint8Array>>;
}

const loaded = signal<Loaded | undefined>(undefined);

/** The PTEs of the ranges in sight, as the layer wants them; undefined while cells are too small for PTEs. */
export function tilesInSight(layer: string): TileCodes | undefined {
  const tiles = loaded.value;
  const open = onMap.value;
  // Those of an older reading are better than none, those of other memory are not.
  if (!tiles || !open || tiles.of !== subject.value || tiles.source !== open.source) return undefined;
  const codes = tiles.codes[layer];
  if (!codes || !showsPtes()) return undefined;
  const { geometry } = open.host;
  return {
    indexOf: tiles.indexOf,
    codes,
    pages: pagesPerRange(geometry),
    columns: gridColumns(geometry),
  };
}

export function showsPtes(): boolean {
  const columns = gridColumns(onMap.value?.host.geometry ?? x86_64);
  return camera.value.scale * viewport.value.aspect >= PTE_FROM * columns;
}

/** Rows in sight, with a margin so that moving a little shows no holes. */
function rowsInSight(most: number): number[] {
  const { x, y, scale } = camera.value;
  const { width, height, aspect } = viewport.value;
  const rows: number[] = [];
  const right = Math.min(layout.value.columns, Math.ceil(x + width / (scale * aspect)) + 1);
  for (const block of layout.value.blocks) {
    const first = Math.max(0, Math.floor(y - 1 - block.top));
    const last = Math.min(block.lines, Math.ceil(y + 1 + height / scale - block.top));
    for (let line = first; line < last; line++) {
      for (let column = Math.max(0, Math.floor(x) - 1); column < right; column++) {
        const row = rowAtPlace(layout.value, column + 0.5, block.top + line + 0.5);
        if (row !== undefined && row < most) rows.push(row);
      }
    }
  }
  return rows;
}

/** Asks for the PTEs in sight whenever those or the policy change. Returns how to stop. */
export function followSight(): () => void {
  let answered = '';
  const ask = oneAtATime(async () => {
    const shown = subject.peek();
    const open = shown?.memory.peek();
    if (!shown || !open || size.peek().width === 0 || !showsPtes()) return;
    const rows = rowsInSight(open.rows);
    const { name, host, complete } = open;
    const question = JSON.stringify([name, host.time, complete, untracked(shown.tileKey), rows]);
    if (rows.length === 0 || question === answered) return;
    const codes = await shown.tiles(rows);
    if (onMap.peek()?.host !== host || subject.peek() !== shown) return;
    const indexOf = new Map(rows.map((row, i) => [row, i]));
    loaded.value = { of: shown, source: open.source, indexOf, codes };
    answered = question;
  });
  return effect(() => {
    // What the answer depends on.
    void [onMap.value, subject.value?.tileKey(), camera.value, layout.value, size.value];
    void ask();
  });
}
