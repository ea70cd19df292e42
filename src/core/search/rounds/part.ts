import type { Order, Window } from '../../memory/order.ts';
import type { NextMove, ScanResult } from '../../rules/scan-result.ts';
import type { SearchSetting } from '../machine.ts';

/** Part of a range that is left to search, from its offset on, with the window that is looked at next. */
export interface RangePart extends Window {
  /** Where it ends; exclusive. */
  readonly end: number;
  /** The largest order to try in it. */
  readonly largest: Order;
  /** Its attempts are retries that may reclaim memory. */
  readonly reclaim: boolean;
}

/** Where a result leads in rounds: as in a walk, or to the same window again, with reclaim. */
export type RoundMove = NextMove | 'again';

/**
 * A search in rounds as a state machine. Its state is a stack of parts of the range; at first there is one,
 * the whole range. Parts do not overlap and do not know of each other: what becomes of one follows from what
 * is found in it. So what is proved of each part is proved of each state (verify/proof).
 */
export interface RoundsMachine {
  /** The part from `start` to `end` (exclusive) of a range; undefined where nothing can be tried. */
  start(setting: SearchSetting, start: number, end: number): RangePart | undefined;
  /** What is left of a part for this round once its window is looked at, and attempted or not. */
  after(part: RangePart, attempted: boolean, setting: SearchSetting): RangePart | undefined;
  /** What the next round looks at again, by where the attempt on the window of a part leads. */
  retry(part: RangePart, move: RoundMove, setting: SearchSetting): RangePart | undefined;
  /** Where the result of an attempt leads; `stop` ends the search after the round. */
  action(result: ScanResult, reclaim: boolean): RoundMove;
}
