import { type Geometry, pageBytes } from '../../core/memory/geometry.ts';
import type { Window } from '../../core/memory/order.ts';
import { orderOfCode } from '../../core/memory/pte-code.ts';
import { collapsesOf } from '../../core/plan/collapses.ts';
import type { Process } from '../../core/rules/memory-source.ts';
import type { Refusal } from '../ranges/tally.ts';
import type { Verdict } from '../ranges/verdict.ts';
import { type JudgedRange, type Meanwhile, MISSES, type Miss, windowFate } from './missed-window.ts';

/**
 * Why pages lie in larger folios than before though that was not predicted:
 * - left-alone: under the policy nothing collapses in their VMA, or at its edge; something else did it
 * - vma: the same, but now it would take them: their VMA has grown, or has other flags
 * - refused: khugepaged was predicted to refuse their range
 * - changed: other pages of their range are resident than before
 * - later: in a range of which a part was predicted to collapse; the next passes go on
 */
export const SURPRISES = ['left-alone', 'vma', 'refused', 'changed', 'later'] as const;
export type Surprise = (typeof SURPRISES)[number];

/** Windows and the base pages that they cover. */
interface WindowSum {
  windows: number;
  pages: number;
}

/** What was predicted from the earlier reading of processes that are in both, and what became of it. */
export interface Foretold {
  readonly predicted: WindowSum;
  /** Windows that became one folio of at least their size. */
  readonly happened: WindowSum;
  /** Of these, windows of which a part was freed since, or is new. */
  readonly cut: WindowSum;
  readonly missed: Record<Miss, WindowSum>;
  /**
   * What was predicted of processes that are not in the later reading, as far as the readings tell: no part
   * of `predicted`. They may have ended, been started again, or not been read.
   */
  readonly absent: WindowSum;
  /** Of what is `refused`, why. */
  readonly refusals: Map<Refusal, WindowSum>;
  /** Pages that lie in larger folios than before, outside of what was predicted. */
  readonly surprises: Record<Surprise, number>;
}

export function nothingForetold(): Foretold {
  const none = () => ({ windows: 0, pages: 0 });
  return {
    predicted: none(),
    happened: none(),
    cut: none(),
    missed: Object.fromEntries(MISSES.map((miss) => [miss, none()])) as Record<Miss, WindowSum>,
    absent: none(),
    refusals: new Map(),
    surprises: { 'left-alone': 0, vma: 0, refused: 0, changed: 0, later: 0 },
  };
}

export function addForetold(into: Foretold, from: Foretold): void {
  addWindows(into.predicted, from.predicted);
  addWindows(into.happened, from.happened);
  addWindows(into.cut, from.cut);
  for (const miss of MISSES) addWindows(into.missed[miss], from.missed[miss]);
  addWindows(into.absent, from.absent);
  for (const [refusal, sum] of from.refusals) addWindows(refusedBy(into, refusal), sum);
  for (const surprise of SURPRISES) into.surprises[surprise] += from.surprises[surprise];
}

/** Adds the windows of a range whose process is not in the later reading. */
export function addAbsent({ absent }: Foretold, { plan }: Verdict): void {
  for (const window of plan ? collapsesOf(plan) : []) addWindow(absent, window);
}

/**
 * Adds what became of a range that was judged as it was: its PTEs at both readings, see pte-code.ts.
 * `judgeNow` judges it as it is at the later one.
 */
export function addOutcome(
  foretold: Foretold,
  verdict: Verdict,
  ranges: JudgedRange['ranges'],
  since: Meanwhile,
  judgeNow: () => Verdict | undefined,
): void {
  const { before, after, isSeen } = ranges;
  const windows = verdict.plan ? collapsesOf(verdict.plan) : [];
  const hasChanged = before.some((code, page) => isLostOrNew(code, after[page]));
  let now: Verdict | undefined;
  const judged = { ranges, hasChanged, judgeNow: () => (now ??= judgeNow()) };
  for (const window of windows) {
    addWindow(foretold.predicted, window);
    const fate = windowFate(window, judged, since);
    if (fate.miss === undefined) {
      addWindow(foretold.happened, window);
      if (fate.isCut) addWindow(foretold.cut, window);
      continue;
    }
    addWindow(foretold.missed[fate.miss], window);
    if (fate.refusal) addWindow(refusedBy(foretold, fate.refusal), window);
  }
  if (!isSeen) return;
  let surprise: Surprise | undefined;
  for (let page = 0; page < after.length; page++) {
    const [is, was] = [orderOfCode(after[page]), orderOfCode(before[page])];
    // What is new in a large folio may come from page faults.
    if (is === undefined || was === undefined || is <= was) continue;
    if (windows.some(({ offset, order }) => offset <= page && page < offset + (1 << order))) continue;
    surprise ??= surpriseOf(verdict, windows.length > 0, judged);
    foretold.surprises[surprise]++;
  }
}

/** What is known of a process as a whole. */
export interface MissedProcess extends Pick<Process, 'pinnedBytes' | 'ksmBytes'> {
  /** Whether khugepaged is known to visit it. */
  readonly isListed: boolean;
}

/** Names reasons that only the process as a whole tells, once all of its ranges are there. */
export function settleMissed(
  { missed }: Foretold,
  { pinnedBytes = 0, ksmBytes = 0, isListed }: MissedProcess,
  geometry: Geometry,
): void {
  const { windows } = missed.hidden;
  if (windows > 0 && windows <= pinnedBytes / pageBytes(geometry)) moveWindows(missed.hidden, missed.pinned);
  else if (windows > 0 && windows <= ksmBytes / pageBytes(geometry))
    moveWindows(missed.hidden, missed.merged);
  const open = [missed.hidden, missed.unreferenced, missed.allocation];
  if (isListed || open.every((each) => each.windows === 0)) return;
  for (const each of [...open, missed.changed]) moveWindows(each, missed.unlisted);
}

function moveWindows(from: WindowSum, into: WindowSum): void {
  addWindows(into, from);
  from.windows = 0;
  from.pages = 0;
}

/** Whether a page went away, or a small one came: large folios may be what a collapse filled. */
function isLostOrNew(before: number, after: number): boolean {
  const [then, now] = [orderOfCode(before), orderOfCode(after)];
  return then === undefined ? now === 0 : now === undefined;
}

function surpriseOf(
  { ignored, plan }: Verdict,
  isPredicted: boolean,
  { hasChanged, judgeNow }: JudgedRange,
): Surprise {
  if (ignored) return judgeNow()?.ignored === undefined ? 'vma' : 'left-alone';
  if (hasChanged) return 'changed';
  // What a failed attempt leaves in a per-CPU batch makes others fail, until the next pass.
  const isBatched = plan?.attempts.some(({ result }) => result === 'SCAN_PAGE_COUNT');
  return isPredicted || isBatched ? 'later' : 'refused';
}

function addWindow(into: WindowSum, { order }: Window): void {
  into.windows++;
  into.pages += 1 << order;
}

function addWindows(into: WindowSum, from: WindowSum): void {
  into.windows += from.windows;
  into.pages += from.pages;
}

function refusedBy({ refusals }: Foretold, refusal: Refusal): WindowSum {
  const known = refusals.get(refusal) ?? { windows: 0, pages: 0 };
  refusals.set(refusal, known);
  return known;
}
