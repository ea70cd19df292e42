import type { Geometry } from '../../core/memory/geometry.ts';
import {
  countPages,
  difference,
  emptyOccupancy,
  type Occupancy,
  setPages,
} from '../../core/memory/occupancy.ts';
import type { Window } from '../../core/memory/order.ts';
import type { RangeState } from '../../core/memory/range-state.ts';
import { collapsesOf } from '../../core/plan/collapses.ts';
import type { CollapsePlan } from '../../core/plan/plan.ts';

/** What one algorithm does, added up. Pages are base pages. */
export interface AlgorithmWork {
  attempts: number;
  collapses: number;
  coveredPages: number;
  filledPages: number;
  copiedPages: number;
}

/** What two algorithms do to the same memory. */
export interface Comparison {
  readonly geometry: Geometry;
  /** One of each. */
  readonly work: readonly [AlgorithmWork, AlgorithmWork];
  /** Ranges that khugepaged scans. */
  ranges: number;
  /**
   * Of these, ranges in which they attempt other windows, in any order; and those in which they collapse
   * others.
   */
  otherAttempts: number;
  otherCollapses: number;
  /** Pages that only one of them covers. */
  readonly onlyCovered: [number, number];
  /** The first range in which they collapse other windows. */
  first: { readonly pid: number; readonly address: number } | undefined;
}

export function emptyComparison(geometry: Geometry): Comparison {
  const none = () => ({ attempts: 0, collapses: 0, coveredPages: 0, filledPages: 0, copiedPages: 0 });
  return {
    geometry,
    work: [none(), none()],
    ranges: 0,
    otherAttempts: 0,
    otherCollapses: 0,
    onlyCovered: [0, 0],
    first: undefined,
  };
}

/** Adds what two algorithms do to one range of a process, which khugepaged scans. */
export function addComparison(
  comparison: Comparison,
  pid: number,
  { geometry, address }: Pick<RangeState, 'geometry' | 'address'>,
  a: CollapsePlan,
  b: CollapsePlan,
): void {
  addPlan(comparison.work[0], a);
  addPlan(comparison.work[1], b);
  comparison.ranges++;
  if (!sameWindows(a.attempts, b.attempts)) comparison.otherAttempts++;
  if (sameWindows(collapsesOf(a), collapsesOf(b))) return;
  comparison.otherCollapses++;
  comparison.first ??= { pid, address };
  const [ofA, ofB] = [covered(a, geometry), covered(b, geometry)];
  comparison.onlyCovered[0] += countPages(difference(ofA, ofB));
  comparison.onlyCovered[1] += countPages(difference(ofB, ofA));
}

function addPlan(work: AlgorithmWork, { attempts }: CollapsePlan): void {
  work.attempts += attempts.length;
  for (const { order, result, pages } of attempts) {
    if (result !== 'SCAN_SUCCEED') continue;
    work.collapses++;
    work.coveredPages += 1 << order;
    work.copiedPages += pages;
    work.filledPages += (1 << order) - pages;
  }
}

/** Whether these are the same windows, in any order. */
function sameWindows(a: readonly Window[], b: readonly Window[]): boolean {
  if (a.length !== b.length) return false;
  if (a.every(({ offset, order }, i) => b[i].offset === offset && b[i].order === order)) return true;
  const sorted = (windows: readonly Window[]) =>
    Uint32Array.from(windows, ({ offset, order }) => offset * 16 + order).sort();
  const [ofA, ofB] = [sorted(a), sorted(b)];
  return ofA.every((window, i) => window === ofB[i]);
}

function covered(plan: CollapsePlan, geometry: Geometry): Occupancy {
  const pages = emptyOccupancy(geometry);
  for (const { offset, order } of collapsesOf(plan)) setPages(pages, offset, 1 << order);
  return pages;
}
