import type { Geometry } from '../core/memory/geometry.ts';
import {
  countPages,
  difference,
  emptyOccupancy,
  type Occupancy,
  setPages,
} from '../core/memory/occupancy.ts';
import type { Window } from '../core/memory/order.ts';
import { collapsesOf } from '../core/plan/plan.ts';
import { addVerdict, emptyTally, type Tally } from './tally.ts';
import type { Verdict } from './verdict.ts';

/** What two algorithms do to the same memory. */
export interface Comparison {
  /** One of each. */
  readonly tallies: readonly [Tally, Tally];
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
  return {
    tallies: [emptyTally(geometry), emptyTally(geometry)],
    ranges: 0,
    otherAttempts: 0,
    otherCollapses: 0,
    onlyCovered: [0, 0],
    first: undefined,
  };
}

/** Adds what two algorithms do to one range of a process. */
export function addComparison(comparison: Comparison, pid: number, a: Verdict, b: Verdict): void {
  addVerdict(comparison.tallies[0], a);
  addVerdict(comparison.tallies[1], b);
  if (!a.plan || !b.plan) return;
  comparison.ranges++;
  if (!sameWindows(a.plan.attempts, b.plan.attempts)) comparison.otherAttempts++;
  if (sameWindows(collapsesOf(a.plan), collapsesOf(b.plan))) return;
  comparison.otherCollapses++;
  comparison.first ??= { pid, address: a.range.address };
  const [ofA, ofB] = [covered(a), covered(b)];
  comparison.onlyCovered[0] += countPages(difference(ofA, ofB));
  comparison.onlyCovered[1] += countPages(difference(ofB, ofA));
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

function covered({ range, plan }: Verdict): Occupancy {
  const pages = emptyOccupancy(range.geometry);
  for (const { offset, order } of plan ? collapsesOf(plan) : []) setPages(pages, offset, 1 << order);
  return pages;
}
