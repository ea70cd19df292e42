import { type Context, warn } from './context.ts';
import { exitCodeOfSignal } from './exit-code.ts';

/** The reason of an abort by a signal. */
class Interrupted extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
    this.signal = signal;
  }
}

/** Runs long work that SIGINT and SIGTERM abort through a signal; then says `said` and sets the exit code of the signal. */
export async function interruptible(
  context: Context,
  work: (signal: AbortSignal) => Promise<void>,
  said = 'interrupted',
): Promise<void> {
  const stop = new AbortController();
  const interrupt = (signal: NodeJS.Signals) => stop.abort(new Interrupted(signal));
  context.process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    await work(stop.signal);
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    warn(context, said);
    context.process.exitCode = exitCodeOfSignal(error.signal);
  } finally {
    context.process.removeListener('SIGINT', interrupt).removeListener('SIGTERM', interrupt);
  }
}
