import { asOffset, asOrder, orderSet } from '../../core/memory/order.ts';
import type { ScanResult } from '../../core/rules/scan-result.ts';
import type { SearchSetting } from '../../core/search/machine.ts';
import type { SearchCase } from '../cases/search-case.ts';
import { smallestRange, type WindowFact } from './smallest-range.ts';

/** What a window of the range turned out to have, and how its attempt ended. */
export interface AnswerFact extends WindowFact {
  readonly result: ScanResult | undefined;
  /** It is that of the retry with reclaim alone. */
  readonly onRetry?: true;
}

/** The smallest case that gives these answers; undefined if no range does. */
export function caseWith(
  facts: readonly AnswerFact[],
  { geometry, orders }: SearchSetting,
): SearchCase | undefined {
  const range = smallestRange(facts, geometry);
  if (!range) return undefined;
  const { occupied, unmapped, maxPtesNone } = range;
  const outcomes = facts
    .filter(({ result }) => result && result !== 'SCAN_SUCCEED')
    .map(({ offset, order, result, onRetry }) => ({
      offset: asOffset(offset),
      orders: orderSet([asOrder(order)]),
      result: result as ScanResult,
      ...(onRetry && { onRetry }),
    }));
  return { range: { geometry, occupied, unmapped, uffdArmed: false }, orders, maxPtesNone, outcomes };
}
