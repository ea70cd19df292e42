import type { Result } from '../../core/base/failure.ts';
import { type Context, reportFailure, warn } from './context.ts';
import { exitCodeOfSignal } from './exit-code.ts';

/** Ctrl-C, Ctrl-\, a terminal that is closed, and kill. */
const ENDING_SIGNALS = ['SIGINT', 'SIGQUIT', 'SIGHUP', 'SIGTERM'] as const;

/** How long work may take to end by itself, unless it says. */
const GRACE_MS = 500;

/** The reason of an abort by a signal. */
class Interrupted extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
    this.signal = signal;
  }
}

/**
 * Does work that a signal aborts: returns what it returned, or the signal. Work that goes on all the same for
 * `graceMs`, or is sent a second signal, ends with the process, whose exit code is then `exitCode`. Files
 * that must not stay are removed by whoever made them, or at the `exit` of the process.
 */
export async function untilSignal<T>(
  { process }: Context,
  exitCode: (signal: NodeJS.Signals) => number,
  work: (signal: AbortSignal) => Promise<T>,
  graceMs = GRACE_MS,
): Promise<{ readonly done: T } | { readonly endedBy: NodeJS.Signals }> {
  const stop = new AbortController();
  const end = (signal: NodeJS.Signals) => {
    const exit = () => process.exit(exitCode(signal));
    if (stop.signal.aborted) exit();
    stop.abort(new Interrupted(signal));
    // Whatever else keeps the process alive ends with it.
    setTimeout(exit, graceMs).unref();
  };
  for (const signal of ENDING_SIGNALS) process.on(signal, end);
  try {
    return { done: await work(stop.signal) };
  } catch (error) {
    if (error instanceof Interrupted) return { endedBy: error.signal };
    throw error;
  } finally {
    for (const signal of ENDING_SIGNALS) process.removeListener(signal, end);
  }
}

/**
 * Runs long work and reports its failure. Signals abort it: then `said` is said, and the exit code is that of
 * the signal.
 */
export async function interruptible(
  context: Context,
  work: (signal: AbortSignal) => Promise<Result<void>>,
  said = 'interrupted',
): Promise<void> {
  const ended = await untilSignal(context, exitCodeOfSignal, work);
  if ('endedBy' in ended) {
    warn(context, said);
    context.process.exitCode = exitCodeOfSignal(ended.endedBy);
  } else if (!ended.done.ok) {
    reportFailure(context, ended.done.failure);
  }
}
