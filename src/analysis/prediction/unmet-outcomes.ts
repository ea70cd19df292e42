import { hasOrder, intersectOrders } from '../../core/memory/order.ts';
import type { CollapsePlan } from '../../core/plan/plan.ts';
import type { OutcomeRule } from '../../core/rules/outcome.ts';
import type { CollapsePolicy } from '../../core/rules/policy.ts';
import { REBUILD_RESULTS } from '../../core/rules/scan-result.ts';
import { ALGORITHM_NAMES } from '../../core/search/algorithm-names.ts';

/** An outcome that was asked for and decides no attempt, or one that no attempt of the search ends in. */
export interface UnmetOutcome {
  readonly rule: OutcomeRule;
  readonly why: WhyUnmet;
}

export type WhyUnmet =
  | 'scan-fails'
  | 'not-enabled'
  | 'not-attempted'
  /** Attempted, but not again with reclaim. */
  | 'no-retry'
  /** A later rule decides all of its attempts. */
  | 'overruled'
  /** It decides, but only the rebuild has such a result, and the search is another. */
  | 'rebuild-only';

/** The outcomes that a search does not meet which made this plan; `met` are those that decided attempts. */
export function unmetOutcomes(
  outcomes: readonly OutcomeRule[],
  met: ReadonlySet<OutcomeRule>,
  plan: CollapsePlan,
  policy: CollapsePolicy,
  algorithm: string,
): UnmetOutcome[] {
  const isWalk = ALGORITHM_NAMES.some((name) => name === algorithm && name !== 'rounds');
  return outcomes.flatMap((rule) => {
    if (!met.has(rule)) return { rule, why: whyUnmet(rule, plan, policy) };
    const isRebuilt = REBUILD_RESULTS.some((each) => each === rule.result);
    return isWalk && isRebuilt ? { rule, why: 'rebuild-only' as const } : [];
  });
}

function whyUnmet(rule: OutcomeRule, { scan, attempts }: CollapsePlan, { orders }: CollapsePolicy): WhyUnmet {
  if (scan.result !== 'SCAN_SUCCEED') return 'scan-fails';
  if (intersectOrders(rule.orders, orders) === 0) return 'not-enabled';
  const isTried = attempts.some(
    ({ offset, order }) => hasOrder(rule.orders, order) && (rule.offset ?? offset) === offset,
  );
  if (!isTried) return 'not-attempted';
  return rule.onRetry ? 'no-retry' : 'overruled';
}
