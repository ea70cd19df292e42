import type { Window } from '../../core/memory/order.ts';
import { orderOfCode } from '../../core/memory/pte-code.ts';
import { collapsesOf } from '../../core/plan/collapses.ts';
import type { Refusal } from '../ranges/tally.ts';
import type { Verdict } from '../ranges/verdict.ts';
import { type CountedHost, countedSince, FULL_SCANS } from './counted-since.ts';
import type { RangeChanges } from './page-changes.ts';

/**
 * Why a window that was predicted to collapse is not one folio of at least its size:
 * - freed: none of its pages is
 * - smaller: its pages lie in folios that are larger than before, and smaller than was said
 * - unseen: its folios cannot be seen
 * - refused: khugepaged refuses it as it is at the later reading
 * - changed: other pages of its range are resident than before, so khugepaged may have met other memory
 * - waiting: khugepaged has not been round twice since, or nobody knows whether
 * - unlisted: nothing of its process collapsed, and nothing says that it is on khugepaged's list
 * - pinned, merged: its process has so many pages that are pinned for long, or merged by KSM, somewhere
 * - unreferenced: which of its pages were used lately is not known
 * - allocation: khugepaged found no memory for folios of its size meanwhile
 * - hidden: none of these, though khugepaged has been round twice
 */
export const MISSES = [
  'freed',
  'smaller',
  'unseen',
  'refused',
  'changed',
  'waiting',
  'unlisted',
  'pinned',
  'merged',
  'unreferenced',
  'allocation',
  'hidden',
] as const;
export type Miss = (typeof MISSES)[number];

/** What was counted between two readings that tells why windows were missed. */
export interface Meanwhile {
  /** How often khugepaged went round all of its list; undefined where nothing says. */
  readonly fullScans: number | undefined;
  /** Whether it found no memory for a folio of this size in bytes; false also where nothing counts that. */
  failedToAllocate(bytes: number): boolean;
}

export function meanwhile(before: CountedHost, after: CountedHost): Meanwhile {
  const since = (name: string) => countedSince(before, after, name);
  return {
    fullScans: since(FULL_SCANS),
    // Kernels before 7.2 count the one size that khugepaged makes in vmstat alone.
    failedToAllocate: (bytes) =>
      (since(`hugepages-${bytes / 1024}kB/stats/collapse_alloc_failed`) ??
        since('vmstat/thp_collapse_alloc_failed') ??
        0) > 0,
  };
}

/** Rounds after which khugepaged has looked at all memory: the first may have been half done before. */
const ROUNDS_FOR_ALL = 2;

/** A range that was judged, at both readings. */
export interface JudgedRange {
  readonly ranges: Pick<RangeChanges, 'geometry' | 'before' | 'after' | 'isSeen' | 'isPmdMapped'>;
  /** Whether a page went away, or a small one came. */
  readonly hasChanged: boolean;
  /** What khugepaged would do to it as it is at the later reading; undefined where it is not there. */
  judgeNow(): Verdict | undefined;
}

/**
 * What became of a window: it collapsed, and whether parts of it were freed or came anew since; or why not,
 * as far as its range tells, with the `refusal` where it is `refused`.
 */
export type WindowFate =
  | { readonly miss?: undefined; readonly isCut: boolean }
  | { readonly miss: Miss; readonly refusal?: Refusal };

/** What became of a window that was predicted to collapse. */
export function windowFate(
  window: Window,
  { ranges, hasChanged, judgeNow }: JudgedRange,
  { fullScans, failedToAllocate }: Meanwhile,
): WindowFate {
  const { offset, order } = window;
  const { geometry, before, after, isSeen, isPmdMapped } = ranges;
  let [isWhole, isGone, grew, isJoined] = [true, true, false, false];
  for (let page = offset as number; page < offset + (1 << order); page++) {
    const [is, was] = [orderOfCode(after[page]), orderOfCode(before[page])];
    isWhole &&= is !== undefined && is >= order;
    isGone &&= is === undefined;
    grew ||= (is ?? 0) > (was ?? 0);
    // A page that came to a folio of that size says that there was one, whatever was given back since.
    isJoined ||= is !== undefined && is >= order && is > (was ?? 0);
  }
  if (isWhole && (order < geometry.pmdOrder || (isPmdMapped ?? grew))) return { isCut: false };
  if (isWhole && isPmdMapped === undefined) return { miss: 'unseen' };
  if (isGone) return { miss: 'freed' };
  if (!isSeen) return { miss: 'unseen' };
  if (isJoined) return { isCut: !isWhole };
  if (grew) return { miss: 'smaller' };
  const now = judgeNow();
  const refusal = now && refusalOfWindow(window, now);
  if (refusal) return { miss: 'refused', refusal };
  if (hasChanged) return { miss: 'changed' };
  if (fullScans === undefined || fullScans < ROUNDS_FOR_ALL) return { miss: 'waiting' };
  if (failedToAllocate(2 ** (geometry.pageShift + order))) return { miss: 'allocation' };
  if (now && now.range.facts.unreferenced === undefined) return { miss: 'unreferenced' };
  return { miss: 'hidden' };
}

/** Why a window would not collapse; undefined if all of it would, alone or in a larger one. */
function refusalOfWindow({ offset, order }: Window, { ignored, plan }: Verdict): Refusal | undefined {
  if (ignored) return ignored;
  if (!plan) return undefined;
  if (plan.scan.result !== 'SCAN_SUCCEED') return plan.scan.result;
  const end = offset + (1 << order);
  const holds = (larger: Window) => larger.offset <= offset && end <= larger.offset + (1 << larger.order);
  if (collapsesOf(plan).some(holds)) return undefined;
  return (
    plan.attempts.find((attempt) => attempt.offset === offset && attempt.order === order)?.result ??
    'no-window'
  );
}
