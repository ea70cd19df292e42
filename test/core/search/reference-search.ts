import { asOffset, asOrder, type Window } from '../../../src/core/memory/order.ts';
import type { CollapsePolicy } from '../../../src/core/rules/policy.ts';
import { actionAfter, type ScanResult } from '../../../src/core/rules/scan-result.ts';
import {
  type Attempt,
  attemptEach,
  type CollapseAlgorithm,
  type ScannedRange,
} from '../../../src/core/search/algorithm.ts';
import { listPages } from '../../support/ranges.ts';

/**
 * Whether a window may be attempted (docs/khugepaged.md#the-walk), counted page by page. For models with the
 * none rule of 7.2.
 */
export function qualifies(
  range: ScannedRange,
  policy: CollapsePolicy,
  offset: number,
  order: number,
): boolean {
  if ((policy.orders >> order) % 2 === 0) return false;
  const { pmdOrder } = range.geometry;
  const size = 2 ** order;
  let occupied = listPages(range.occupied).filter((page) => page >= offset && page < offset + size).length;
  if (order === pmdOrder) occupied += range.unmapped;
  const lowerLimit = policy.maxPtesNone === 2 ** pmdOrder - 1 ? size - 1 : 0;
  return occupied >= size - (order === pmdOrder ? policy.maxPtesNone : lowerLimit);
}

/**
 * The search as recursion over halves: what walk and stack must do. The specification of the tests, not of
 * the product.
 */
export const recursion: CollapseAlgorithm = {
  name: 'recursion',
  collapse(range, policy, attempt) {
    const results: ScanResult[] = [];
    const search = (offset: number, order: number): 'go on' | 'stop' => {
      if (qualifies(range, policy, offset, order)) {
        const [result] = attempt([{ offset: asOffset(offset), order: asOrder(order) }]);
        results.push(result);
        const action = actionAfter(result);
        if (action === 'stop') return 'stop';
        if (action === 'next-offset') return 'go on';
      }
      const lower = policy.orders & (2 ** order - 1);
      if (order <= policy.model.minOrder || lower === 0) return 'go on';
      if (search(offset, order - 1) === 'stop') return 'stop';
      return search(offset + 2 ** (order - 1), order - 1);
    };
    search(0, range.geometry.pmdOrder);
    if (results.includes('SCAN_SUCCEED')) return 'SCAN_SUCCEED';
    if (results.includes('SCAN_ALLOC_HUGE_PAGE_FAIL')) return 'SCAN_ALLOC_HUGE_PAGE_FAIL';
    return results.findLast((result) => result !== 'SCAN_PTE_MAPPED_HUGEPAGE') ?? 'SCAN_FAIL';
  },
};

/** The attempts and the result of a search, as one text. */
export function trace(
  algorithm: CollapseAlgorithm,
  range: ScannedRange,
  policy: CollapsePolicy,
  attempt: Attempt = attemptEach(() => 'SCAN_SUCCEED'),
): string {
  const tried: string[] = [];
  const result = algorithm.collapse(range, policy, (batch) => {
    tried.push(...batch.map(({ offset, order }) => `${offset}:${order}`));
    return attempt(batch);
  });
  return `${tried.join(' ')} ${result}`;
}

/** The windows that a search attempts when every attempt succeeds. */
export function successes(
  algorithm: CollapseAlgorithm,
  range: ScannedRange,
  policy: CollapsePolicy,
): Window[] {
  const windows: Window[] = [];
  algorithm.collapse(
    range,
    policy,
    attemptEach((offset, order) => {
      windows.push({ offset, order });
      return 'SCAN_SUCCEED';
    }),
  );
  return windows;
}
