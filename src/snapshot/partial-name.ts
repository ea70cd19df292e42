import { createHash, randomBytes } from 'node:crypto';
import { promises as fs } from 'node:fs';
import { hostname } from 'node:os';
import { basename, dirname, join } from 'node:path';

/** What names of files may have. */
const LONGEST_NAME = 255;

/** Who writes a file that is not whole: a process of a machine. A directory may be shared by several. */
const PARTIAL = /\.([0-9a-f]{8})-(\d+)-[0-9a-f]{12}\.partial$/;

/** The hidden name beside a file under which it grows; it says who writes it. */
export function partialPath(path: string): string {
  const writer = `${machineMark()}-${process.pid}-${randomBytes(6).toString('hex')}`;
  const ending = `.${writer}.partial`;
  return join(dirname(path), `.${cutToBytes(basename(path), LONGEST_NAME - 1 - ending.length)}${ending}`);
}

/** Removes what writers of this machine that were killed have left in a directory, where this user may. */
export async function removeAbandoned(directory: string): Promise<void> {
  for (const name of await fs.readdir(directory)) {
    const [, machine, pid] = PARTIAL.exec(name) ?? [];
    if (machine !== machineMark() || isRunning(Number(pid))) continue;
    await fs.rm(join(directory, name), { force: true }).catch(() => {});
  }
}

function machineMark(): string {
  return createHash('sha256').update(hostname()).digest('hex').slice(0, 8);
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** The beginning of a text that has at most this many bytes, without half a character. */
function cutToBytes(text: string, bytes: number): string {
  return new TextDecoder().decode(new TextEncoder().encode(text).subarray(0, bytes), { stream: true });
}
