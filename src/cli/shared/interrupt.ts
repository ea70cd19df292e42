import type { Result } from '../../core/base/failure.ts';
import { type Context, reportFailure, warn } from './context.ts';
import { exitCodeOfSignal } from './exit-code.ts';

/** The reason of an abort by a signal. */
class Interrupted extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
    this.signal = signal;
  }
}

/**
 * Runs long work and reports its failure. SIGINT and SIGTERM abort it through a signal: then `said` is said,
 * and the exit code is that of the signal.
 */
export async function interruptible(
  context: Context,
  work: (signal: AbortSignal) => Promise<Result<void>>,
  said = 'interrupted',
): Promise<void> {
  const stop = new AbortController();
  const interrupt = (signal: NodeJS.Signals) => stop.abort(new Interrupted(signal));
  context.process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const done = await work(stop.signal);
    if (!done.ok) reportFailure(context, done.failure);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    warn(context, said);
    context.process.exitCode = exitCodeOfSignal(error.signal);
  } finally {
    context.process.removeListener('SIGINT', interrupt).removeListener('SIGTERM', interrupt);
  }
}
