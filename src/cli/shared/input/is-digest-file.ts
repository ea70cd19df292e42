import { closeSync, readSync } from 'node:fs';
import { withoutMark } from '../../../core/base/json.ts';
import { openRegularFile } from '../../../snapshot/regular-file.ts';
import type { InputFile } from './input-file.ts';

/** A byte order mark and a brace. */
const FIRST_BYTES = 4;

/** Whether a file begins as a digest does; false where it cannot be read, which its reader then says. */
export function isDigestFile({ path }: InputFile): boolean {
  const file = openRegularFile(path);
  if (!file.ok) return false;
  const { fd } = file.value;
  try {
    const start = Buffer.alloc(FIRST_BYTES);
    readSync(fd, start, 0, FIRST_BYTES, 0);
    return withoutMark(start.toString()).startsWith('{');
  } catch {
    return false;
  } finally {
    closeSync(fd);
  }
}
