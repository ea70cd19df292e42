import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { MadeBy } from '../../render/words/verify/verify-checks.ts';
import { readVersion } from './version.ts';

/** Which thpscope answers about which files: what others need to do the same. Built-in names are no files. */
export async function madeBy(names: readonly string[]): Promise<MadeBy> {
  const files: { path: string; sha256: string }[] = [];
  for (const path of new Set(names)) {
    const bytes = await readFile(path).catch(() => undefined);
    if (bytes) files.push({ path, sha256: createHash('sha256').update(bytes).digest('hex') });
  }
  return { version: readVersion(), files };
}
