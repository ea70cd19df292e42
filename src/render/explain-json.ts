import { resultName } from '../core/kernel-model.ts';
import { formatPages } from '../core/page-list.ts';
import { unknownFacts } from '../core/range-state.ts';
import type { Explanation } from './explain-text.ts';
import { hex, planJson, policyJson } from './predict-json.ts';

export const EXPLAIN_SCHEMA = 'thpscope/explain@1';

/** An explanation as JSON: the counts of the scan, every visit, the plan. */
export function explainJson({ range, policy, algorithm, plan, visits }: Explanation): object {
  const { scan } = plan;
  return {
    schema: EXPLAIN_SCHEMA,
    model: policy.model.name,
    algorithm,
    policy: policyJson(policy),
    address: hex(range.address),
    pmdOrder: range.geometry.pmdOrder,
    counts: {
      occupied: formatPages(scan.occupied),
      noneOrZero: scan.noneOrZero,
      unmapped: scan.unmapped,
      shared: scan.shared,
      referenced: scan.referenced,
      looked: scan.looked,
      ...(scan.failedAt === undefined ? {} : { failedAt: scan.failedAt }),
    },
    visits: visits.map(({ offset, order, enabled, occupied, needed, result, stack }) => ({
      offset,
      order,
      enabled,
      ...(enabled ? { occupied, needed } : {}),
      ...(result ? { result: resultName(result, policy.model) } : {}),
      ...(stack ? { stack } : {}),
    })),
    ...planJson(plan, policy),
    assumed: unknownFacts(range),
  };
}
