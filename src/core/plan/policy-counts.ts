import type { Geometry } from '../memory/geometry.ts';

/** What a policy does to any amount of memory, in numbers that add up. Arrays are indexed by order. */
export interface PolicyCounts {
  /**
   * Windows tried in the first pass: each allocates a folio and detaches the PMD under the mmap write lock.
   */
  readonly attempts: Float64Array;
  readonly collapses: Float64Array;
  /**
   * Windows tried in vain in every later pass, once nothing changes any more
   * (docs/khugepaged.md#later-passes).
   */
  readonly laterAttempts: Float64Array;
  /** Empty and zero-page PTEs that become private pages. */
  filledPages: number;
  /** Pages copied, swapped-in ones included. */
  copiedPages: number;
  swappedInPages: number;
  /** Of the pages copied, those that no large folio held before. */
  newlyHugePages: number;
  /** Of the pages copied, those whose original another process may go on using. */
  copiedSharedPages: number;
  /** TLB entries that whole folios among the pages copied saved before. */
  savedEntries: number;
}

export function emptyCounts(geometry: Geometry): PolicyCounts {
  const byOrder = () => new Float64Array(geometry.pmdOrder + 1);
  return {
    attempts: byOrder(),
    collapses: byOrder(),
    laterAttempts: byOrder(),
    filledPages: 0,
    copiedPages: 0,
    swappedInPages: 0,
    newlyHugePages: 0,
    copiedSharedPages: 0,
    savedEntries: 0,
  };
}

export function clearCounts(counts: PolicyCounts): void {
  counts.attempts.fill(0);
  counts.collapses.fill(0);
  counts.laterAttempts.fill(0);
  counts.filledPages = counts.copiedPages = counts.swappedInPages = counts.newlyHugePages = 0;
  counts.copiedSharedPages = counts.savedEntries = 0;
}

/** Adds counts, `times` over. */
export function addCounts(into: PolicyCounts, from: PolicyCounts, times = 1): void {
  for (let order = 0; order < into.attempts.length; order++) {
    into.attempts[order] += times * from.attempts[order];
    into.collapses[order] += times * from.collapses[order];
    into.laterAttempts[order] += times * from.laterAttempts[order];
  }
  into.filledPages += times * from.filledPages;
  into.copiedPages += times * from.copiedPages;
  into.swappedInPages += times * from.swappedInPages;
  into.newlyHugePages += times * from.newlyHugePages;
  into.copiedSharedPages += times * from.copiedSharedPages;
  into.savedEntries += times * from.savedEntries;
}
