import type { Foretold, Surprise } from '../../analysis/difference/foretold.ts';
import type { Identity } from '../../analysis/difference/identity.ts';
import type { ProcessDifference } from '../../analysis/difference/memory-difference.ts';
import { MISSES, type Miss } from '../../analysis/difference/missed-window.ts';
import type { PageChange } from '../../analysis/difference/page-changes.ts';
import type { ReadingDifference } from '../../analysis/difference/reading-difference.ts';
import { grouped } from '../../core/base/plural.ts';
import { formatSize } from '../../core/memory/format-size.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import { orderSet } from '../../core/memory/order.ts';
import { refusalLine } from './explain/reasons.ts';

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
const MISS_WORDS: Record<Miss, string> = {
  freed: 'its pages were freed or swapped out',
  smaller: 'in larger folios than before, but smaller ones than predicted',
  unseen: 'its folios cannot be seen: read both times as root',
  refused: 'khugepaged refuses it as it is now',
  changed: 'other pages of the range are resident than before: khugepaged may have met other memory',
  waiting: 'as before',
  unlisted:
    "nothing of its process collapsed, which is probably not on khugepaged's list: the sizes were enabled after it had started. Restart it, or use MADV_COLLAPSE (thpscope apply --collapse)",
  pinned: 'its process has pinned memory for long (VmPin), and may have pinned this',
  merged: 'its process has pages merged by KSM, and these may be some',
  unreferenced: 'none of its pages may have been used lately: the readings do not tell which were',
  allocation: 'khugepaged found no free memory for folios of this size since (collapse_alloc_failed)',
  hidden: 'as before, and nothing tells why: pins, locks and references of a moment cannot be seen',
};

/** Memory that was predicted to collapse and did not, or was not compared, with the reason. */
export interface MissedLine {
  readonly name: 'not yet' | 'otherwise' | 'not compared';
  readonly pages: number;
  readonly words: string;
}

/**
 * A line for each reason why predictions did not come true, for each result of what is refused, and for what
 * was predicted of processes that are not in the second reading.
 */
export function missedLines({ missed, absent, refusals }: Foretold): MissedLine[] {
  const lines: MissedLine[] = MISSES.filter((miss) => miss !== 'refused').map((miss) => ({
    name: miss === 'waiting' ? ('not yet' as const) : ('otherwise' as const),
    pages: missed[miss].pages,
    words: MISS_WORDS[miss],
  }));
  for (const [refusal, { pages }] of refusals)
    lines.push({
      name: 'otherwise',
      pages,
      words: `${MISS_WORDS.refused}: ${refusalLine(refusal, SOME_SIZE)}`,
    });
  lines.push({
    name: 'not compared',
    pages: absent.pages,
    words: 'predicted besides, of processes that are not in the second reading, or were started again',
  });
  return lines.filter(({ pages }) => pages > 0);
}

/**
 * Which reading has a process that is not in both, as it stands behind its name; empty where both have it. It
 * may have ended or come since, or may not have been read: readings do not tell.
 */
export function presenceWords({ before, after }: Pick<ProcessDifference, 'before' | 'after'>): string {
  if (!after) return ' (only before)';
  return before ? '' : ' (only after)';
}

/** What it means that processes are in one of the readings only. */
export const ONLY_ONCE_WORDS =
  'whether they ended or came since, or were not read the other time, the readings do not tell';

/** It was predicted, so some size is enabled for memory that asks for it. */
const SOME_SIZE = orderSet([2]);

/** Reasons that depend on how far khugepaged has come. */
const AFTER_ROUNDS: readonly Miss[] = ['waiting', 'unlisted', 'pinned', 'merged', 'unreferenced', 'hidden'];

/** How far khugepaged has come, where that decides about what did not come true; empty where it does not. */
export function roundsWords({ missed }: Foretold, fullScans: ReadingDifference['fullScans']): string {
  return AFTER_ROUNDS.some((miss) => missed[miss].windows > 0) ? wordsOfRounds(fullScans) : '';
}

/** What was given back since of what came true; empty where nothing was. */
export function cutWords({ cut }: Foretold, geometry: Geometry): string {
  return cut.pages > 0 ? `of ${formatSize(cut.pages, geometry)} a part was freed since, or is new` : '';
}

/** Memory that collapsed and was not predicted to, as a line goes on after its size. */
export const SURPRISE_WORDS: Record<Surprise, string> = {
  'left-alone':
    'collapsed where khugepaged looks at nothing under these settings: by MADV_COLLAPSE, other settings in between, or freed and touched again',
  vma: 'collapsed where khugepaged looked at nothing at the first reading: the VMA has grown, or has other flags',
  refused:
    'collapsed in ranges that were to be refused: by other settings in between, MADV_COLLAPSE, or freed and touched again',
  changed: 'collapsed in ranges that hold other pages than before',
  later: 'collapsed beside what was predicted of the same range: a later pass went on there',
};

/** Why processes are not known to be the same by pid and start time; empty where they are. */
export function matchWords({ boot, isOneMachine }: Identity): string {
  if (boot === 'same') return '';
  const sums = 'and only their sums are compared';
  const byName = `processes are matched by service and command, ${sums}`;
  if (isOneMachine === false) return `these are two machines, not one at two times: ${byName}`;
  if (boot === 'other')
    return isOneMachine
      ? `the machine was started again in between: ${byName}`
      : `another boot, and perhaps another machine: ${byName}`;
  return `one of the readings does not name its boot: processes are matched by pid and start time, else by service and command, ${sums}`;
}

function wordsOfRounds(fullScans: ReadingDifference['fullScans']): string {
  if (!fullScans)
    return 'whether khugepaged has been there since is not known: the readings have no counters of one boot';
  const { since, now } = fullScans;
  if (since === 0)
    return `khugepaged has not finished a round since (full_scans is ${grouped(now)} as before)`;
  return since === 1
    ? 'khugepaged finished 1 round since and may not have been there: wait for the second one (full_scans)'
    : `khugepaged went ${grouped(since)} times round all of its list since`;
}
