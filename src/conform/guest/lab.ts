import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { PACKAGE_ROOT } from '../package-root.ts';

/** The scripts, the probe and the programs of the guest, in the package as in the repository. */
const LAB = join(PACKAGE_ROOT, 'kernel-lab');

/** The path of a file of kernel-lab. */
export function labFile(...names: string[]): string {
  return join(LAB, ...names);
}

/** Folder outside of the repository where kernels are kept, each in a folder of its series. */
export function kernelCache(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'thpscope', 'kernels');
}

/**
 * Runs a script of kernel-lab that fetches something into the cache; the lines that it printed. Fails as
 * unsupported with the last line of what it complains about.
 */
export async function runFetchScript(
  script: 'fetch-kernels.sh' | 'fetch-packages.sh',
  names: readonly string[],
): Promise<Result<string[]>> {
  const cache = kernelCache();
  mkdirSync(cache, { recursive: true });
  try {
    const { stdout } = await promisify(execFile)(labFile(script), [cache, ...names]);
    return succeed(stdout.split('\n').filter((line) => line !== ''));
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    return fail('unsupported', stderr?.trim().split('\n').at(-1) || message);
  }
}
