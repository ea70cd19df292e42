import { effect, signal } from '@preact/signals';
import { pagesPerRange, x86_64 } from '../../src/core/memory/geometry.ts';
import { gridColumns } from '../../src/render/svg/pte-layers.ts';
import { memory, memoryWorker, type OpenMemory } from '../memory/open-memory.ts';
import { choice } from '../policy/judgement.ts';
import { oneAtATime } from '../state/one-at-a-time.ts';
import type { OwnLayer } from './layers.ts';
import { rowAtPlace } from './layout.ts';
import { camera, layout, size, viewport } from './map-state.ts';
import type { TileCodes } from './raster.ts';

/**
 * Cells show their PTEs when these are at least so many pixels wide: then those in sight are some MB whatever
 * the page size.
 */
const PTE_FROM = 0.5;

interface Loaded {
  readonly source: OpenMemory['source'];
  readonly indexOf: ReadonlyMap<number, number>;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  readonly restarted: Uint8Array;
}

const loaded = signal<Loaded | undefined>(undefined);

/** The PTEs of the ranges in sight, as the layer wants them; undefined while cells are too small for PTEs. */
export function tilesInSight(layer: OwnLayer): TileCodes | undefined {
  const tiles = loaded.value;
  const open = memory.value;
  // Those of an older reading are better than none, those of other memory are not.
  if (tiles?.source !== open?.source) return undefined;
  if (!tiles || !open || !showsPtes() || layer === 'why') return undefined;
  const { geometry } = open.host;
  return {
    indexOf: tiles.indexOf,
    codes: codesOf(tiles, layer),
    pages: pagesPerRange(geometry),
    columns: gridColumns(geometry),
  };
}

function codesOf({ before, after, restarted }: Loaded, layer: OwnLayer): Uint8Array {
  if (layer === 'after' || layer === 'growth') return after;
  return layer === 'restart' ? restarted : before;
}

export function showsPtes(): boolean {
  const columns = gridColumns(memory.value?.host.geometry ?? x86_64);
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
    const open = memory.peek();
    if (!open || size.peek().width === 0 || !showsPtes()) return;
    const rows = rowsInSight(open.rows);
    const { name, host, complete } = open;
    const question = JSON.stringify([name, host.time, complete, choice.peek(), rows]);
    if (rows.length === 0 || question === answered) return;
    const tiles = await memoryWorker.tiles(rows, choice.peek());
    if (memory.peek()?.host !== host) return;
    loaded.value = { source: open.source, indexOf: new Map(rows.map((row, i) => [row, i])), ...tiles };
    answered = question;
  });
  return effect(() => {
    // What the answer depends on.
    void [memory.value, choice.value, camera.value, layout.value, size.value];
    void ask();
  });
}
