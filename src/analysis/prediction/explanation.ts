import { countPages } from '../../core/memory/occupancy.ts';
import type { RangeState } from '../../core/memory/range-state.ts';
import { applyPlan } from '../../core/plan/apply-plan.ts';
import { collapsesOf } from '../../core/plan/collapses.ts';
import { costOf, type PlanCost } from '../../core/plan/cost.ts';
import { passesOver } from '../../core/plan/passes.ts';
import { type CollapsePlan, planRange } from '../../core/plan/plan.ts';
import type { Process } from '../../core/rules/memory-source.ts';
import type { OutcomeRule } from '../../core/rules/outcome.ts';
import type { CollapsePolicy } from '../../core/rules/policy.ts';
import { enabledOrders } from '../../core/rules/thp-settings.ts';
import { whyNoSize } from '../../core/rules/vma.ts';
import type { Visit } from '../../core/search/algorithm.ts';
import {
  type CollapseSurroundings,
  collapseAssumptions,
  type ProcessAssumption,
} from '../ranges/assumptions.ts';
import { GroupLimits, type GroupOutcome } from '../ranges/group-limits.ts';
import type { RunPolicy, Verdict } from '../ranges/verdict.ts';
import { type UnmetOutcome, unmetOutcomes } from './unmet-outcomes.ts';

/** One range explained: what collapses, every visit that led to it, and what it comes to. */
export interface Explanation {
  readonly range: RangeState;
  readonly policy: CollapsePolicy;
  readonly algorithm: string;
  readonly plan: CollapsePlan;
  readonly visits: readonly Visit[];
  readonly cost: PlanCost;
  /** The range afterwards; undefined where nothing collapses. */
  readonly after: RangeState | undefined;
  /** Pages resident after each further pass that collapses something, though nobody touches it: it creeps. */
  readonly creep: readonly number[];
  /** What is taken for granted about its process; nothing of a made-up range. */
  readonly assumed: readonly ProcessAssumption[];
  /** Of the outcomes that were asked for, those that the search does not meet. */
  readonly unmet: readonly UnmetOutcome[];
  /** What the limits of control groups let happen of it. */
  readonly limits: readonly GroupOutcome[];
}

/** The process of a range, and what decides about it besides. */
export interface RangeSurroundings {
  readonly process: Process;
  readonly surroundings: CollapseSurroundings;
  /** Whether khugepaged may not have it on its list. */
  readonly assumesRegistration: boolean;
  /** Resident memory of the VMA, where prctl "except advised" might forbid it, unseen. */
  readonly uncheckedBytes: number;
}

/** A range that khugepaged does not look at, and why. */
export interface IgnoredRange {
  readonly range: RangeState;
  readonly policy: CollapsePolicy;
  readonly algorithm: string;
  readonly ignored: NonNullable<Verdict['ignored']>;
  /** The first range of the VMA that it does look at. */
  readonly firstWhole: number | undefined;
}

/** A made-up range of memory with VM_HUGEPAGE; undefined where khugepaged makes an enabled size in it. */
export function ignoredBySizes(
  range: RangeState,
  policy: CollapsePolicy,
  { settings, model, algorithm }: Pick<RunPolicy, 'settings' | 'model' | 'algorithm'>,
): IgnoredRange | undefined {
  const ignored = whyNoSize(enabledOrders(settings, true, range.geometry), model, range.geometry);
  return ignored && { range, policy, algorithm: algorithm.name, ignored, firstWhole: undefined };
}

/** Plans a range and keeps every step. */
export function explainRange(
  range: RangeState,
  policy: CollapsePolicy,
  { algorithm, outcomes }: Pick<RunPolicy, 'algorithm' | 'outcomes'>,
  around?: RangeSurroundings,
): Explanation {
  const limits = new GroupLimits();
  const unlimited = planRange(range, policy, { algorithm, outcomes });
  const failing = around && limits.charge(around.process, { range, plan: unlimited });
  const visits: Visit[] = [];
  const met = new Set<OutcomeRule>();
  const plan = planRange(range, policy, {
    algorithm,
    outcomes: failing ? [...outcomes, failing] : outcomes,
    observe: (visit) => visits.push(visit),
    decided: (rule) => met.add(rule),
  });
  const cost = costOf(range, plan);
  const after = rangeAfter(range, plan);
  // Of a group without room nobody knows what it has in the next pass.
  const passes = after && !failing ? [...passesOver(range, policy, { algorithm, outcomes })] : [];
  return {
    range,
    policy,
    algorithm: algorithm.name,
    plan,
    visits,
    cost,
    after,
    creep: passes.slice(1).map(({ facts }) => countPages(facts.present)),
    assumed:
      around && plan.attempts.length > 0
        ? collapseAssumptions(
            around.process,
            around.uncheckedBytes,
            around.assumesRegistration,
            around.surroundings,
          )
        : [],
    unmet: unmetOutcomes(outcomes, met, plan, policy, algorithm.name),
    limits: limits.outcomes(),
  };
}

/** A range after its plan; undefined where nothing collapses. */
export function rangeAfter(range: RangeState, plan: CollapsePlan | undefined): RangeState | undefined {
  return plan && collapsesOf(plan).length > 0 ? applyPlan(range, plan) : undefined;
}
