import { Worker } from 'node:worker_threads';
import type { Comparison } from '../../analysis/comparison.ts';
import { type Failure, fail, failWith, type Result, succeed } from '../../core/base/failure.ts';
import type { Gap } from '../../verify/optimality.ts';
import type { SearchCase } from '../../verify/search-case.ts';
import type { Asked, VerifyOptions, VerifyReport } from '../../verify/verification.ts';
import type { WithPolicyFile } from './command-inputs.ts';
import { type Context, reportFailure } from './context.ts';
import type { InputFile } from './input-file.ts';
import type { OutcomeFlags } from './policy-flags.ts';
import { startProgress } from './progress.ts';

/** What the worker is to do: plain data. */
export type VerifyJob =
  | {
      readonly kind: 'verify';
      readonly asked: Asked;
      readonly names: readonly string[];
      readonly options: VerifyOptions;
      /** Only this case. */
      readonly single: SearchCase | undefined;
    }
  | {
      readonly kind: 'gap';
      readonly name: string;
      readonly objective: string;
      readonly files: readonly InputFile[];
      readonly flags: WithPolicyFile<OutcomeFlags>;
    }
  | {
      readonly kind: 'compare';
      readonly names: readonly [string, string];
      readonly files: readonly InputFile[];
      readonly flags: WithPolicyFile<OutcomeFlags>;
    };

export interface VerifyAnswers {
  verify: VerifyReport;
  gap: Gap;
  compare: Comparison;
}

/** What the worker gets. */
export interface VerifyTask {
  readonly job: VerifyJob;
  /** Milliseconds for one step of an algorithm. */
  readonly stepDeadline: number;
}

/** What the worker says. Every message also shows that it is alive. */
export type VerifyMessage =
  | { readonly kind: 'progress'; readonly done: number; readonly what: string }
  | { readonly kind: 'answer'; readonly answer: unknown }
  | { readonly kind: 'failure'; readonly failure: Failure };

/**
 * Runs a job in a worker thread, where algorithms of other people can loop, throw or end the process without
 * taking the command along.
 */
export async function runVerifyJob<J extends VerifyJob>(
  context: Context,
  job: J,
): Promise<Result<VerifyAnswers[J['kind']]>> {
  const progress = startProgress(context);
  const { step, silence } = context.deadlines;
  const task: VerifyTask = { job, stepDeadline: step };
  const worker = new Worker(new URL('./verify-worker.js', import.meta.url), { workerData: task });
  try {
    return await new Promise((resolve) => {
      const give = (failure: Failure) => resolve(failWith(failure));
      const hang = () => give({ kind: 'unreadable', message: `${modulesOf(job)} does not come back` });
      let patience = setTimeout(hang, silence);
      worker.on('message', (message: VerifyMessage) => {
        clearTimeout(patience);
        patience = setTimeout(hang, silence);
        if (message.kind === 'progress') progress.show(message.done, undefined, message.what);
        if (message.kind === 'failure') give(message.failure);
        if (message.kind === 'answer') resolve(succeed(message.answer as VerifyAnswers[J['kind']]));
      });
      worker.on('error', (error) =>
        give({ kind: 'unreadable', message: `${modulesOf(job)}: ${error.message}` }),
      );
      worker.on('exit', () => {
        clearTimeout(patience);
        resolve(fail('unreadable', `${modulesOf(job)} ended the process`));
      });
    });
  } finally {
    progress.clear();
    await worker.terminate();
  }
}

function modulesOf(job: VerifyJob): string {
  return job.kind === 'gap' ? job.name : job.names.join(' or ');
}

/** Prints a failure of a job. */
export function reportJob<T>(context: Context, result: Result<T>): result is { ok: true; value: T } {
  if (!result.ok) reportFailure(context, result.failure);
  return result.ok;
}
