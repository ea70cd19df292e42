import type { Explanation } from '../../analysis/prediction/explanation.ts';
import type { WhyUnmet } from '../../analysis/prediction/unmet-outcomes.ts';
import { formatOrders } from '../../core/memory/order.ts';
import { formatOutcome } from '../../core/rules/outcome.ts';
import type { ScanResult } from '../../core/rules/scan-result.ts';

/** That attempts of a search cannot end so. */
export function rebuildOnly(names: readonly string[], results: readonly ScanResult[]): string {
  return `no attempt of ${names.join(' or ')} ends in ${results.join(' or ')}, which only the rebuild has (rounds)`;
}

/** A sentence on each outcome that was asked for and that the search does not meet. */
export function unmetSentences({ unmet, algorithm, policy }: Explanation): string[] {
  const reasons: Record<Exclude<WhyUnmet, 'rebuild-only'>, string> = {
    'scan-fails': 'the scan of the range fails, so that nothing is attempted',
    'not-enabled': `orders ${formatOrders(policy.orders)} are enabled`,
    'not-attempted': 'no such window is attempted',
    'no-retry': `${algorithm} tries no such window again with reclaim`,
    overruled: 'a later one decides all of these attempts',
  };
  return unmet.map(({ rule, why }) => {
    const name = `--outcome ${formatOutcome(rule)}`;
    return why === 'rebuild-only'
      ? `${name}: ${rebuildOnly([algorithm], [rule.result])}`
      : `${name} decides nothing: ${reasons[why]}`;
  });
}
