import { existsSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { formatBytes } from '../../../core/base/bytes.ts';
import { fail, type Result, succeed } from '../../../core/base/failure.ts';
import type { Context } from '../context.ts';
import { makePrivateFolder } from '../output/private-folder.ts';
import { LARGEST_BYTES } from './input-file.ts';

/** What messages call it. */
export const STANDARD_INPUT = 'standard input';

/** Far beyond the snapshot of any host. */
const LARGEST_SNAPSHOT_BYTES = 2 ** 36;
const SNAPSHOT_BEGINS = 'PAR1';

const NAMED_TWICE = fail('usage', `-: ${STANDARD_INPUT} can be read once; name a file for the others`);

const taken = new WeakSet<Readable>();

/** Standard input, for the one reader that there can be. */
export function takeStandardInput({ process }: Context): Result<Readable> {
  if (taken.has(process.stdin)) return NAMED_TWICE;
  taken.add(process.stdin);
  return succeed(process.stdin);
}

/** Fails where several of the words that name inputs name standard input. */
export function checkNamedOnce(words: readonly (string | undefined)[]): Result<void> {
  return words.filter((word) => word === '-').length > 1 ? NAMED_TWICE : succeed(undefined);
}

/**
 * Reads standard input to its end into a file, for what is read at any place and by several threads, and
 * gives its path. Nobody else may read the file, and it is gone when this process is. Fails where standard
 * input is a terminal, empty, or more than a snapshot can be.
 */
export async function keepStandardInput(context: Context): Promise<Result<string>> {
  if (context.process.stdin.isTTY)
    return fail('usage', `-: ${STANDARD_INPUT} is a terminal; pipe a file into it, or name one`);
  const input = takeStandardInput(context);
  if (!input.ok) return input;
  const path = join(makePrivateFolder(context), 'standard-input');
  const fd = openSync(path, 'wx+', 0o600);
  const kept = keptPath(path, fd);
  try {
    let size = 0;
    for await (const chunk of input.value) {
      for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at);
      size += chunk.length;
      const limit = size > LARGEST_BYTES && beginsAsSnapshot(fd) ? LARGEST_SNAPSHOT_BYTES : LARGEST_BYTES;
      if (size > limit)
        return fail(
          'unreadable',
          `${STANDARD_INPUT}: has more than ${formatBytes(limit)}, too much for what it should be`,
        );
    }
    if (size > 0) return succeed(kept);
    return fail('unreadable', `${STANDARD_INPUT}: is empty; has the command that should write it failed?`);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC' || code === 'EDQUOT')
      return fail(
        'unsupported',
        `${STANDARD_INPUT}: is kept in ${dirname(dirname(path))}, which is full; set TMPDIR, or name a file`,
      );
    return fail('unreadable', `${STANDARD_INPUT}: cannot be read: ${message}`);
  }
}

/**
 * A path of an open file that has no name any more, so that not even SIGKILL leaves it behind; where no such
 * path is, the file stays until the `exit` of the process.
 */
function keptPath(path: string, fd: number): string {
  const open = `/dev/fd/${fd}`;
  if (!existsSync(open)) return path;
  rmSync(dirname(path), { recursive: true });
  return open;
}

function beginsAsSnapshot(fd: number): boolean {
  const start = Buffer.alloc(SNAPSHOT_BEGINS.length);
  readSync(fd, start, 0, start.length, 0);
  return start.toString('latin1') === SNAPSHOT_BEGINS;
}
