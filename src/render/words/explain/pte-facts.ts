import type { PageFact } from '../../../core/memory/range-state.ts';

/** What facts of PTEs are called in front of people. That a page is present goes without saying. */
export const FACT_WORDS: Readonly<Record<Exclude<PageFact, 'present'>, string>> = {
  guard: 'guard marker',
  swap: 'not present (swap)',
  zero: 'zero page',
  shared: 'shared',
  uffd: 'userfaultfd',
  locked: 'locked',
  pinned: 'pinned',
  lazyfree: 'MADV_FREE',
  unreferenced: 'not recently used',
};
