import { emptyOccupancy, type Occupancy, setPages } from './occupancy.ts';
import type { RangeState } from './range-state.ts';

/**
 * Neighbouring pages of a range that processes share by fork, as far as the source sees which pages they are.
 */
export interface SharedRun {
  /** PTE of the first page. */
  readonly offset: number;
  readonly pages: number;
  /**
   * Number of the first page; those of the others follow. PTEs with the same number map the same page,
   * wherever the source has them. From 1 on.
   */
  readonly id: number;
  /** How often each page is mapped, by anybody. */
  readonly mappings: number;
  /** Whether the source had these pages before, in an earlier process mostly: they are counted there. */
  readonly repeats: boolean;
}

/** Calls `visit` with each page of some runs: its PTE, its number, and how often it is mapped. */
export function forEachSharedPage(
  runs: readonly SharedRun[],
  visit: (offset: number, id: number, mappings: number) => void,
): void {
  for (const { offset, pages, id, mappings } of runs)
    for (let i = 0; i < pages; i++) visit(offset + i, id + i, mappings);
}

/** The pages of a range that the source had before; undefined if it had none, as far as it sees. */
export function repeatedPages({ geometry, sharedRuns = [] }: RangeState): Occupancy | undefined {
  const repeated = sharedRuns.filter(({ repeats }) => repeats);
  if (repeated.length === 0) return undefined;
  const occupancy = emptyOccupancy(geometry);
  for (const { offset, pages } of repeated) setPages(occupancy, offset, pages);
  return occupancy;
}

/** The same range with other numbers for its pages: those of several sources must not meet. */
export function renumbered(range: RangeState, by: number): RangeState {
  if (by === 0 || !range.sharedRuns || range.sharedRuns.length === 0) return range;
  return { ...range, sharedRuns: range.sharedRuns.map((run) => ({ ...run, id: run.id + by })) };
}

/** Gathers runs page by page, in the order of PTEs. */
export class SharedRuns {
  readonly runs: SharedRun[] = [];
  #open: { -readonly [K in keyof SharedRun]: SharedRun[K] } | undefined;

  add(offset: number, id: number, mappings: number, repeats: boolean): void {
    const run = this.#open;
    const isNext =
      run !== undefined &&
      run.offset + run.pages === offset &&
      run.id + run.pages === id &&
      run.mappings === mappings &&
      run.repeats === repeats;
    if (isNext) {
      run.pages++;
      return;
    }
    this.#open = { offset, pages: 1, id, mappings, repeats };
    this.runs.push(this.#open);
  }
}
