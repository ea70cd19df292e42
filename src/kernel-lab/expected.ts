import type { CollapseAlgorithm } from '../core/algorithm.ts';
import { ALGORITHMS } from '../core/algorithms.ts';
import { applyPlan } from '../core/apply-plan.ts';
import type { KernelModel } from '../core/kernel-model.ts';
import { LruBatch } from '../core/lru-batch.ts';
import { type CollapsePlan, planRange } from '../core/plan.ts';
import { traceString } from '../core/scan-result.ts';
import { collapsePolicy } from '../core/policy.ts';
import { isEmpty } from '../core/occupancy.ts';
import type { RangeState } from '../core/range-state.ts';
import { LAB_GEOMETRY, type LabBatch, type LabRange, pagesText, SCANS, stateOf } from './lab-batch.ts';

/** What the model says that the guest will report of a batch. */
export interface ExpectedBatch {
  /** One text a range: see `pagesText`. */
  readonly pages: readonly string[];
  /** The attempts and the result of each range in the first pass, as the probe writes them. */
  readonly attempts: readonly string[];
  /** Ranges with a success, added up over all passes: the growth of pages_collapsed. */
  readonly pagesCollapsed: number;
}

/**
 * Carries a batch through as many passes as the guest makes. All ranges of a pass share one wake-up, and so one LRU
 * batch. A range without any page has no page table and is not scanned; some range of the batch must have one. Another algorithm, or another view of the ranges,
 * makes a wrong model: the mutation check lives on that.
 */
export function expectBatch(
  batch: LabBatch,
  model: KernelModel,
  algorithm: CollapseAlgorithm = ALGORITHMS[model.algorithm],
  see: (range: LabRange) => RangeState = stateOf,
): ExpectedBatch {
  const policy = collapsePolicy(batch.orders, batch, model, LAB_GEOMETRY);
  const states = batch.ranges.map(see);
  const attempts = states.map(() => '= no_pte_table');
  let pagesCollapsed = 0;
  for (let pass = 0; pass < SCANS && policy.orders !== 0; pass++) {
    const lruBatch = new LruBatch();
    for (const [index, state] of states.entries()) {
      if (isEmpty(state.present)) continue;
      const plan = planRange(state, policy, { algorithm, lruBatch });
      if (plan.result === 'SCAN_SUCCEED') pagesCollapsed++;
      if (pass === 0) attempts[index] = attemptsText(plan);
      states[index] = applyPlan(state, plan);
    }
  }
  return { pages: states.map(pagesText), attempts, pagesCollapsed };
}

/** "9 page_locked,8 succeeded,= succeeded": the attempts in order, then the result of the range. */
function attemptsText({ attempts, result }: CollapsePlan): string {
  return `${attempts.map((attempt) => `${attempt.order} ${traceString(attempt.result)},`).join('')}= ${traceString(result)}`;
}
