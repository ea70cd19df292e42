import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { PACKAGE_ROOT } from '../package-root.ts';

/** Room for the ranges of a process of some GiB. */
const MAX_BYTES = 1 << 28;

/** Asks the built command on this machine; the JSON that it printed. */
export type AskBuilt = (...words: string[]) => Promise<Result<unknown>>;

/** The package as it is built, in a process of its own. */
export const askBuilt: AskBuilt = async (...words) => {
  const main = join(PACKAGE_ROOT, 'dist/cli/main.js');
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [main, ...words], {
      maxBuffer: MAX_BYTES,
    });
    return succeed(JSON.parse(stdout) as unknown);
  } catch (error) {
    return fail('unreadable', `'thpscope ${words.join(' ')}' failed: ${(error as Error).message}`);
  }
};
