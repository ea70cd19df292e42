import { promises as fs, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { type Failure, fail } from '../core/base/failure.ts';
import { partialPath, removeAbandoned } from './partial-name.ts';

/** Who may read a new file: its owner only, or whom the umask of the user lets. */
export type Readers = 'owner' | 'umask';

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

/** What a file is written to. Methods throw `WriteError`. */
export interface Output {
  append(bytes: Uint8Array): Promise<void>;
  /** All is there. */
  commit(): Promise<void>;
  /** Leaves what is not whole, and removes it where that can be done. */
  discard(): Promise<void>;
}

/** Files that are not whole: they go with the process, if it ends before they are. */
const unfinished = new Set<string>();
process.on('exit', () => {
  for (const path of unfinished) rmSync(path, { force: true });
});

/** What is there under the name already. */
interface Earlier {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/**
 * A file that gets its name only when it is whole: until `commit` it grows under a temporary name in the same
 * directory, and an earlier file of the name stays as it is. What takes the place of a file has its mode and
 * owner; what is written through a link takes the place of the file that it leads to.
 */
export class OutputFile implements Output {
  readonly #path: string;
  readonly #target: string;
  readonly #temporary: string;
  readonly #handle: fs.FileHandle;
  readonly #earlier: Earlier | undefined;

  private constructor(
    path: string,
    target: string,
    temporary: string,
    handle: fs.FileHandle,
    earlier: Earlier | undefined,
  ) {
    this.#path = path;
    this.#target = target;
    this.#temporary = temporary;
    this.#handle = handle;
    this.#earlier = earlier;
  }

  static async create(path: string, readers: Readers): Promise<OutputFile> {
    return attempt(path, async () => {
      const target = await targetOf(path);
      const earlier = await existing(target);
      await removeAbandoned(dirname(target));
      const temporary = partialPath(target);
      unfinished.add(temporary);
      try {
        const handle = await fs.open(temporary, 'wx', readers === 'owner' ? 0o600 : 0o666);
        return new OutputFile(path, target, temporary, handle, earlier);
      } catch (error) {
        unfinished.delete(temporary);
        throw error;
      }
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
      if (this.#earlier) await this.#takeOver(this.#earlier);
      await this.#handle.sync();
      await this.#handle.close();
      await fs.rename(this.#temporary, this.#target);
      unfinished.delete(this.#temporary);
    });
  }

  /** Removes what there is of an uncommitted file. */
  async discard(): Promise<void> {
    // What went wrong before matters more than a close or removal that fails too.
    await this.#handle.close().catch(() => {});
    await fs.rm(this.#temporary, { force: true }).catch(() => {});
    unfinished.delete(this.#temporary);
  }

  async #takeOver({ mode, uid, gid }: Earlier): Promise<void> {
    // Only root may give files away; for others the new file is theirs.
    await this.#handle.chown(uid, gid).catch(() => {});
    await this.#handle.chmod(mode & 0o777);
  }
}

/**
 * The file that a path stands for, through links: one that leads to nothing, or may not be followed, fails.
 */
async function targetOf(path: string): Promise<string> {
  const link = await fs.lstat(path).catch(ifMissing);
  if (!link?.isSymbolicLink()) return path;
  if (!(await fs.stat(path).catch(ifMissing)))
    throw new WriteError(fail('usage', `${path}: is a link that leads to no file; name the file`).failure);
  await existing(path);
  // The kernel says whether this user may write through a link: not through those of others in /tmp.
  await (await fs.open(path, 'r+')).close();
  return fs.realpath(path);
}

/** The regular file of this name; undefined where there is none. Renaming onto /dev/null would replace it. */
async function existing(path: string): Promise<Earlier | undefined> {
  const stat = await fs.stat(path).catch(ifMissing);
  if (stat && !stat.isFile())
    throw new WriteError(fail('usage', `${path}: is not a regular file; choose another name`).failure);
  return stat;
}

function ifMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
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
