import type { RangeState } from '../../core/memory/range-state.ts';
import { costOf, type PlanCost } from '../../core/plan/cost.ts';
import { type CollapsePlan, planRange } from '../../core/plan/plan.ts';
import type { KernelModel } from '../../core/rules/kernel-model.ts';
import type { OutcomeRule } from '../../core/rules/outcome.ts';
import { type CollapsePolicy, collapsePolicy } from '../../core/rules/policy.ts';
import type { ShmemSettings } from '../../core/rules/shmem-settings.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';
import { coversRange, type Eligibility, type Vma } from '../../core/rules/vma.ts';
import type { CollapseAlgorithm } from '../../core/search/algorithm.ts';

/**
 * How all ranges of a run are decided: settings, model, algorithm, and attempts whose results are decided in
 * advance. With the orders of a VMA it comes to the `CollapsePolicy` of its ranges.
 */
export interface RunPolicy {
  readonly settings: ThpSettings;
  /** Undefined where nothing says: the page cache is then judged by the kernel's default. */
  readonly shmem?: ShmemSettings | undefined;
  readonly model: KernelModel;
  readonly algorithm: CollapseAlgorithm;
  readonly outcomes: readonly OutcomeRule[];
}

/** What ranges of one VMA, or of memory with VM_HUGEPAGE, are decided by, and how they are searched. */
export type SearchedPolicy = CollapsePolicy & Pick<RunPolicy, 'algorithm'>;

/** What becomes of one range of a process: a plan, or a VMA that keeps khugepaged from even looking. */
export interface Verdict {
  readonly range: RangeState;
  readonly policy: CollapsePolicy;
  /** `vma-edge`: the VMA does not cover the whole range. */
  readonly ignored: Eligibility['ineligible'] | 'vma-edge';
  /** Undefined for an ignored range: khugepaged does not look at it. */
  readonly plan: CollapsePlan | undefined;
  readonly cost: PlanCost;
}

/** Predicts one range of a VMA whose orders are known. */
export function judgeRange(
  range: RangeState,
  vma: Vma,
  eligibility: Eligibility,
  runPolicy: RunPolicy,
): Verdict {
  const { settings, model, algorithm, outcomes } = runPolicy;
  const policy = collapsePolicy(eligibility.orders, settings, model, range.geometry);
  const ignored =
    eligibility.ineligible ?? (coversRange(vma, range.address, range.geometry) ? undefined : 'vma-edge');
  const plan = ignored ? undefined : planRange(range, policy, { algorithm, outcomes });
  return { range, policy, ignored, plan, cost: costOf(range, plan) };
}
