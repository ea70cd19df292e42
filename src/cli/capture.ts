import { formatBytes } from '../core/bytes.ts';
import { type Failure, fail, type Result, succeed } from '../core/failure.ts';
import type { MemoryItem } from '../core/memory-source.ts';
import type { SnapshotProgress } from '../snapshot/row-group-writer.ts';
import { writeSnapshot } from '../snapshot/writer.ts';
import { type Context, print, warn } from './context.ts';
import type { CaptureFlags } from './flags.ts';
import { interruptible } from './interrupt.ts';
import { startProgress } from './progress.ts';
import { type OpenedMemory, openProcesses } from './source.ts';

/** `thpscope capture`: a snapshot of live processes. */
export async function capture(this: Context, flags: CaptureFlags): Promise<void> {
  const said = `interrupted, ${flags.output} was not written`;
  await interruptible(this, (signal) => captureProcesses(this, flags, signal), said);
}

async function captureProcesses(
  context: Context,
  flags: CaptureFlags,
  signal: AbortSignal,
): Promise<Result<void>> {
  const given = [(flags.pid?.length ?? 0) > 0, flags.cgroup !== undefined, flags.all].filter(Boolean).length;
  if (given !== 1)
    return fail('usage', 'capture reads live processes: give one of -p PID, --cgroup PATH and --all');
  const opened = await openProcesses(flags);
  if (!opened.ok) return opened;

  const messages: string[] = [];
  const written = await writeWatched(context, flags, opened.value, messages, signal);
  if (!written.ok) return written;
  const { processes, ranges, bytes } = written.value;
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

/** Writes the snapshot with a progress line, which is gone before anything else is said. */
async function writeWatched(
  context: Context,
  { output, redact }: CaptureFlags,
  memory: OpenedMemory,
  messages: string[],
  signal: AbortSignal,
): Promise<Result<SnapshotProgress>> {
  const progress = startProgress(context);
  const onProcess = (done: number, command: string) => progress.show(done, memory.processes, command);
  const source = { host: memory.source.host, items: () => watch(memory, messages, onProcess) };
  try {
    return await writeSnapshot(output, source, { redact, signal });
  } catch (error) {
    if (error instanceof Unreadable) return { ok: false, failure: error.failure };
    throw error;
  } finally {
    progress.clear();
  }
}

/** Ends a capture that would hold nothing that was asked for. */
class Unreadable extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** Passes items on, collects what to tell the user, and throws if no process asked for could be read. */
async function* watch(
  { source, single }: OpenedMemory,
  messages: string[],
  onProcess: (done: number, command: string) => void,
): AsyncIterable<MemoryItem> {
  let processes = 0;
  let denied = 0;
  let firstFailure: Failure | undefined;
  for await (const item of source.items()) {
    if (item.kind === 'process') onProcess(processes++, item.process.command);
    if (item.kind === 'note') messages.push(item.message);
    if (item.kind === 'skipped') {
      firstFailure ??= item.failure;
      if (item.failure.kind === 'permission') denied++;
      else messages.push(item.failure.message);
    }
    yield item;
  }
  if (firstFailure && (single || processes === 0)) throw new Unreadable(firstFailure);
  if (denied > 0)
    messages.push(
      `${denied} ${denied === 1 ? 'process' : 'processes'} may not be read by this user (permission denied)`,
    );
}
