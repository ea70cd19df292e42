import { rmSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { type Failure, fail, failWith, type Result, succeed } from '../../../core/base/failure.ts';
import type { CollapsePolicy } from '../../../core/rules/policy.ts';
import type { CollapseAlgorithm } from '../../../core/search/algorithm.ts';
import { threadScript } from '../../assets.ts';
import { cBuildOptions } from '../c-walk/build-options.ts';
import { isCFile } from '../c-walk/c-file.ts';
import type { Context } from '../context.ts';
import type { CFlags } from '../flags/c-flags.ts';
import { MODULE_LIMITS, threadFailure } from './module-memory.ts';
import { type FromSearch, type LineEnd, lineEnds, type SearchTask, sendOn, waitOn } from './search-thread.ts';
import { killSearch, sayLines, type VerifyMessage, withCompiling } from './verify-job.ts';

/** Ends a run whose search did what none may do. */
export class SearchError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** A search of somebody's, for as long as it is used. */
export interface SearchInThread {
  /** Throws a SearchError where the search loops, throws, or does what no search may do. */
  readonly algorithm: CollapseAlgorithm;
  /** Ends the thread; why it ended before, if an error ended it. */
  stop(): Promise<Failure | undefined>;
}

/**
 * Loads a module or a C file in a thread of its own. Its algorithm can be used like any other, where a run
 * cannot be moved to that thread as a whole.
 */
export async function startSearch(
  context: Context,
  name: string,
  cFlags: CFlags = {},
): Promise<Result<SearchInThread>> {
  const c = isCFile(name) ? cBuildOptions(context, cFlags) : undefined;
  const deadlines = c ? withCompiling(context.deadlines) : context.deadlines;
  const [here, there] = lineEnds();
  const task: SearchTask = { name, deadlines, c, line: there };
  const worker = new Worker(threadScript('search-worker'), {
    workerData: task,
    transferList: [there.port],
    stdout: true,
    resourceLimits: MODULE_LIMITS,
  });
  // What a module prints is no part of the answer.
  worker.stdout.on('data', (printed) => context.process.stderr.write(printed));
  const searches = new Set<number>();
  let died: Failure | undefined;
  const stop = async () => {
    // Messages of a program that was started may not have been heard yet.
    await setImmediate();
    searches.forEach(killSearch);
    here.port.close();
    await worker.terminate();
    if (c) rmSync(c.folder, { recursive: true, force: true });
    return died;
  };
  const loaded = await new Promise<Result<void>>((resolve) => {
    const hang = () => resolve(fail('unreadable', `${name} does not come back`));
    const patience = setTimeout(hang, deadlines.silence);
    worker.on('message', (message: VerifyMessage) => {
      if (message.kind === 'said') sayLines(context, message.text);
      if (message.kind === 'started') searches.add(message.pid);
      if (message.kind === 'failure') resolve(failWith(message.failure));
      if (message.kind === 'answer') resolve(succeed(undefined));
      if (message.kind === 'answer' || message.kind === 'failure') clearTimeout(patience);
    });
    worker.on('error', (error) => {
      died = threadFailure(name, error);
      resolve(failWith(died));
    });
    worker.on('exit', () => {
      clearTimeout(patience);
      resolve(fail('unreadable', `${name} ended the process`));
    });
  });
  if (loaded.ok) return succeed({ algorithm: algorithmOn(here, name, deadlines.silence), stop });
  await stop();
  return loaded;
}

/**
 * A policy as it is now. That of a simulated daemon is alive: its limits change when their files are written,
 * of which a search in another thread hears only with the next range.
 */
function policyNow(policy: CollapsePolicy): CollapsePolicy {
  const { orders, maxPtesNone, maxPtesSwap, maxPtesShared, caller, model } = policy;
  return { orders, maxPtesNone, maxPtesSwap, maxPtesShared, caller, model };
}

/** The algorithm at the other end of a line. */
function algorithmOn(line: LineEnd, name: string, patience: number): CollapseAlgorithm {
  const hangs = `${name} does not come back`;
  return {
    name,
    collapse(range, policy, attempt) {
      sendOn(line, { kind: 'search', range, policy: policyNow(policy) });
      for (;;) {
        const said = waitOn<FromSearch>(line, patience);
        if (!said) throw new SearchError({ kind: 'unreadable', message: hangs });
        if (said.kind === 'failed') throw new SearchError(said.failure);
        if (said.kind === 'attempt') sendOn(line, { kind: 'results', results: attempt(said.batch) });
        else return said.result;
      }
    },
  };
}
