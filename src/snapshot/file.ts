import { closeSync, constants, fstatSync, openSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { fail, type Failure, type Result, succeed } from '../core/failure.ts';
import { openSnapshot, type Snapshot } from './reader.ts';

const readAt = promisify(read);

/** A snapshot whose file stays open until `close`, or until the process ends. */
export interface SnapshotFile extends Snapshot {
  close(): void;
}

/**
 * Opens the snapshot at this path: see `openSnapshot`. Fails with `permission` or `unreadable` where this user finds no
 * sound snapshot.
 */
export async function openSnapshotFile(path: string): Promise<Result<SnapshotFile>> {
  const file = openRegularFile(path);
  if (!file.ok) return file;
  const { fd, size } = file.value;
  const slice = (start: number, end = size) => readSlice(fd, start, end);
  const source = await openSnapshot({ byteLength: size, slice }, path);
  if (!source.ok) {
    closeSync(fd);
    return source;
  }
  return succeed({ ...source.value, close: () => closeSync(fd) });
}

function openRegularFile(path: string): Result<{ fd: number; size: number }> {
  let fd: number;
  try {
    // Opening a FIFO would wait for a writer.
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (error) {
    return { ok: false, failure: openFailure(path, error as NodeJS.ErrnoException) };
  }
  const stat = fstatSync(fd);
  if (stat.isFile()) return succeed({ fd, size: stat.size });
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
