import { hasOrder, type Order, orderSet, type Window } from '../../src/core/memory/order.ts';
import type { OutcomeRule } from '../../src/core/rules/outcome.ts';
import { actionAfter, type NextMove, type ScanResult } from '../../src/core/rules/scan-result.ts';

/** What an attempt of khugepaged can end with: docs/results.md. */
const ATTEMPT_RESULTS: readonly ScanResult[] = [
  'SCAN_SUCCEED',
  'SCAN_PTE_MAPPED_HUGEPAGE',
  'SCAN_ALLOC_HUGE_PAGE_FAIL',
  'SCAN_PAGE_COUNT',
  'SCAN_PAGE_LOCK',
  'SCAN_LACK_REFERENCED_PAGE',
  'SCAN_EXCEED_NONE_PTE',
  'SCAN_EXCEED_SWAP_PTE',
  'SCAN_EXCEED_SHARED_PTE',
  'SCAN_PTE_NON_PRESENT',
  'SCAN_PTE_UFFD',
  'SCAN_PAGE_NULL',
  'SCAN_PAGE_LAZYFREE',
  'SCAN_DEL_PAGE_LRU',
  'SCAN_CGROUP_CHARGE_FAIL',
  'SCAN_FAIL',
  'SCAN_VMA_CHECK',
  'SCAN_VMA_NULL',
  'SCAN_ADDRESS_RANGE',
  'SCAN_ANY_PROCESS',
  'SCAN_PMD_MAPPED',
  'SCAN_NO_PTE_TABLE',
  'SCAN_PAGE_ANON',
  'SCAN_COPY_MC',
];

/** What only an attempt of the proposed rebuild can end with. */
const REBUILD_ATTEMPT_RESULTS: readonly ScanResult[] = [
  'SCAN_ALLOC_LIGHT_MISS',
  'SCAN_PAGE_NOT_EXCLUSIVE',
  'SCAN_PAGE_DIRTY_OR_WRITEBACK',
  'SCAN_LOCK_DROPPED',
  'SCAN_VMA_LOCK',
];

/** The results to choose from, by what the walk does after them. */
export function resultsByAction(withRebuild: boolean): ReadonlyMap<NextMove, readonly ScanResult[]> {
  const results = withRebuild ? [...ATTEMPT_RESULTS, ...REBUILD_ATTEMPT_RESULTS] : ATTEMPT_RESULTS;
  const actions = ['next-offset', 'next-order', 'stop'] as const;
  return new Map(actions.map((action) => [action, results.filter((each) => actionAfter(each) === action)]));
}

/** What a rule is for: one window, or every window of an order. */
export type Scope = 'window' | 'order';

/**
 * Rules with which the attempt on a window, or on all windows of its order, ends in a result; without one, in
 * what the rules for more windows, or else the range, decide.
 */
export function withOutcome(
  rules: readonly OutcomeRule[],
  { offset, order }: Window,
  scope: Scope,
  result: ScanResult | undefined,
): OutcomeRule[] {
  const asked = { offset: scope === 'window' ? offset : undefined, orders: orderSet([order]), result };
  const replaced = (rule: OutcomeRule) =>
    rule.orders === asked.orders &&
    rule.onRetry === undefined &&
    (scope === 'order' || rule.offset === offset);
  const others = rules.filter((rule) => !replaced(rule));
  return asked.result === undefined ? others : [...others, { ...asked, result: asked.result }];
}

/** The rule that decides a window, and whether it is for that window alone. */
export function ruleOf(
  rules: readonly OutcomeRule[],
  offset: number,
  order: Order,
): { readonly rule: OutcomeRule; readonly index: number; readonly scope: Scope } | undefined {
  const index = rules.findLastIndex(
    (rule) =>
      rule.onRetry === undefined &&
      hasOrder(rule.orders, order) &&
      (rule.offset === undefined || rule.offset === offset),
  );
  const rule = rules[index];
  return rule && { rule, index, scope: rule.offset === undefined ? 'order' : 'window' };
}
