import type { JudgedWindow } from '../core/search/algorithm.ts';
import { judgeWindow } from '../core/search/algorithm.ts';
import type { ScanResult } from '../core/rules/scan-result.ts';
import type { Contender } from './contender.ts';
import { type LabCase, outcomeOf, policyOf } from './lab-case.ts';
import type { Fault } from './fault.ts';
import { Trial, windowOf } from './trial.ts';

/** An attempt of a run. */
export interface RunStep extends JudgedWindow {
  readonly reclaim: boolean;
  /** Which call of attempt it was part of, counted from 1. */
  readonly round: number;
  readonly result: ScanResult;
}

/** What one contender does with one case. */
export interface CaseRun {
  readonly name: string;
  readonly steps: readonly RunStep[];
  /** What it returns; undefined if it does not. */
  readonly result: ScanResult | undefined;
  readonly fault: Fault | undefined;
  readonly visits: number;
  readonly stackDepth: number | undefined;
}

/** Runs a contender on a case and keeps every step. */
export function runCase(contender: Contender, labCase: LabCase): CaseRun {
  const trial = new Trial(contender);
  trial.run(labCase, outcomeOf(labCase), true);
  const policy = policyOf(labCase, contender.model);
  const steps = trial.windows.map((code, i) => {
    const { offset, order, reclaim } = windowOf(code);
    const round = trial.rounds.filter((first) => first <= i).length;
    return { ...judgeWindow(labCase.range, policy, offset, order), reclaim, round, result: trial.results[i] };
  });
  const { fault, visits, stackDepth } = trial;
  return {
    name: contender.name,
    steps,
    result: fault ? undefined : trial.result,
    fault,
    visits,
    stackDepth,
  };
}

/** The run of a contender that does not come back. */
export function hangingRun({ name }: Contender): CaseRun {
  const fault = { kind: 'hangs', message: 'does not come back' } as const;
  return { name, steps: [], result: undefined, fault, visits: 0, stackDepth: undefined };
}

/** The position of the first attempt in which runs differ; undefined when all are the same. */
export function firstDifference(a: CaseRun, b: CaseRun): number | undefined {
  for (let i = 0; i < Math.max(a.steps.length, b.steps.length); i++) {
    const [left, right] = [a.steps[i], b.steps[i]];
    if (left?.offset !== right?.offset || left?.order !== right?.order || left?.reclaim !== right?.reclaim)
      return i;
  }
  return undefined;
}
