import type { ScanResult } from '../../core/rules/scan-result.ts';
import type { JudgedWindow } from '../../core/search/algorithm.ts';
import { judgeWindow } from '../../core/search/algorithm.ts';
import type { Fault } from '../algorithm-fault.ts';
import { AlgorithmRun, type RunRecord, windowOf } from '../algorithm-run.ts';
import type { CheckedAlgorithm } from '../checked-algorithm.ts';
import { outcomeOfCase, policyOf, type SearchCase } from './search-case.ts';

/** An attempt of a run. */
export interface RunStep extends JudgedWindow {
  readonly reclaim: boolean;
  /** Which call of attempt it was part of, counted from 1. */
  readonly round: number;
  readonly result: ScanResult;
}

/** What one algorithm does with one case. */
export interface CaseRun {
  readonly name: string;
  readonly steps: readonly RunStep[];
  /** What it returns; undefined if it does not. */
  readonly result: ScanResult | undefined;
  readonly fault: Fault | undefined;
  readonly visits: number;
  readonly stackDepth: number | undefined;
}

/** Runs an algorithm on a case and keeps every step. */
export function runCase(algorithm: CheckedAlgorithm, searchCase: SearchCase): CaseRun {
  const run = new AlgorithmRun(algorithm);
  run.run(searchCase, outcomeOfCase(searchCase), true);
  return caseRunOf(algorithm, run, searchCase);
}

/** A run of an algorithm on a case, with every step. */
export function caseRunOf(algorithm: CheckedAlgorithm, run: RunRecord, searchCase: SearchCase): CaseRun {
  const policy = policyOf(searchCase, algorithm.model);
  const steps = run.windows.map((code, i) => {
    const { offset, order, reclaim } = windowOf(code);
    const round = run.rounds.filter((first) => first <= i).length;
    return {
      ...judgeWindow(searchCase.range, policy, offset, order),
      reclaim,
      round,
      result: run.results[i],
    };
  });
  const { fault, visits, stackDepth } = run;
  return {
    name: algorithm.name,
    steps,
    result: fault ? undefined : run.result,
    fault,
    visits,
    stackDepth,
  };
}

/** The run of an algorithm that does not come back. */
export function hangingRun({ name }: CheckedAlgorithm): CaseRun {
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

/**
 * Whether an attempt of a case with userfaultfd succeeded on a window with holes, which isolation lets none.
 * Source: __collapse_huge_page_isolate, docs/khugepaged.md#none-rules.
 */
export function assumesHoles(runs: readonly CaseRun[]): boolean {
  return runs.some(({ steps }) =>
    steps.some(({ order, occupied, result }) => result === 'SCAN_SUCCEED' && occupied < 1 << order),
  );
}
