import type { Window } from '../core/memory/order.ts';
import { orderOfCode } from '../core/memory/pte-code.ts';
import { collapsesOf } from '../core/plan/collapses.ts';
import type { RangeChanges } from './page-changes.ts';
import type { Verdict } from './verdict.ts';

/**
 * Why a window that was predicted to collapse is not one folio of at least its size:
 * - ended: its process is not there any more
 * - freed: none of its pages is
 * - changed: other pages of its range are resident than before, so khugepaged may have seen other memory
 * - smaller: its pages lie in folios that are larger than before, and smaller than was said
 * - unseen: its folios cannot be seen
 * - waiting: nothing changed
 */
export const MISSES = ['ended', 'freed', 'changed', 'smaller', 'unseen', 'waiting'] as const;
export type Miss = (typeof MISSES)[number];

/**
 * Why pages lie in larger folios than before though that was not predicted:
 * - left-alone: under the policy nothing collapses in their VMA, or at its edge; something else did it
 * - refused: khugepaged was predicted to refuse their range
 * - changed: other pages of their range are resident than before
 * - later: in a range of which a part was predicted to collapse; the next passes go on
 */
export const SURPRISES = ['left-alone', 'refused', 'changed', 'later'] as const;
export type Surprise = (typeof SURPRISES)[number];

/** Windows and the base pages that they cover. */
interface WindowSum {
  windows: number;
  pages: number;
}

/** What was predicted from the earlier reading, and what became of it. */
export interface Foretold {
  readonly predicted: WindowSum;
  /** Windows that are one folio of at least their size now. */
  readonly happened: WindowSum;
  readonly missed: Record<Miss, WindowSum>;
  /** Pages that lie in larger folios than before, outside of what was predicted. */
  readonly surprises: Record<Surprise, number>;
}

export function nothingForetold(): Foretold {
  const none = () => ({ windows: 0, pages: 0 });
  return {
    predicted: none(),
    happened: none(),
    missed: {
      ended: none(),
      freed: none(),
      changed: none(),
      smaller: none(),
      unseen: none(),
      waiting: none(),
    },
    surprises: { 'left-alone': 0, refused: 0, changed: 0, later: 0 },
  };
}

export function addForetold(into: Foretold, from: Foretold): void {
  addWindows(into.predicted, from.predicted);
  addWindows(into.happened, from.happened);
  for (const miss of MISSES) addWindows(into.missed[miss], from.missed[miss]);
  for (const surprise of SURPRISES) into.surprises[surprise] += from.surprises[surprise];
}

/** Adds the windows of a range whose process is gone. */
export function addEnded(foretold: Foretold, { plan }: Verdict): void {
  for (const window of plan ? collapsesOf(plan) : []) {
    addWindow(foretold.predicted, window);
    addWindow(foretold.missed.ended, window);
  }
}

/** Adds what became of a range that was judged as it was: its PTEs at both readings, see pte-code.ts. */
export function addOutcome(
  foretold: Foretold,
  verdict: Verdict,
  ranges: Pick<RangeChanges, 'geometry' | 'before' | 'after' | 'isSeen' | 'isPmdMapped'>,
): void {
  const { before, after, isSeen } = ranges;
  const windows = verdict.plan ? collapsesOf(verdict.plan) : [];
  const hasChanged = before.some((code, page) => isLostOrNew(code, after[page]));
  for (const window of windows) {
    addWindow(foretold.predicted, window);
    const missed = missOf(window, ranges, hasChanged);
    addWindow(missed === undefined ? foretold.happened : foretold.missed[missed], window);
  }
  if (!isSeen) return;
  const surprise = surpriseOf(verdict, windows.length > 0, hasChanged);
  for (let page = 0; page < after.length; page++) {
    const [now, then] = [orderOfCode(after[page]), orderOfCode(before[page])];
    // What is new in a large folio may come from page faults.
    if (now === undefined || then === undefined || now <= then) continue;
    if (!windows.some(({ offset, order }) => offset <= page && page < offset + (1 << order)))
      foretold.surprises[surprise]++;
  }
}

function missOf(
  { offset, order }: Window,
  { geometry, before, after, isSeen, isPmdMapped }: Parameters<typeof addOutcome>[2],
  hasChanged: boolean,
): Miss | undefined {
  let isWhole = true;
  let isGone = true;
  let grew = false;
  for (let page = offset as number; page < offset + (1 << order); page++) {
    const now = orderOfCode(after[page]);
    isWhole &&= now !== undefined && now >= order;
    isGone &&= now === undefined;
    grew ||= (now ?? 0) > (orderOfCode(before[page]) ?? 0);
  }
  if (isWhole && (order < geometry.pmdOrder || (isPmdMapped ?? grew))) return undefined;
  if (isWhole && isPmdMapped === undefined) return 'unseen';
  if (isGone) return 'freed';
  if (!isSeen) return 'unseen';
  if (grew) return 'smaller';
  return hasChanged ? 'changed' : 'waiting';
}

/** Whether a page went away, or a small one came: large folios may be what a collapse filled. */
function isLostOrNew(before: number, after: number): boolean {
  const [then, now] = [orderOfCode(before), orderOfCode(after)];
  return then === undefined ? now === 0 : now === undefined;
}

function surpriseOf({ ignored }: Verdict, isPredicted: boolean, hasChanged: boolean): Surprise {
  if (ignored) return 'left-alone';
  if (hasChanged) return 'changed';
  return isPredicted ? 'later' : 'refused';
}

function addWindow(into: WindowSum, { order }: Window): void {
  into.windows++;
  into.pages += 1 << order;
}

function addWindows(into: WindowSum, from: WindowSum): void {
  into.windows += from.windows;
  into.pages += from.pages;
}
