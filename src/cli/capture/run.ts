import { formatBytes } from '../../core/base/bytes.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { plural } from '../../core/base/plural.ts';
import { captureProcesses } from '../shared/capture-processes.ts';
import { type Context, print, warn } from '../shared/context.ts';
import { interruptible } from '../shared/interrupt.ts';
import { originField } from '../shared/origin.ts';
import { startProgress } from '../shared/progress.ts';
import { checkOutput, notWritten, outputName } from '../shared/write-output.ts';
import type { CaptureFlags } from './command.ts';

/** `thpscope capture`: a snapshot of live processes. */
export async function capture(this: Context, flags: CaptureFlags): Promise<void> {
  const said = notWritten(flags.output);
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

  const { redact, output } = flags;
  const checked = checkOutput(context, flags, []);
  if (!checked.ok) return checked;
  const written = await captureProcesses(context, flags, output, {
    redact,
    signal,
    progress: startProgress(context),
  });
  if (!written.ok) return written;
  const { ranges, bytes, messages, origins } = written.value;
  const processes = written.value.processes.length;
  if (flags.json) {
    const counts = { processes, ranges, bytes, messages };
    const report = { schema: 'thpscope/capture@1', file: output, ...counts, ...originField(origins) };
    await print(context, `${JSON.stringify(report)}\n`);
    return succeed(undefined);
  }
  for (const message of messages) warn(context, message);
  warn(
    context,
    `wrote ${outputName(output)}: ${plural(processes, 'process', 'processes')}, ${ranges} PMD ranges, ${formatBytes(bytes)}`,
  );
  return succeed(undefined);
}
