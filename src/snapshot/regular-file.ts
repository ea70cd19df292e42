import { type BigIntStats, closeSync, constants, fstatSync, openSync } from 'node:fs';
import { type Failure, fail, failWith, type Result, succeed } from '../core/base/failure.ts';

/** A regular file that is open for reading. */
export interface RegularFile {
  readonly fd: number;
  /** In bytes. */
  readonly size: number;
  /** Differs when the name stands for another file, or the content has changed. */
  readonly version: string;
}

/**
 * Opens an input, and never waits for it: a FIFO would wait for a writer, a device need not end. Fails with
 * `permission` or `unreadable`; `name` is what messages call the file.
 */
export function openRegularFile(path: string, name = path): Result<RegularFile> {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return failWith(openFailure(name, error as NodeJS.ErrnoException));
  }
  const stat = fstatSync(fd, { bigint: true });
  if (stat.isFile()) {
    const { dev, ino, size, mtimeNs } = stat;
    return succeed({ fd, size: Number(size), version: [dev, ino, size, mtimeNs].join('-') });
  }
  closeSync(fd);
  return fail('unreadable', `${name}: is not a regular file but a ${kindOf(stat)}; name a file`);
}

function kindOf(stat: BigIntStats): string {
  if (stat.isDirectory()) return 'directory';
  if (stat.isFIFO()) return 'pipe';
  return stat.isSocket() ? 'socket' : 'device';
}

function openFailure(name: string, { code, message }: NodeJS.ErrnoException): Failure {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { kind: 'unreadable', message: `${name}: no such file; check the path` };
    case 'EACCES':
    case 'EPERM':
      return { kind: 'permission', message: `${name}: permission denied; read it as its owner` };
    default:
      return { kind: 'unreadable', message: `${name}: cannot be opened: ${message}` };
  }
}
