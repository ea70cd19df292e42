import { closeSync, openSync, readSync } from 'node:fs';

/** Whether a file begins as a digest does; false where it cannot be read, which its reader then says. */
export function isDigestFile(path: string): boolean {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch {
    return false;
  }
  try {
    const start = Buffer.alloc(1);
    return readSync(fd, start, 0, 1, 0) === 1 && start.toString() === '{';
  } catch {
    return false;
  } finally {
    closeSync(fd);
  }
}
