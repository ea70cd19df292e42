import { type Geometry, rangeBytes } from '../../core/memory/geometry.ts';
import type { RangeState } from '../../core/memory/range-state.ts';
import { applyPlan } from '../../core/plan/apply-plan.ts';
import { planMadvise } from '../../core/plan/madvise-collapse.ts';
import { type CollapsePlan, planRange } from '../../core/plan/plan.ts';
import type { KernelModel } from '../../core/rules/kernel-model.ts';
import { LruBatch } from '../../core/rules/lru-batch.ts';
import { type CollapsePolicy, collapsePolicy } from '../../core/rules/policy.ts';
import { type ScanResult, traceString } from '../../core/rules/scan-result.ts';
import type { CollapseAlgorithm } from '../../core/search/algorithm.ts';
import { ALGORITHMS } from '../../core/search/algorithms.ts';
import {
  hasPageTable,
  isScanned,
  type KhugepagedBatch,
  type MadviseBatch,
  type ProbeBatch,
  type ProbeRange,
  pagesText,
  stateOf,
} from '../probe/probe-batch.ts';
import type { BatchReport } from '../probe/probe-report.ts';
import { probeVmas } from '../probe/probe-vmas.ts';
import { CounterGrowth } from './counter-growth.ts';

/** Whose search the kernel is believed to do, and by which rules. */
export interface BelievedSearch {
  readonly model: KernelModel;
  /** By default that of the model. */
  readonly algorithm?: CollapseAlgorithm;
}

/** What is believed of the kernel. Another search, policy or view of the ranges makes a wrong model. */
export interface Belief extends BelievedSearch {
  readonly see?: (range: ProbeRange, geometry: Geometry) => RangeState;
  readonly policy?: Partial<CollapsePolicy>;
  readonly newLruBatch?: () => LruBatch;
}

/**
 * What the model says that the probe will report of a batch. `scans` is how often khugepaged scans each
 * range: MADV_COLLAPSE looks at a range once or not at all.
 */
export function expectBatch(batch: ProbeBatch, scans: readonly number[], belief: Belief): BatchReport {
  return batch.call === 'madvise' ? expectMadvise(batch, belief) : expectKhugepaged(batch, scans, belief);
}

/** All ranges of a pass share one wake-up, and so one LRU batch. */
function expectKhugepaged(batch: KhugepagedBatch, scans: readonly number[], belief: Belief): BatchReport {
  const { model, algorithm = ALGORITHMS[model.algorithm], see = stateOf, newLruBatch } = belief;
  const policy = { ...collapsePolicy(batch.orders, batch, model, batch.geometry), ...belief.policy };
  const states = batch.ranges.map((range) => see(range, batch.geometry));
  const passes = batch.ranges.map((): string[] => []);
  const growth = new CounterGrowth(batch.geometry);
  for (let pass = 0; pass < Math.max(...scans); pass++) {
    const lruBatch = newLruBatch?.() ?? new LruBatch();
    for (const [index, range] of batch.ranges.entries()) {
      if (pass >= scans[index] || !isScanned(range)) continue;
      if (!hasPageTable(range)) {
        passes[index].push(scanText([], 'SCAN_NO_PTE_TABLE'));
        continue;
      }
      const plan = planRange(states[index], policy, { algorithm, lruBatch });
      growth.addPlan(plan);
      if (plan.result === 'SCAN_SUCCEED') growth.pagesCollapsed++;
      passes[index].push(scanText(plan.attempts, plan.result));
      states[index] = applyPlan(states[index], plan);
    }
  }
  return { pages: states.map(pagesText), passes, counters: growth.toString(), errnos: '' };
}

function expectMadvise(batch: MadviseBatch, { model, algorithm, see = stateOf }: Belief): BatchReport {
  const bytes = rangeBytes(batch.geometry);
  const states = batch.ranges.map((range) => see(range, batch.geometry));
  const passes = batch.ranges.map((): string[] => []);
  const growth = new CounterGrowth(batch.geometry);
  const vmas = probeVmas(batch.ranges, batch.geometry);
  const errnos: string[] = [];
  for (let first = 0; first < states.length; first += batch.span) {
    const end = Math.min(first + batch.span, states.length);
    const call = planMadvise({
      start: first * bytes,
      length: (end - first) * bytes,
      vmas,
      rangeAt: (address) =>
        hasPageTable(batch.ranges[address / bytes]) ? states[address / bytes] : 'no-pte-table',
      model,
      algorithm,
      geometry: batch.geometry,
    });
    errnos.push(call.errno ?? '0');
    for (const { address, result, plan } of call.ranges) {
      const index = address / bytes;
      passes[index].push(scanText(plan?.attempts ?? [], result));
      if (!plan) continue;
      growth.addPlan(plan);
      states[index] = applyPlan(states[index], plan);
    }
  }
  return { pages: states.map(pagesText), passes, counters: growth.toString(), errnos: errnos.join(',') };
}

/** "9 page_locked,8 succeeded,= succeeded": the attempts in order, then the result of the scan. */
function scanText(attempts: CollapsePlan['attempts'], result: ScanResult): string {
  return `${attempts.map((attempt) => `${attempt.order} ${traceString(attempt.result)},`).join('')}= ${traceString(result)}`;
}
