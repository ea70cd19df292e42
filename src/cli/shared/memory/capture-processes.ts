import { leftOutOf } from '../../../analysis/reading/left-out.ts';
import { fail, type Result, succeed } from '../../../core/base/failure.ts';
import { plural } from '../../../core/base/plural.ts';
import type { MemoryItem, MemoryOrigin, Process } from '../../../core/rules/memory-source.ts';
import { leftOutWords } from '../../../render/words/left-out.ts';
import { writeSnapshotTo } from '../../../snapshot/writer.ts';
import type { Context } from '../context.ts';
import type { ProcessFlags } from '../flags/source-flags.ts';
import type { Progress } from '../output/progress.ts';
import { openOutput } from '../output/write-output.ts';
import { type MemoryRead, missingMemory, ReadError, readMemory } from './read-memory.ts';
import { type OpenedMemory, openProcesses } from './source.ts';

export interface CaptureOptions {
  readonly redact?: boolean;
  /** Stops the capture: what was there under the name stays, and the signal's reason is thrown. */
  readonly signal: AbortSignal;
  readonly progress?: Progress;
  /** Time from one capture to the next; undefined where there is one. */
  readonly periodMs?: number;
  /** The start time of the one process that is meant: another one may have its pid by now. */
  readonly startTime?: number;
}

export interface Captured {
  readonly processes: readonly Process[];
  readonly ranges: number;
  readonly bytes: number;
  /** Whose memory it is, as the snapshot says it. */
  readonly origins: readonly MemoryOrigin[];
  /** What to tell the user: what could not be seen. */
  readonly messages: readonly string[];
}

/**
 * Writes a snapshot of the processes that the flags name. Fails where none of them can be read, or only one
 * was meant.
 */
export async function captureProcesses(
  context: Context,
  flags: ProcessFlags,
  path: string,
  { redact, signal, progress, periodMs, startTime }: CaptureOptions,
): Promise<Result<Captured>> {
  const opened = await openProcesses(context, flags, { periodMs });
  if (!opened.ok) return opened;
  const { host } = opened.value.source;
  const written = await readMemory(
    opened.value,
    (items, read) => {
      const source = { host, items: () => worthKeeping(items, read, opened.value, startTime) };
      const open = () => openOutput(context, path, 'owner');
      return writeSnapshotTo(open, source, { redact, signal });
    },
    { signal, progress },
  );
  if (!written.ok) return written;
  const { value, processes, origins } = written.value;
  const { ranges, bytes } = value;
  return succeed({ processes, ranges, bytes, origins, messages: messagesOf(written.value) });
}

/** Passes items on. Throws before their end where no snapshot of them should be kept. */
async function* worthKeeping(
  items: AsyncIterable<MemoryItem>,
  read: MemoryRead,
  opened: OpenedMemory,
  startTime: number | undefined,
): AsyncIterable<MemoryItem> {
  for await (const item of items) {
    if (item.kind === 'process' && startTime !== undefined && item.process.startTime !== startTime)
      throw replaced(item.process);
    yield item;
  }
  const missing = missingMemory(opened, read);
  if (missing) throw new ReadError(missing);
}

function replaced({ pid, command }: Process): ReadError {
  const { failure } = fail('unreadable', `process ${pid}: ended, and ${command} has its number now`);
  return new ReadError(failure);
}

/** Processes that this user may not read can be many: they are counted. */
function messagesOf({ skipped, notes }: MemoryRead): string[] {
  const leftOut = leftOutOf(skipped);
  const unread = skipped.filter((each) => each.leftOutBytes === undefined);
  const others = unread.filter(({ failure }) => failure.kind !== 'permission');
  const denied = unread.length - others.length;
  return [
    ...notes,
    ...others.map(({ failure }) => failure.message),
    ...(denied > 0
      ? [`${plural(denied, 'process', 'processes')} may not be read by this user (permission denied)`]
      : []),
    ...(leftOut.length > 0 ? [leftOutWords(leftOut)] : []),
  ];
}
