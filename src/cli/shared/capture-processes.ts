import { type Failure, fail, type Result, succeed } from '../../core/base/failure.ts';
import type { MemoryItem, Process } from '../../core/rules/memory-source.ts';
import { writeSnapshot } from '../../snapshot/writer.ts';
import type { ProcessFlags } from './flags.ts';
import { type OpenedMemory, openProcesses } from './source.ts';

export interface CaptureOptions {
  readonly redact?: boolean;
  /** Stops the capture: what was there under the name stays, and the signal's reason is thrown. */
  readonly signal: AbortSignal;
  /** Hears of each process as its turn comes, after `done` others of `total`. */
  readonly onProcess?: (done: number, total: number | undefined, process: Process) => void;
  /** The start time of the one process that is meant: another one may have its pid by now. */
  readonly startTime?: number;
}

export interface Captured {
  readonly processes: number;
  readonly ranges: number;
  readonly bytes: number;
  /** What to tell the user: what could not be seen. */
  readonly messages: readonly string[];
}

/** Writes a snapshot of the processes that the flags name. Fails where none of them can be read, or only one was meant. */
export async function captureProcesses(
  flags: ProcessFlags,
  path: string,
  options: CaptureOptions,
): Promise<Result<Captured>> {
  const opened = await openProcesses(flags);
  if (!opened.ok) return opened;
  const messages: string[] = [];
  const source = {
    host: opened.value.source.host,
    items: () => watch(opened.value, messages, options),
  };
  try {
    const { redact, signal } = options;
    const written = await writeSnapshot(path, source, { redact, signal });
    return written.ok ? succeed({ ...written.value, messages }) : written;
  } catch (error) {
    if (error instanceof Unreadable) return { ok: false, failure: error.failure };
    throw error;
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
  { source, single, processes: total }: OpenedMemory,
  messages: string[],
  { onProcess, startTime }: CaptureOptions,
): AsyncIterable<MemoryItem> {
  let processes = 0;
  let denied = 0;
  let firstFailure: Failure | undefined;
  for await (const item of source.items()) {
    if (item.kind === 'process') {
      if (startTime !== undefined && item.process.startTime !== startTime) throw replaced(item.process);
      onProcess?.(processes++, total, item.process);
    }
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

function replaced({ pid, command }: Process): Unreadable {
  return new Unreadable(
    fail('unreadable', `process ${pid}: ended, and ${command} has its number now`).failure,
  );
}
