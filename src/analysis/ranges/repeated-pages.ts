import { countSharedPages } from '../../core/fault/restart-counts.ts';
import { countPages } from '../../core/memory/occupancy.ts';
import type { RangeState } from '../../core/memory/range-state.ts';
import { repeatedPages } from '../../core/memory/shared-runs.ts';

/**
 * Counts the resident pages of a source that an earlier process of it has as well: by as many the memory of
 * the machine is less than the sum of its processes.
 */
export class RepeatedPages {
  #pages = 0;
  #isKnown = true;

  add(range: RangeState): void {
    if (hasUntoldSharing(range)) this.#isKnown = false;
    const repeated = repeatedPages(range);
    if (repeated) this.#pages += countPages(repeated);
  }

  /** Those that the source tells. */
  get pages(): number {
    return this.#pages;
  }

  /** Of so many processes; undefined where the source does not tell which pages they share. */
  of(processes: number): number | undefined {
    return this.#isKnown || processes <= 1 ? this.#pages : undefined;
  }
}

/** Whether pages of it are shared by fork, and the source does not tell with which process. */
export function hasUntoldSharing(range: RangeState): boolean {
  return !range.sharedRuns && countSharedPages(range, undefined) > 0;
}
