import { randomBytes } from 'node:crypto';
import { failWith, type Result, succeed } from '../core/base/failure.ts';
import type { MemorySource } from '../core/rules/memory-source.ts';
import { type Output, OutputFile, WriteError } from './output-file.ts';
import { redacted } from './redact.ts';
import { RowGroupWriter, type SnapshotProgress } from './row-group-writer.ts';

export interface SnapshotOptions {
  /** Drop names and shift addresses: see redact.ts. */
  readonly redact?: boolean;
  /** What redaction shifts by: numbers of 0 (included) to 1. By default from the system's secure source. */
  readonly random?: () => number;
  /** Called after every row group. */
  readonly onProgress?: (progress: SnapshotProgress) => void;
  /**
   * Stops the writing before the next item: the file under construction is removed and the signal's reason
   * thrown.
   */
  readonly signal?: AbortSignal;
}

/**
 * Writes what a source yields to a snapshot at `path`, and says how much that was. Only a whole snapshot ever
 * gets that name: a writer that fails or is killed leaves an earlier file as it was. Memory is bounded by one
 * row group.
 *
 * Fails when the file cannot be made there; what the source throws passes through.
 */
export async function writeSnapshot(
  path: string,
  source: MemorySource,
  options: SnapshotOptions = {},
): Promise<Result<SnapshotProgress>> {
  return writeSnapshotTo(() => OutputFile.create(path, 'owner'), source, options);
}

/** The same to whatever can be appended to. */
export async function writeSnapshotTo(
  open: () => Promise<Output>,
  source: MemorySource,
  { redact = false, random = secureRandom, onProgress, signal }: SnapshotOptions = {},
): Promise<Result<SnapshotProgress>> {
  let file: Output | undefined;
  try {
    file = await open();
    const written = redact ? redacted(source, random) : source;
    const rows = new RowGroupWriter(file, written.host, onProgress);
    await rows.begin();
    for await (const item of written.items()) {
      signal?.throwIfAborted();
      await rows.add(item);
    }
    const progress = await rows.finish();
    await file.commit();
    return succeed(progress);
  } catch (error) {
    await file?.discard();
    if (error instanceof WriteError) return failWith(error.failure);
    throw error;
  }
}

function secureRandom(): number {
  return randomBytes(6).readUIntBE(0, 6) / 2 ** 48;
}
