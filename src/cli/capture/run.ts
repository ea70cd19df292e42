import { formatBytes } from '../../core/base/bytes.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { captureProcesses } from '../shared/capture-processes.ts';
import { type Context, print, warn } from '../shared/context.ts';
import type { CaptureFlags } from '../shared/flags.ts';
import { interruptible } from '../shared/interrupt.ts';
import { startProgress } from '../shared/progress.ts';

/** `thpscope capture`: a snapshot of live processes. */
export async function capture(this: Context, flags: CaptureFlags): Promise<void> {
  const said = `interrupted, ${flags.output} was not written`;
  await interruptible(this, (signal) => captureFromFlags(this, flags, signal), said);
}

async function captureFromFlags(
  context: Context,
  flags: CaptureFlags,
  signal: AbortSignal,
): Promise<Result<void>> {
  const given = [(flags.pid?.length ?? 0) > 0, flags.cgroup !== undefined, flags.all].filter(Boolean).length;
  if (given !== 1)
    return fail('usage', 'capture reads live processes: give one of -p PID, --cgroup PATH and --all');

  const progress = startProgress(context);
  // The progress line is gone before anything else is said.
  const written = await captureProcesses(flags, flags.output, {
    redact: flags.redact,
    signal,
    onProcess: (done, total, { command }) => progress.show(done, total, command),
  }).finally(() => progress.clear());
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
}
