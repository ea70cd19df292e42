import { randomBytes } from 'node:crypto';
import { promises as fs } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { type Failure, fail } from '../core/base/failure.ts';

/**
 * Why a file could not be written. Whoever writes one returns the failure: `writeSnapshot`,
 * `writeDigestFile`.
 */
export class WriteError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

/**
 * A file that gets its name only when it is whole: until `commit` it grows under a temporary name in the same
 * directory, and an earlier file of the name stays as it is. Methods throw `WriteError`.
 */
export class OutputFile {
  readonly #path: string;
  readonly #temporary: string;
  readonly #handle: fs.FileHandle;

  private constructor(path: string, temporary: string, handle: fs.FileHandle) {
    this.#path = path;
    this.#temporary = temporary;
    this.#handle = handle;
  }

  /** Only its owner may read the file, as after `perf record`: addresses of other processes are in it. */
  static async create(path: string): Promise<OutputFile> {
    const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.partial`);
    return attempt(path, async () => {
      // Renaming onto /dev/null would replace it.
      const earlier = await fs.stat(path).catch(() => undefined);
      if (earlier && !earlier.isFile()) {
        throw new WriteError(fail('usage', `${path}: is not a regular file; choose another name`).failure);
      }
      return new OutputFile(path, temporary, await fs.open(temporary, 'wx', 0o600));
    });
  }

  async append(bytes: Uint8Array): Promise<void> {
    await attempt(this.#path, async () => {
      for (let written = 0; written < bytes.length; ) {
        written += (await this.#handle.write(bytes, written)).bytesWritten;
      }
    });
  }

  /** Flushes the file to the disk and gives it its name. */
  async commit(): Promise<void> {
    await attempt(this.#path, async () => {
      await this.#handle.sync();
      await this.#handle.close();
      await fs.rename(this.#temporary, this.#path);
    });
  }

  /** Removes what there is of an uncommitted file. */
  async discard(): Promise<void> {
    // What went wrong before matters more than a close or removal that fails too.
    await this.#handle.close().catch(() => {});
    await fs.rm(this.#temporary, { force: true }).catch(() => {});
  }
}

async function attempt<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (error instanceof WriteError) throw error;
    throw new WriteError(writeFailure(path, error as NodeJS.ErrnoException));
  }
}

function writeFailure(path: string, { code, message }: NodeJS.ErrnoException): Failure {
  const directory = dirname(path);
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { kind: 'usage', message: `${path}: no directory ${directory}; create it first` };
    case 'ENAMETOOLONG':
      return { kind: 'usage', message: `${path}: the name is too long; choose a shorter one` };
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return {
        kind: 'permission',
        message: `${path}: may not create files in ${directory}; write elsewhere`,
      };
    case 'ENOSPC':
    case 'EDQUOT':
      return {
        kind: 'unsupported',
        message: `${path}: ${directory} is full; free some space or write elsewhere`,
      };
    default:
      return { kind: 'unsupported', message: `${path}: cannot be written: ${message}` };
  }
}
