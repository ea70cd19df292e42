import { breachesOf } from '../../conform/advice/advice-check.ts';
import type { AdviceCase } from '../../conform/advice/advice-suite.ts';
import type { DiffCase } from '../../conform/diff/diff-suite.ts';
import { type LiveCase, outcomeOf, predictedPages } from '../../conform/live/live-case.ts';
import type { RestartCase } from '../../conform/restart/restart-suite.ts';
import type { SharedCase } from '../../conform/shared-programs/suite.ts';

const SCHEMA = 'thpscope/conform@1';

/** What each kernel answered. */
type Answers<T> = readonly { readonly kernel: string; readonly answer: readonly T[] }[];

/** The suite live as JSON: a case for each kernel, policy and state. */
export function liveJson(asked: Answers<LiveCase>): string {
  const live = asked.flatMap(({ kernel, answer }) =>
    answer.map((each) => {
      const outcome = outcomeOf(each);
      const { state, policy, before, real, assumed, skipped } = each;
      return {
        kernel,
        state,
        policy,
        outcome: outcome.kind,
        ...(outcome.kind === 'assumed' ? { because: outcome.fact } : {}),
        ...(skipped === undefined ? {} : { skipped }),
        assumed,
        before,
        predicted: predictedPages(each),
        real,
      };
    }),
  );
  return `${JSON.stringify({ schema: SCHEMA, live })}\n`;
}

/** The suite restart as JSON. */
export function restartSuiteJson(asked: Answers<RestartCase>): string {
  const restart = asked.flatMap(({ kernel, answer }) => answer.map((each) => ({ kernel, ...each })));
  return `${JSON.stringify({ schema: SCHEMA, restart })}\n`;
}

/** The suite advice as JSON. */
export function adviceSuiteJson(asked: Answers<AdviceCase>): string {
  const advice = asked.flatMap(({ kernel, answer }) =>
    answer.map((each) => ({
      kernel,
      ...each,
      budgetPages: each.budgetPages ?? null,
      breaches: breachesOf(each),
    })),
  );
  return `${JSON.stringify({ schema: SCHEMA, advice })}\n`;
}

/** The suite diff as JSON. */
export function diffSuiteJson(asked: Answers<DiffCase>): string {
  const diff = asked.flatMap(({ kernel, answer }) => answer.map((each) => ({ kernel, ...each })));
  return `${JSON.stringify({ schema: SCHEMA, diff })}\n`;
}

/** The suite shared-programs as JSON. */
export function sharedProgramsJson(asked: Answers<SharedCase>): string {
  const sharedPrograms = asked.flatMap(({ kernel, answer }) =>
    answer.map(({ files, touched, ...each }) => ({
      kernel,
      ...each,
      touched: touched ?? null,
      files: files.map(({ predicted, scanned, ...file }) => ({
        ...file,
        predicted: predicted ?? null,
        scanned: scanned ?? null,
      })),
    })),
  );
  return `${JSON.stringify({ schema: SCHEMA, sharedPrograms })}\n`;
}
