import { extname } from 'node:path';
import { packagePath } from '../../assets.ts';

/** The header and the runner of searches in C, in the package as in the repository. */
export const C_WALK = packagePath('c-walk/');

/** Files with C: of patches and mails, what they add. */
const WITH_C = ['.c', '.patch', '.diff', '.eml', '.mbox'];

/** Whether a word names a file with C. */
export function isCFile(name: string): boolean {
  return WITH_C.includes(extname(name));
}
