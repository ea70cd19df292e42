import { pagesPerRange } from '../../../src/core/memory/geometry.ts';
import { type CollapsePlan, planRange } from '../../../src/core/plan/plan.ts';
import { KERNEL_MODELS, type KernelModel } from '../../../src/core/rules/kernel-model.ts';
import { type CollapsePolicy, collapsePolicy } from '../../../src/core/rules/policy.ts';
import { type ScanReport, scanRange } from '../../../src/core/rules/scan.ts';
import type { ScanResult } from '../../../src/core/rules/scan-result.ts';
import {
  type CollapseAlgorithm,
  type JudgedWindow,
  judgeWindow,
  type Visit,
  visitOf,
} from '../../../src/core/search/algorithm.ts';
import { FaultError } from '../../../src/verify/algorithm-fault.ts';
import type { StepsState } from '../steps-state.ts';

/** What a search does with a range: plain data, which a worker can send. */
export interface RunSteps {
  readonly policy: CollapsePolicy;
  readonly scan: ScanReport;
  /** Undefined if the search did what no search may do: see `fault`. */
  readonly plan: CollapsePlan | undefined;
  readonly fault: string | undefined;
  readonly steps: readonly Visit[];
  /** The steps that were attempts, by their positions in `steps`. */
  readonly attempts: readonly number[];
  /** Whether the search reports every window that it looks at; else its steps are its attempts. */
  readonly reportsVisits: boolean;
}

/** The policy of a state, for a search with these rules of its own, if it has any. */
function policyOfState(state: StepsState, model: KernelModel | undefined): CollapsePolicy {
  const { range, orders, limits } = state;
  return collapsePolicy(orders, limits, model ?? KERNEL_MODELS[state.model], range.geometry);
}

/** Searches the range of a state, step by step. */
export function searchSteps(
  state: StepsState,
  { algorithm, model }: { readonly algorithm: CollapseAlgorithm; readonly model: KernelModel | undefined },
): RunSteps {
  const { range, outcomes } = state;
  const policy = policyOfState(state, model);
  const steps: Visit[] = [];
  const recorder = new Recorder(algorithm, steps);
  let plan: CollapsePlan | undefined;
  let fault: string | undefined;
  try {
    plan = planRange(range, policy, { algorithm: recorder.algorithm, outcomes });
  } catch (error) {
    if (!(error instanceof FaultError)) throw error;
    fault = error.message;
  }
  const scan = plan?.scan ?? scanRange(range, policy);
  return {
    policy,
    scan,
    plan,
    fault,
    steps,
    attempts: steps.flatMap(({ result }, index) => (result === undefined ? [] : [index])),
    reportsVisits: recorder.reportsVisits || scan.result !== 'SCAN_SUCCEED',
  };
}

/** Steps that are not known, and why. */
export function noSteps(state: StepsState, why: string): RunSteps {
  const policy = policyOfState(state, undefined);
  const scan = scanRange(state.range, policy);
  return { policy, scan, plan: undefined, fault: why, steps: [], attempts: [], reportsVisits: false };
}

/** Writes down the steps of an algorithm: its visits, or, of one that reports none, its attempts. */
class Recorder {
  reportsVisits = false;
  readonly algorithm: CollapseAlgorithm;

  constructor({ name, scan, collapse }: CollapseAlgorithm, steps: Visit[]) {
    this.algorithm = {
      name,
      ...(scan && { scan }),
      collapse: (range, policy, attempt) => {
        const attempts: { readonly window: JudgedWindow; readonly result: ScanResult }[] = [];
        // Every window twice, lightly and with reclaim, and room for what is a mistake but no endless loop.
        const most = 4 * pagesPerRange(range.geometry);
        try {
          return collapse(
            range,
            policy,
            (batch) => {
              if (attempts.length >= most) throw new FaultError(`${name} makes more than ${most} attempts`);
              const results = attempt(batch);
              batch.forEach(({ offset, order }, i) =>
                attempts.push({ window: judgeWindow(range, policy, offset, order), result: results[i] }),
              );
              return results;
            },
            (visit) => steps.push(visit),
          );
        } finally {
          this.reportsVisits = steps.length > 0;
          if (!this.reportsVisits) {
            attempts.forEach(({ window, result }, i) =>
              steps.push(visitOf(window, result, attempts[i + 1]?.window)),
            );
          }
        }
      },
    };
  }
}
