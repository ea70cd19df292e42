import { closeSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { type Result, succeed } from '../core/base/failure.ts';
import { openSnapshot, type Snapshot } from './reader.ts';
import { openRegularFile, type RegularFile } from './regular-file.ts';

const readAt = promisify(read);

/** A snapshot whose file stays open until `close`, or until the process ends. */
export interface SnapshotFile extends Snapshot {
  close(): void;
}

/**
 * Opens the snapshot at this path, which messages call `name`: see `openSnapshot`. Fails with `permission` or
 * `unreadable` where this user finds no sound snapshot.
 */
export async function openSnapshotFile(path: string, name = path): Promise<Result<SnapshotFile>> {
  const file = openRegularFile(path, name);
  if (!file.ok) return file;
  const { fd } = file.value;
  const source = await checkSnapshot(file.value, name);
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
