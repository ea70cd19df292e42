import { attemptEach, type CollapseAlgorithm, type Observe } from '../search/algorithm.ts';
import { ALGORITHMS } from '../search/algorithms.ts';
import { type AttemptRecord, CandidateRange } from '../rules/candidate.ts';
import { LruBatch } from '../rules/lru-batch.ts';
import { decidedOutcome, type OutcomeRule } from '../rules/outcome.ts';
import type { CollapsePolicy } from '../rules/policy.ts';
import type { RangeState } from '../memory/range-state.ts';
import { type ScanReport, scanRange } from '../rules/scan.ts';
import type { ScanResult } from '../rules/scan-result.ts';

/** What khugepaged does to one range in one pass, or MADV_COLLAPSE in one call. */
export interface CollapsePlan {
  readonly scan: ScanReport;
  /** The result of the range: that of the scan if it failed, else that of the search. */
  readonly result: ScanResult;
  readonly attempts: readonly AttemptRecord[];
  /** Pages that attempts swapped in. */
  readonly swappedInPages: number;
}

export interface PlanOptions {
  /** The search; by default that of the policy's kernel model. */
  readonly algorithm?: CollapseAlgorithm;
  /** Results decided in advance; windows that none matches are judged by the state of the range. */
  readonly outcomes?: readonly OutcomeRule[];
  readonly observe?: Observe;
  /** The LRU batch that earlier ranges of the same wake-up left; by default an empty one. */
  readonly lruBatch?: LruBatch;
}

/**
 * Plans what the policy's caller does to one range: scan, search, attempts.
 * Source: collapse_scan_pmd and what it calls, docs/khugepaged.md#the-scan.
 */
export function planRange(
  range: RangeState,
  policy: CollapsePolicy,
  options: PlanOptions = {},
): CollapsePlan {
  const scan = scanRange(range, policy);
  if (scan.result !== 'SCAN_SUCCEED') return { scan, result: scan.result, attempts: [], swappedInPages: 0 };

  const {
    algorithm = ALGORITHMS[policy.model.algorithm],
    outcomes = [],
    lruBatch = new LruBatch(),
  } = options;
  const candidates = new CandidateRange(range, policy, lruBatch);
  const attempts: AttemptRecord[] = [];
  const result = algorithm.collapse(
    {
      geometry: range.geometry,
      occupied: scan.occupied,
      unmapped: scan.unmapped,
      uffdArmed: range.uffdArmed,
    },
    policy,
    attemptEach((offset, order) => {
      const attempt = candidates.attempt(offset, order, decidedOutcome(outcomes, offset, order));
      attempts.push(attempt);
      return attempt.result;
    }),
    options.observe,
  );
  return { scan, result, attempts, swappedInPages: candidates.swappedIn };
}

/** The windows that a plan collapses, in order. */
export function collapsesOf(plan: CollapsePlan): AttemptRecord[] {
  return plan.attempts.filter((attempt) => attempt.result === 'SCAN_SUCCEED');
}
