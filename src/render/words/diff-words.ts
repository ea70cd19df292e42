import type { Miss, Surprise } from '../../analysis/foretold.ts';
import type { PageChange } from '../../analysis/page-changes.ts';
import type { ReadingDifference } from '../../analysis/reading-difference.ts';
import { grouped } from '../../core/base/plural.ts';

/** What became of pages, in a word or two. */
export const CHANGE_WORDS: Record<PageChange, string> = {
  none: 'empty',
  unchanged: 'as before',
  collapsed: 'collapsed',
  filled: 'filled',
  split: 'split',
  touched: 'touched',
  swappedIn: 'swapped in',
  swappedOut: 'swapped out',
  freed: 'freed',
  unseen: 'not seen',
};

/** Why memory that was predicted to collapse did not, as a line of a summary goes on after its size. */
export const MISS_WORDS: Record<Miss, string> = {
  ended: 'its process has ended or was started again',
  freed: 'its pages were freed or swapped out',
  changed: 'other pages of the range are resident than before: khugepaged may have met other memory',
  smaller: 'in larger folios than before, but smaller ones than predicted',
  unseen: 'its folios cannot be seen: read both times as root',
  waiting: 'as before',
};

/** Memory that collapsed and was not predicted to, as a line goes on after its size. */
export const SURPRISE_WORDS: Record<Surprise, string> = {
  'left-alone':
    'collapsed where khugepaged looks at nothing under these settings: by MADV_COLLAPSE, other settings in between, or freed and touched again',
  refused:
    'collapsed in ranges that were to be refused: by other settings in between, MADV_COLLAPSE, or freed and touched again',
  changed: 'collapsed in ranges that hold other pages than before',
  later: 'collapsed beside what was predicted of the same range: a later pass went on there',
};

/** Why processes are not matched by pid and start time; empty where they are. */
export function matchWords({ boot, isOneMachine }: Pick<ReadingDifference, 'boot' | 'isOneMachine'>): string {
  const byName = 'processes are matched by service and command';
  if (boot === 'unknown') return `one of the readings does not name its boot: ${byName}`;
  if (boot === 'same') return '';
  return `${isOneMachine ? 'the machine was started again in between' : 'two machines'}: ${byName}`;
}

/** How far khugepaged has come since, where something waits for it. */
export function roundsWords(fullScans: ReadingDifference['fullScans']): string {
  if (!fullScans)
    return 'whether khugepaged has been there since is not known: the readings have no counters of one boot';
  const { since, now } = fullScans;
  if (since === 0)
    return `khugepaged has not finished a round since (full_scans is ${grouped(now)} as before)`;
  return since === 1
    ? 'khugepaged finished 1 round since and may not have been there: wait for the second one (full_scans)'
    : `khugepaged went ${grouped(since)} times round all of its list since, so it was there: what it refused for cannot be seen (pins, locks, references), or the process is not on its list`;
}
