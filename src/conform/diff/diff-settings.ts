import { type OrderSet, orderSet } from '../../core/memory/order.ts';

/** Sizes that are switched on, and the limit of holes. */
export interface DiffSettings {
  readonly orders: OrderSet;
  /** The word that these sizes get; all others are `never`. */
  readonly word: 'always' | 'madvise';
  readonly maxPtesNone: number;
}

/** Settings that programs start under, and what they are changed to while these run. */
export interface DiffChange {
  readonly name: string;
  readonly before: DiffSettings;
  readonly after: DiffSettings;
}

const BELOW_PMD = [2, 3, 4, 5, 6, 7, 8];

/** Three changes that somebody might make on a machine that runs. */
export const DIFF_CHANGES: readonly DiffChange[] = [
  {
    name: '64K -> 2M',
    before: { orders: orderSet([4]), word: 'always', maxPtesNone: 0 },
    after: { orders: orderSet([9]), word: 'always', maxPtesNone: 511 },
  },
  {
    // Nothing is on khugepaged's list that does not ask for it.
    name: 'madvise -> 64K-2M, no holes',
    before: { orders: orderSet([9]), word: 'madvise', maxPtesNone: 511 },
    after: { orders: orderSet([4, 5, 6, 7, 8, 9]), word: 'always', maxPtesNone: 0 },
  },
  {
    name: '2M -> 16K-256K and 2M',
    before: { orders: orderSet([9]), word: 'always', maxPtesNone: 511 },
    after: { orders: orderSet([...BELOW_PMD.slice(0, 5), 9]), word: 'always', maxPtesNone: 511 },
  },
];
