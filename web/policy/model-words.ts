import type { KernelModelName } from '../../src/core/rules/kernel-names.ts';

/** What a kernel model is, in a line. */
export const MODEL_WORDS: Record<KernelModelName, string> = {
  'linux-7.3': 'as 7.2, which differs in the name of one result only',
  'linux-7.2':
    'khugepaged collapses to every enabled size; below the PMD size max_ptes_none knows its two ends only',
  'linux-6.18': 'khugepaged collapses to the PMD size only; other sizes are for page faults',
  'linux-6.6': 'as 6.18; page faults know the PMD size only too',
  v18: 'the patch series as of v18: searches a range with a stack of windows',
  scaled: '7.2 with the rule of patches v1 to v10: max_ptes_none is scaled down with the size',
  capped: '7.2 with the rule of patches v11 and v12: scaled down, after a cap at half a PMD range less one',
};
