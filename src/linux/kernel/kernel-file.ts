import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { fail, type Result, succeed } from '../../core/base/failure.ts';

/** The errno name of a failed system call, such as EACCES; undefined for other errors. */
function errnoOf(error: unknown): string | undefined {
  const code = (error as NodeJS.ErrnoException).code;
  return typeof code === 'string' ? code : undefined;
}

/**
 * A read of kernel memory facts failed in the middle of a process. Thrown within this room only: the live
 * source reports the rest of the process as skipped.
 */
export class KernelReadError extends Error {}

/** Reads a whole small file of procfs or sysfs, without the last newline. */
export function readKernelFile(path: string): Result<string> {
  return attempt(path, () => readFileSync(path, 'utf8').trimEnd());
}

/** Opens a file of procfs for bulk reads. */
export function openKernelFile(path: string): Result<number> {
  return attempt(path, () => openSync(path, 'r'));
}

export function closeKernelFile(fd: number): void {
  closeSync(fd);
}

/** Fills the buffer from a byte position, over short reads; returns the bytes read, fewer only at the end. */
export function readFully(fd: number, buffer: Uint8Array, position: number): Result<number> {
  return attempt('read', () => {
    let filled = 0;
    while (filled < buffer.length) {
      const bytes = readSync(fd, buffer, filled, buffer.length - filled, position + filled);
      if (bytes === 0) break;
      filled += bytes;
    }
    return filled;
  });
}

function attempt<T>(path: string, action: () => T): Result<T> {
  try {
    return succeed(action());
  } catch (error) {
    switch (errnoOf(error)) {
      case 'EACCES':
      case 'EPERM':
        return fail('permission', `${path}: permission denied`);
      case 'ENOENT':
      case 'ESRCH':
        return fail('unreadable', `${path}: no such file or process`);
      case undefined:
        throw error;
      default:
        return fail('unreadable', `${path}: ${(error as Error).message}`);
    }
  }
}
