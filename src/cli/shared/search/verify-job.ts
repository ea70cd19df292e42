import { existsSync, rmSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import type { Comparison } from '../../../analysis/prediction/comparison.ts';
import type { Explanation, RangeSurroundings } from '../../../analysis/prediction/explanation.ts';
import { type Failure, fail, failWith, type Result, succeed } from '../../../core/base/failure.ts';
import type { RangeState } from '../../../core/memory/range-state.ts';
import type { OutcomeRule } from '../../../core/rules/outcome.ts';
import type { CollapsePolicy } from '../../../core/rules/policy.ts';
import { printable } from '../../../render/words/printable.ts';
import type { SearchCase } from '../../../verify/cases/search-case.ts';
import type { Gap } from '../../../verify/optimality.ts';
import type { EqualityProof } from '../../../verify/proof/equality-proof.ts';
import type { PropertyProof } from '../../../verify/proof/property-proof.ts';
import type { ProofOptions } from '../../../verify/proof/proving.ts';
import type { Asked, VerifyOptions, VerifyReport } from '../../../verify/verification.ts';
import { threadScript } from '../../assets.ts';
import type { OfSnapshots } from '../../compare/snapshots.ts';
import { cBuildOptions } from '../c-walk/build-options.ts';
import { isCFile } from '../c-walk/c-file.ts';
import { type CBuildOptions, MOST_COMPILING } from '../c-walk/compiler.ts';
import { type Context, reportFailure } from '../context.ts';
import { exitCodeOfSignal } from '../exit-code.ts';
import type { CFlags } from '../flags/c-flags.ts';
import type { OutcomeFlags } from '../flags/policy-flags.ts';
import type { WithPolicyFile } from '../input/command-inputs.ts';
import type { InputFile } from '../input/input-file.ts';
import { untilSignal } from '../interrupt.ts';
import { startProgress } from '../output/progress.ts';
import type { Deadlines } from './deadline.ts';
import { MODULE_LIMITS, threadFailure } from './module-memory.ts';

/** One range to be explained. */
export interface ExplainJob {
  readonly kind: 'explain';
  readonly name: string;
  readonly range: RangeState;
  readonly policy: CollapsePolicy;
  readonly outcomes: readonly OutcomeRule[];
  readonly around: RangeSurroundings | undefined;
}

/** What the worker is to do: plain data. */
export type VerifyJob =
  | ExplainJob
  | {
      readonly kind: 'verify';
      readonly asked: Asked;
      readonly names: readonly string[];
      readonly options: VerifyOptions;
      /** How long to go on, if that is asked for. */
      readonly seconds: number | undefined;
      /** Only this case. */
      readonly single: SearchCase | undefined;
    }
  | {
      readonly kind: 'prove';
      readonly asked: Asked;
      readonly names: readonly string[];
      readonly options: VerifyOptions;
      readonly proof: ProofOptions;
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
  gap: OfSnapshots<Gap>;
  prove: ProofAnswer;
  explain: Explanation;
  compare: OfSnapshots<Comparison>;
}

/** What a proof came to, or why there is none. */
export interface ProofAnswer {
  /** Of two algorithms. */
  readonly equality?: EqualityProof | undefined;
  /** Of one. */
  readonly properties?: PropertyProof;
  /** Of the case that was found; without one, of no case at all. */
  readonly report: VerifyReport | undefined;
  readonly noProof: string | undefined;
}

/** What the worker gets. */
export interface VerifyTask {
  readonly job: VerifyJob;
  readonly deadlines: Deadlines;
  /** How C files are compiled; undefined where there are none. */
  readonly c: CBuildOptions | undefined;
}

/** What the worker says. Every message also shows that it is alive. */
export type VerifyMessage =
  | { readonly kind: 'progress'; readonly done: number; readonly what: string }
  | { readonly kind: 'said'; readonly text: string }
  | { readonly kind: 'started'; readonly pid: number }
  | { readonly kind: 'answer'; readonly answer: unknown }
  | { readonly kind: 'failure'; readonly failure: Failure };

/**
 * Runs a job in a worker thread, where algorithms of other people can loop, throw or end the process without
 * taking the command along.
 */
export async function runVerifyJob<J extends VerifyJob>(
  context: Context,
  job: J,
  cFlags: CFlags = {},
): Promise<Result<VerifyAnswers[J['kind']]>> {
  if (!namesOf(job).some(isCFile)) return runInWorker(context, job, undefined);
  // Whatever ends the command, nothing of a search in C stays: signals go by way of the exit.
  const c = cBuildOptions(context, cFlags);
  const ended = await untilSignal(context, exitCodeOfSignal, (signal) =>
    runInWorker(context, job, c, signal),
  );
  return 'done' in ended ? ended.done : context.process.exit(exitCodeOfSignal(ended.endedBy));
}

async function runInWorker<J extends VerifyJob>(
  context: Context,
  job: J,
  c: CBuildOptions | undefined,
  signal?: AbortSignal,
): Promise<Result<VerifyAnswers[J['kind']]>> {
  const progress = startProgress(context);
  const deadlines = c ? withCompiling(context.deadlines) : context.deadlines;
  const { silence } = deadlines;
  const task: VerifyTask = { job, deadlines, c };
  const worker = new Worker(threadScript('verify-worker'), {
    workerData: task,
    stdout: true,
    resourceLimits: MODULE_LIMITS,
  });
  // What a module prints is no part of the answer.
  worker.stdout.on('data', (printed) => context.process.stderr.write(printed));
  const searches = new Set<number>();
  try {
    return await new Promise((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
      const give = (failure: Failure) => resolve(failWith(failure));
      const hang = () => give({ kind: 'unreadable', message: `${modulesOf(job)} does not come back` });
      // Built-in searches come back, however busy the machine is.
      const watched = namesOf(job).some((name) => existsSync(name));
      const wait = () => (watched ? setTimeout(hang, silence) : undefined);
      let patience = wait();
      worker.on('message', (message: VerifyMessage) => {
        clearTimeout(patience);
        patience = wait();
        if (message.kind === 'progress') progress.show(message.done, undefined, message.what);
        if (message.kind === 'said') sayLines(context, message.text);
        if (message.kind === 'started') searches.add(message.pid);
        if (message.kind === 'failure') give(message.failure);
        if (message.kind === 'answer') resolve(succeed(message.answer as VerifyAnswers[J['kind']]));
      });
      worker.on('error', (error) => give(threadFailure(modulesOf(job), error)));
      worker.on('exit', () => {
        clearTimeout(patience);
        resolve(fail('unreadable', `${modulesOf(job)} ended the process`));
      });
    });
  } finally {
    progress.clear();
    // Before the thread, which may be waiting for one of them.
    searches.forEach(killSearch);
    await worker.terminate();
    if (c) rmSync(c.folder, { recursive: true, force: true });
  }
}

/** How long each may take if compilers run meanwhile. That a search in C loops its own program notices. */
export function withCompiling(deadlines: Deadlines): Deadlines {
  const { step, silence } = deadlines;
  return { ...deadlines, step: step + MOST_COMPILING, silence: silence + MOST_COMPILING };
}

/** Ends a search in C with whatever it started. */
export function killSearch(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** Writes what a compiler says: the lines as they are, but for what a terminal would obey. */
export function sayLines({ process }: Context, text: string): void {
  if (text.trim() === '') return;
  for (const line of text.trimEnd().split('\n'))
    process.stderr.write(`${printable(line).replaceAll('\\x09', '\t')}\n`);
}

/** The algorithms that a job is about. */
export function namesOf(job: VerifyJob): readonly string[] {
  return 'name' in job ? [job.name] : job.names;
}

/** Whose fault it may be: of built-in algorithms none. */
function modulesOf(job: VerifyJob): string {
  const names = namesOf(job);
  const files = names.filter((name) => existsSync(name));
  return (files.length > 0 ? files : names).join(' or ');
}

/** Prints a failure of a job. */
export function reportJob<T>(context: Context, result: Result<T>): result is { ok: true; value: T } {
  if (!result.ok) reportFailure(context, result.failure);
  return result.ok;
}
