import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from '../context.ts';

/**
 * A new directory that only this user may look into. It is removed at the `exit` of the process: whatever
 * ends it but SIGKILL must come to that.
 */
export function makePrivateFolder({ process, command }: Context): string {
  const folder = mkdtempSync(join(tmpdir(), `thpscope-${command}-`));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
