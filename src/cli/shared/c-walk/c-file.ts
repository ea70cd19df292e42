import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The header and the runner of searches in C, in the package as in the repository. */
export const C_WALK = fileURLToPath(new URL('../../../../c-walk/', import.meta.url));

/** Whether a word names a C file. */
export function isCFile(name: string): boolean {
  return extname(name) === '.c';
}
