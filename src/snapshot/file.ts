import { closeSync, constants, fstatSync, openSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { type Failure, fail, failWith, type Result, succeed } from '../core/base/failure.ts';
import { openSnapshot, type Snapshot } from './reader.ts';

const readAt = promisify(read);

/** A snapshot whose file stays open until `close`, or until the process ends. */
export interface SnapshotFile extends Snapshot {
  close(): void;
}

/** A regular file that is open for reading. */
export interface RegularFile {
  readonly fd: number;
  /** In bytes. */
  readonly size: number;
  /** Differs when the name stands for another file, or the content has changed. */
  readonly version: string;
}

/**
 * Opens the snapshot at this path: see `openSnapshot`. Fails with `permission` or `unreadable` where this
 * user finds no sound snapshot.
 */
export async function openSnapshotFile(path: string): Promise<Result<SnapshotFile>> {
  const file = openRegularFile(path);
  if (!file.ok) return file;
  const { fd } = file.value;
  const source = await checkSnapshot(file.value, path);
  if (!source.ok) {
    closeSync(fd);
    return source;
  }
  return succeed({ ...source.value, close: () => closeSync(fd) });
}

/** The snapshot in an open file, which stays open: see `openSnapshot`. */
export function checkSnapshot({ fd, size }: RegularFile, name: string): Promise<Result<Snapshot>> {
  const slice = (start: number, end = size) => readSlice(fd, start, end);
  return openSnapshot({ byteLength: size, slice }, name);
}

/** Opens what may be a snapshot, for reading. Fails with `permission` or `unreadable`. */
export function openRegularFile(path: string): Result<RegularFile> {
  let fd: number;
  try {
    // Opening a FIFO would wait for a writer.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return failWith(openFailure(path, error as NodeJS.ErrnoException));
  }
  const stat = fstatSync(fd, { bigint: true });
  if (stat.isFile()) {
    const { dev, ino, size, mtimeNs } = stat;
    return succeed({ fd, size: Number(size), version: [dev, ino, size, mtimeNs].join('-') });
  }
  closeSync(fd);
  return fail('unreadable', `${path}: is not a regular file; name a snapshot that 'thpscope capture' wrote`);
}

/** The bytes from start to end, fewer where the file ends before. */
async function readSlice(fd: number, start: number, end: number): Promise<ArrayBuffer> {
  const bytes = new Uint8Array(end - start);
  let filled = 0;
  while (filled < bytes.length) {
    const { bytesRead } = await readAt(fd, bytes, filled, bytes.length - filled, start + filled);
    if (bytesRead === 0) return bytes.buffer.slice(0, filled);
    filled += bytesRead;
  }
  return bytes.buffer;
}

function openFailure(path: string, { code, message }: NodeJS.ErrnoException): Failure {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return { kind: 'unreadable', message: `${path}: no such file; check the path` };
    case 'EACCES':
    case 'EPERM':
      return {
        kind: 'permission',
        message: `${path}: permission denied; read it as the user who captured it`,
      };
    default:
      return { kind: 'unreadable', message: `${path}: cannot be opened: ${message}` };
  }
}
