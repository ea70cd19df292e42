import type { Geometry } from '../memory/geometry.ts';
import { countPages, countWindow } from '../memory/occupancy.ts';
import { asOrder, MIN_ANON_ORDER, withoutOrder } from '../memory/order.ts';
import { hasLargeFolio, type RangeState } from '../memory/range-state.ts';
import { type AttemptRecord, CandidateRange } from '../rules/candidate.ts';
import { firstHeld } from '../rules/isolation.ts';
import { LruBatch } from '../rules/lru-batch.ts';
import { decidingRule, type OutcomeRule } from '../rules/outcome.ts';
import type { CollapsePolicy } from '../rules/policy.ts';
import { type ScanReport, scanRange } from '../rules/scan.ts';
import type { ScanResult } from '../rules/scan-result.ts';
import { attemptEach, type CollapseAlgorithm, type Observe } from '../search/algorithm.ts';
import { ALGORITHMS } from '../search/algorithms.ts';
import { stack } from '../search/stack.ts';
import { walk } from '../search/walk.ts';
import { type PackedWindow, planWindows, unpackWindow } from './plan-windows.ts';

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
  /** Hears of each rule of `outcomes` that decides an attempt. */
  readonly decided?: (rule: OutcomeRule) => void;
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
  const {
    algorithm = ALGORITHMS[policy.model.algorithm],
    outcomes = [],
    lruBatch = new LruBatch(),
  } = options;
  const scan = algorithm.scan ? algorithm.scan(range, policy) : scanRange(range, policy);
  if (scan.result !== 'SCAN_SUCCEED') return { scan, result: scan.result, attempts: [], swappedInPages: 0 };

  const isKnown = ATTEMPT_ALIKE.includes(algorithm) && outcomes.length === 0 && !options.observe;
  if (isKnown && isOrdinary(range, scan, policy)) return planOrdinary(range, scan, policy, lruBatch);
  const candidates = new CandidateRange(range, policy, lruBatch);
  const attempts: AttemptRecord[] = [];
  const result = algorithm.collapse(
    {
      geometry: range.geometry,
      occupied: scan.occupied,
      unmapped: scan.unmapped,
      uffdArmed: range.uffdArmed,
      pmdRefusal: scan.pmdRefusal,
    },
    searchedPolicy(scan, policy, range.geometry),
    attemptEach((offset, order, reclaim) => {
      const rule = decidingRule(outcomes, offset, order, reclaim);
      if (rule) options.decided?.(rule);
      const attempt = candidates.attempt(offset, order, rule?.result);
      attempts.push(attempt);
      return attempt.result;
    }),
    options.observe,
  );
  return { scan, result, attempts, swappedInPages: candidates.swappedIn };
}

/**
 * Searches whose attempts and result are those of the walk whatever the attempts come to: `thpscope verify
 * walk stack` proves it.
 */
const ATTEMPT_ALIKE: readonly CollapseAlgorithm[] = [walk, stack];

/** The policy that a search goes by: without the PMD order where its scan refuses that one alone. */
function searchedPolicy(
  { pmdRefusal }: ScanReport,
  policy: CollapsePolicy,
  { pmdOrder }: Geometry,
): CollapsePolicy {
  if (pmdRefusal === undefined) return policy;
  return { ...policy, orders: withoutOrder(policy.orders, asOrder(pmdOrder)) };
}

/**
 * Whether attempts fail for no other reason than that a folio is large enough already: private pages that
 * were used recently, and none swapped out.
 */
function isOrdinary(range: RangeState, scan: ScanReport, { caller, model }: CollapsePolicy): boolean {
  if (caller !== 'khugepaged' || model.noneRule !== 'ends' || range.uffdArmed) return false;
  // Its windows are found by the enabled orders alone: a search that ends above one of them is walked.
  if (model.minOrder > MIN_ANON_ORDER) return false;
  return scan.unmapped === 0 && scan.shared === 0 && scan.referenced === countPages(scan.occupied);
}

/**
 * What the walk, or a search like it, and its attempts come to in an ordinary range, in less time
 * (docs/performance.md#policies-in-bulk).
 */
function planOrdinary(
  { geometry, folioOrders }: RangeState,
  scan: ScanReport,
  { orders, maxPtesNone }: CollapsePolicy,
  lruBatch: LruBatch,
): CollapsePlan {
  const { occupied } = scan;
  const windows: PackedWindow[] = [];
  planWindows(occupied, orders, maxPtesNone, geometry, windows);
  const large = folioOrders && hasLargeFolio(folioOrders) ? folioOrders : undefined;
  lruBatch.startRange();
  let result: ScanResult = 'SCAN_FAIL';
  const attempts = windows.map((packed): AttemptRecord => {
    const window = unpackWindow(packed);
    const { offset, order } = window;
    const pages = countWindow(occupied, offset, order);
    const held = large && firstHeld(occupied, large, window, geometry);
    if (large && held !== undefined) {
      lruBatch.putBack(occupied, large, offset, held);
      return { offset, order, result: 'SCAN_PTE_MAPPED_HUGEPAGE', pages };
    }
    lruBatch.drain();
    result = 'SCAN_SUCCEED';
    return { offset, order, result: 'SCAN_SUCCEED', pages };
  });
  return { scan, result, attempts, swappedInPages: 0 };
}
