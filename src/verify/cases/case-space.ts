import type { Offset, Order } from '../../core/memory/order.ts';
import type { ScanResult } from '../../core/rules/scan-result.ts';
import type { Shape } from './search-case.ts';

/** How the attempt on a window ends, the first one or the retry that may reclaim memory. */
export type DecideOutcome = (offset: Offset, order: Order, reclaim: boolean) => ScanResult;

/** A shape and how attempts on it end. */
export interface TriedCase {
  readonly shape: Shape;
  readonly outcome: DecideOutcome;
}

/** Cases of one PMD order that are tried one after the other. */
export interface CaseSpace {
  readonly pmdOrder: number;
  /** What is tried, in a few words. */
  readonly what: string;
  /** Whether these are all cases of their kind, those with the fewest PTEs first. */
  readonly exhaustive: boolean;
  /** How attempts may end. */
  readonly results: readonly ScanResult[];
  /** The values of max_ptes_none; undefined for any. */
  readonly limits: readonly number[] | undefined;
  /** What a case was asked about is read before the next one is taken, which may change it in place. */
  readonly cases: () => Iterable<TriedCase>;
}
