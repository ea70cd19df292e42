import type { Miss, Surprise } from '../../analysis/foretold.ts';

/** Why memory that was predicted to collapse did not, as a line of a summary goes on after its size. */
export const MISS_WORDS: Record<Miss, string> = {
  ended: 'its process has ended or was started again',
  freed: 'its pages were freed or swapped out',
  changed: 'other pages of the range are resident than before: khugepaged may have met other memory',
  smaller: 'in larger folios than before, but smaller ones than predicted',
  unseen: 'its folios cannot be seen: read both times as root',
  waiting: 'as before',
};

/** Why memory collapsed that was not predicted to. */
export const SURPRISE_WORDS: Record<Surprise, string> = {
  'left-alone':
    'khugepaged leaves it alone under these settings: MADV_COLLAPSE, other settings in between, or freed and touched again',
  refused: 'predicted to be refused: other settings in between, MADV_COLLAPSE, or freed and touched again',
  changed: 'other pages of the range are resident than before',
  later: 'beside what was predicted of the same range: a later pass went on there',
};
