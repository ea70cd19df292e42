import { formatBytes } from '../core/bytes.ts';
import { fail, type Result, succeed } from '../core/failure.ts';
import { captureProcesses } from './capture-processes.ts';
import { type Context, print, reportFailure, warn } from './context.ts';
import { exitCodeOfSignal } from './exit-code.ts';
import type { CaptureFlags } from './flags.ts';
import { startProgress } from './progress.ts';

/** `thpscope capture`: a snapshot of live processes. */
export async function capture(this: Context, flags: CaptureFlags): Promise<void> {
  const done = await captureFromFlags(this, flags);
  if (!done.ok) reportFailure(this, done.failure);
}

async function captureFromFlags(context: Context, flags: CaptureFlags): Promise<Result<void>> {
  const given = [(flags.pid?.length ?? 0) > 0, flags.cgroup !== undefined, flags.all].filter(Boolean).length;
  if (given !== 1)
    return fail('usage', 'capture reads live processes: give one of -p PID, --cgroup PATH and --all');

  const progress = startProgress(context);
  const stop = new AbortController();
  const interrupt = (signal: NodeJS.Signals) => stop.abort(new Interrupted(signal));
  context.process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    const written = await captureProcesses(flags, flags.output, {
      redact: flags.redact,
      signal: stop.signal,
      onProcess: (done, total, { command }) => progress.show(done, total, command),
    });
    progress.clear();
    if (!written.ok) return written;
    const { processes, ranges, bytes, messages } = written.value;
    if (flags.json) {
      const report = { schema: 'thpscope/capture@1', file: flags.output, processes, ranges, bytes, messages };
      await print(context, `${JSON.stringify(report)}\n`);
      return succeed(undefined);
    }
    for (const message of messages) warn(context, message);
    warn(
      context,
      `wrote ${flags.output}: ${processes} ${processes === 1 ? 'process' : 'processes'}, ${ranges} PMD ranges, ${formatBytes(bytes)}`,
    );
    return succeed(undefined);
  } catch (error) {
    progress.clear();
    if (!(error instanceof Interrupted)) throw error;
    warn(context, `interrupted, ${flags.output} was not written`);
    context.process.exitCode = exitCodeOfSignal(error.signal);
    return succeed(undefined);
  } finally {
    context.process.removeListener('SIGINT', interrupt).removeListener('SIGTERM', interrupt);
  }
}

class Interrupted extends Error {
  readonly signal: NodeJS.Signals;

  constructor(signal: NodeJS.Signals) {
    super(`interrupted by ${signal}`);
    this.signal = signal;
  }
}
