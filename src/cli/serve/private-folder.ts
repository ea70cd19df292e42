import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * A new directory that only this user may look into. It is removed when the process ends, however that comes
 * about.
 */
export function makePrivateFolder(process: NodeJS.Process): string {
  const folder = mkdtempSync(join(tmpdir(), 'thpscope-serve-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
