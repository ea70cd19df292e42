import type { Geometry } from '../core/memory/geometry.ts';
import {
  countPages,
  difference,
  emptyOccupancy,
  type Occupancy,
  setPages,
} from '../core/memory/occupancy.ts';
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
  const windows = (attempts: readonly { offset: number; order: number }[]) =>
    attempts
      .map(({ offset, order }) => `${offset}:${order}`)
      .sort()
      .join();
  if (windows(a.plan.attempts) !== windows(b.plan.attempts)) comparison.otherAttempts++;
  if (windows(collapsesOf(a.plan)) === windows(collapsesOf(b.plan))) return;
  comparison.otherCollapses++;
  comparison.first ??= { pid, address: a.range.address };
  const [ofA, ofB] = [covered(a), covered(b)];
  comparison.onlyCovered[0] += countPages(difference(ofA, ofB));
  comparison.onlyCovered[1] += countPages(difference(ofB, ofA));
}

function covered({ range, plan }: Verdict): Occupancy {
  const pages = emptyOccupancy(range.geometry);
  for (const { offset, order } of plan ? collapsesOf(plan) : []) setPages(pages, offset, 1 << order);
  return pages;
}
