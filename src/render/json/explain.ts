import type { Explanation, IgnoredRange } from '../../analysis/prediction/explanation.ts';
import { formatPages } from '../../core/memory/page-list.ts';
import { type RangeState, unknownFacts } from '../../core/memory/range-state.ts';
import { resultName } from '../../core/rules/kernel-model.ts';
import type { CollapsePolicy } from '../../core/rules/policy.ts';
import { hex, limitsJson, planJson, policyJson } from './predict.ts';

const EXPLAIN_SCHEMA = 'thpscope/explain@1';

/** The same for a range that khugepaged does not look at: nothing but the reason. */
export function ignoredRangeJson({ range, policy, algorithm, ignored }: IgnoredRange): object {
  return {
    ...explainHead(range, policy, algorithm),
    ignored,
    visits: [],
    attempts: [],
    collapses: [],
    assumed: [],
  };
}

/** What every explanation begins with. */
export function explainHead(
  { address, geometry: { pmdOrder } }: Pick<RangeState, 'address' | 'geometry'>,
  policy: CollapsePolicy,
  algorithm: string,
): object {
  return {
    schema: EXPLAIN_SCHEMA,
    model: policy.model.name,
    algorithm,
    policy: policyJson(policy),
    address: hex(address),
    pmdOrder,
  };
}

/** An explanation as JSON: the counts of the scan, every visit, what collapses. */
export function explainJson({
  range,
  policy,
  algorithm,
  plan,
  visits,
  creep,
  assumed,
  limits,
}: Explanation): object {
  const { scan } = plan;
  return {
    ...explainHead(range, policy, algorithm),
    counts: {
      occupied: formatPages(scan.occupied),
      noneOrZero: scan.noneOrZero,
      unmapped: scan.unmapped,
      shared: scan.shared,
      referenced: scan.referenced,
      looked: scan.looked,
      ...(scan.failedAt === undefined ? {} : { failedAt: scan.failedAt }),
    },
    ...(scan.pmdRefusal ? { pmdRefusal: resultName(scan.pmdRefusal, policy.model) } : {}),
    visits: visits.map(({ offset, order, enabled, occupied, needed, result, stack, reclaim }) => ({
      offset,
      order,
      enabled,
      ...(enabled ? { occupied, needed } : {}),
      ...(result ? { result: resultName(result, policy.model) } : {}),
      ...(stack ? { stack } : {}),
      ...(reclaim ? { reclaim } : {}),
    })),
    ...planJson(plan, policy),
    ...(creep.length > 0 ? { creep } : {}),
    assumed: [...assumed, ...unknownFacts(range)],
    ...(limits.length > 0 ? { limits: limitsJson(limits) } : {}),
  };
}
