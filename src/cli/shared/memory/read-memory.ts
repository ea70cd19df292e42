import { setImmediate } from 'node:timers/promises';
import { formatBytes } from '../../../core/base/bytes.ts';
import { type Failure, failWith, type Result, succeed } from '../../../core/base/failure.ts';
import { grouped } from '../../../core/base/plural.ts';
import { rangeBytes } from '../../../core/memory/geometry.ts';
import type { MemoryItem, MemoryOrigin, Process } from '../../../core/rules/memory-source.ts';
import { SnapshotError } from '../../../snapshot/damage.ts';
import type { Progress } from '../output/progress.ts';
import { withLeftOut } from './origin.ts';
import type { OpenedMemory } from './source.ts';

/** Reading is one long computation: so often signals, and who asks a server, get their turn. */
const TURN_MS = 50;

type SkippedItem = Extract<MemoryItem, { kind: 'skipped' }>;

/** What there is to say of memory that was read, besides what its items hold. */
export interface MemoryRead {
  readonly processes: readonly Process[];
  /** Processes, or parts of one, that could not be read. */
  readonly skipped: readonly SkippedItem[];
  /** What to tell the user, each note once. */
  readonly notes: readonly string[];
  /** Where the memory comes from, with what was left out of it and what reading it took. */
  readonly origins: readonly MemoryOrigin[];
}

interface ReadOptions {
  /** Ends the reading before the next item; its reason is thrown. */
  readonly signal?: AbortSignal;
  /** Shows how far reading has come, and is cleared at its end. */
  readonly progress?: Progress;
}

/** Thrown where items are consumed, it ends the reading with this failure. */
export class ReadError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/**
 * Reads opened memory and closes it: `consume` takes the items, all or as many as it wants, at its own pace.
 * Fails as `consume` does, where a snapshot turns out to be damaged, and where nothing was read that was
 * asked for.
 */
export async function readMemory<T>(
  opened: OpenedMemory,
  consume: (items: AsyncIterable<MemoryItem>, read: MemoryRead) => Promise<Result<T>>,
  { signal, progress }: ReadOptions = {},
): Promise<Result<MemoryRead & { readonly value: T }>> {
  const reading = new Reading(opened, signal, progress);
  try {
    const value = await failureOfThrown(() => consume(reading.items(), reading));
    if (!value.ok) return value;
    const missing = missingMemory(opened, reading);
    if (missing) return failWith(missing);
    const { processes, skipped, notes, origins } = reading;
    return succeed({ value: value.value, processes, skipped, notes, origins });
  } finally {
    progress?.clear();
    opened.close();
  }
}

/** Why nothing was read that was asked for: the only process was skipped, or all were. */
export function missingMemory(
  { single }: OpenedMemory,
  { processes, skipped }: MemoryRead,
): Failure | undefined {
  if (!single && processes.length > 0) return undefined;
  // Of others that ended meanwhile nothing would be learnt.
  const forbidden = skipped.filter(({ failure }) => failure.kind === 'permission').length;
  if (forbidden > 1)
    return {
      kind: 'permission',
      message: `none of these ${grouped(forbidden)} processes is one whose memory this user may read; run as their owner, or as root with all capabilities`,
    };
  return skipped[0]?.failure;
}

/** Does work that consumes items. What ends the reading of them is thrown; it comes back as a failure. */
export async function failureOfThrown<T>(work: () => Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SnapshotError || error instanceof ReadError) return failWith(error.failure);
    throw error;
  }
}

/** Memory while it is read. */
class Reading implements MemoryRead {
  readonly processes: Process[] = [];
  readonly skipped: SkippedItem[] = [];
  readonly #opened: OpenedMemory;
  readonly #signal: AbortSignal | undefined;
  readonly #progress: Progress | undefined;
  readonly #notes = new Set<string>();
  #bytes = 0;

  constructor(opened: OpenedMemory, signal: AbortSignal | undefined, progress: Progress | undefined) {
    this.#opened = opened;
    this.#signal = signal;
    this.#progress = progress;
  }

  get notes(): string[] {
    return [...this.#notes];
  }

  get origins(): MemoryOrigin[] {
    const { costs, origins } = this.#opened;
    // Recordings say by themselves what was left out of them.
    return costs ? origins.map((origin) => ({ ...withLeftOut(origin, this.skipped), costs })) : [...origins];
  }

  async *items(): AsyncIterable<MemoryItem> {
    let turnMs = performance.now();
    for await (const item of this.#opened.source.items()) {
      if (performance.now() - turnMs > TURN_MS) {
        await setImmediate();
        turnMs = performance.now();
      }
      this.#signal?.throwIfAborted();
      if (item.kind === 'process') this.processes.push(item.process);
      if (item.kind === 'skipped') this.skipped.push(item);
      if (item.kind === 'note') this.#notes.add(item.message);
      if (item.kind === 'ranges')
        this.#bytes += item.ranges.length * rangeBytes(this.#opened.source.host.geometry);
      yield item;
      if (item.kind === 'process' || item.kind === 'ranges') this.#show();
    }
  }

  #show(): void {
    const now = this.processes.at(-1)?.command;
    const what = `processes: ${formatBytes(this.#bytes)} read, now ${now}`;
    this.#progress?.show(this.processes.length, this.#opened.processes, what);
  }
}
