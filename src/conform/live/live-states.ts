import { type OrderSet, orderSet } from '../../core/memory/order.ts';

/** Settings that live processes are predicted under, and that khugepaged then runs with. */
export interface LivePolicy {
  readonly name: string;
  readonly orders: OrderSet;
  /** The word that these sizes get. */
  readonly word: 'always' | 'madvise';
  readonly maxPtesNone: number;
}

export const LIVE_POLICIES: readonly LivePolicy[] = [
  { name: 'all/madvise/0', orders: orderSet([2, 3, 4, 5, 6, 7, 8, 9]), word: 'madvise', maxPtesNone: 0 },
  { name: '2M/always/511', orders: orderSet([9]), word: 'always', maxPtesNone: 511 },
  { name: '64K,2M/always/200', orders: orderSet([4, 9]), word: 'always', maxPtesNone: 200 },
  { name: '16K-1M/madvise/511', orders: orderSet([2, 3, 4, 5, 6, 7, 8]), word: 'madvise', maxPtesNone: 511 },
];

/**
 * Of a state that holds what a program may be unable to see, the fact that a prediction must name as assumed
 * if khugepaged does otherwise. `limits`: that collapses fail below the limit of a control group.
 */
export const UNSEEN_FACTS: ReadonlyMap<string, string> = new Map([
  ['unreferenced', 'unreferenced'],
  ['pinned-by-pipe', 'pinned'],
  ['pinned-for-long', 'pinned'],
  ['pinned-for-long-by-user', 'pins'],
  ['not-registered', 'registration'],
  ['registered-by-brk', 'registration'],
  ['same-page-twice-in-a-window', 'ksm'],
  ['same-page-in-two-ranges', 'ksm'],
  ['limited', 'limits'],
  ['limited-above', 'limits'],
  ['except-advised-not-advised', 'prctl'],
]);
