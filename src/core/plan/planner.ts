import { type Geometry, pagesPerRange } from '../memory/geometry.ts';
import { type BitmapsModule, loadBitmaps, MIN_KERNEL_PMD_ORDER } from '../bitmaps/bitmaps.ts';
import { wordsPerRange } from '../memory/occupancy.ts';
import type { OrderSet } from '../memory/order.ts';
import { type PackedWindow, planWindows } from './plan-windows.ts';

/** The windows of many ranges, one after the other. Overwritten by the next plan. */
export interface PlannedWindows {
  /** Each as offset * 16 + order: see `unpackWindow`. */
  readonly windows: ArrayLike<PackedWindow>;
  /** For each range, where its windows end; they begin where those of the range before end. */
  readonly ends: ArrayLike<number>;
}

/**
 * Plans many ranges at once: what the walk collapses under the rules of 7.2 when every attempt succeeds. Write bitmaps
 * into `occupied`, one range after the other, then ask about as many policies as you like.
 */
export interface Planner {
  /** Room for the bitmaps of `capacity` ranges: see Occupancy. */
  readonly occupied: Uint32Array;
  readonly capacity: number;
  plan(ranges: number, orders: OrderSet, maxPtesNone: number): PlannedWindows;
}

/** A planner for so many ranges: on WebAssembly where it knows the geometry, else in plain TypeScript. */
export function createPlanner(geometry: Geometry, capacity: number): Planner {
  return createWasmPlanner(geometry, capacity) ?? createPlainPlanner(geometry, capacity);
}

/** The planner in plain TypeScript, for any geometry. */
export function createPlainPlanner(geometry: Geometry, capacity: number): Planner {
  const words = wordsPerRange(geometry);
  const occupied = new Uint32Array(capacity * words);
  const views = Array.from({ length: capacity }, (_, i) => occupied.subarray(i * words, (i + 1) * words));
  const windows: PackedWindow[] = [];
  const ends = new Uint32Array(capacity);
  return {
    occupied,
    capacity,
    plan(ranges, orders, maxPtesNone) {
      windows.length = 0;
      for (let i = 0; i < ranges; i++) {
        planWindows(views[i], orders, maxPtesNone, geometry, windows);
        ends[i] = windows.length;
      }
      return { windows, ends };
    },
  };
}

/** The planner on WebAssembly; undefined where the engine or the geometry does not allow it. */
export function createWasmPlanner(geometry: Geometry, capacity: number): Planner | undefined {
  if (geometry.pmdOrder < MIN_KERNEL_PMD_ORDER) return undefined;
  const pages = pagesPerRange(geometry);
  const windowsAt = (capacity * pages) / 8;
  // At most one window for every 4 PTEs.
  const endsAt = windowsAt + capacity * pages;
  const kernel: BitmapsModule | undefined = loadBitmaps(endsAt + 4 * capacity);
  if (!kernel) return undefined;
  const ends = new Uint32Array(kernel.memory, endsAt, capacity);
  const blocks = pages >>> MIN_KERNEL_PMD_ORDER;
  return {
    occupied: new Uint32Array(kernel.memory, 0, capacity * wordsPerRange(geometry)),
    capacity,
    plan(ranges, orders, maxPtesNone) {
      if (orders === 0 || ranges === 0) return { windows: [], ends: new Uint32Array(ranges) };
      const needed = pages - maxPtesNone;
      const { pmdOrder } = geometry;
      const count = kernel.plan(0, ranges, blocks, pmdOrder, orders, needed, windowsAt, endsAt);
      return { windows: new Uint32Array(kernel.memory, windowsAt, count), ends };
    },
  };
}
