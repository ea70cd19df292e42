import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { fail, type Result, succeed } from '../core/failure.ts';
import { initramfsOf } from './initramfs.ts';

const run = promisify(execFile);

/** Where the shell script and the probe are, in the package as in the repository. */
const ASSETS = fileURLToPath(new URL('../../kernel-lab/', import.meta.url));

/** A kernel that can be booted. */
export interface BootableKernel {
  /** 7.2 or 7.3; the path of a kernel that was given as a file. */
  readonly series: string;
  readonly version: string;
  readonly path: string;
}

/** Folder outside of the repository where kernels are kept. */
function kernelCache(): string {
  return join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'thpscope', 'kernels');
}

/**
 * Fetches the newest Debian cloud kernels of these series, or takes them from the cache. Installs QEMU and a compiler
 * where they are missing and the user may. Fails as unsupported where apt or its mirror is not there.
 */
export async function fetchKernels(series: readonly string[]): Promise<Result<BootableKernel[]>> {
  const cache = kernelCache();
  mkdirSync(cache, { recursive: true });
  try {
    const { stdout } = await run(join(ASSETS, 'fetch-kernels.sh'), [cache, ...series]);
    const lines = stdout.trim().split('\n');
    return succeed(
      lines.map((line) => {
        const [name, version, path] = line.split(' ');
        return { series: name, version, path };
      }),
    );
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    const reason = stderr?.trim().split('\n').at(-1) || message;
    return fail('unsupported', `no real kernel to boot: ${reason}`);
  }
}

/** Compiles the probe and packs it as initramfs; returns the path. Fails where there is no C compiler. */
export async function buildInitramfs(folder: string): Promise<Result<string>> {
  const probe = join(folder, 'probe');
  const flags = ['-std=gnu11', '-static', '-O1', '-Wall', '-Wextra', '-Werror'];
  try {
    await run('cc', [...flags, join(ASSETS, 'probe.c'), '-o', probe]);
  } catch (error) {
    return fail('unsupported', `the probe cannot be compiled: ${(error as Error).message.split('\n')[0]}`);
  }
  const path = join(folder, 'initramfs.cpio');
  writeFileSync(path, initramfsOf(readFileSync(probe)));
  return succeed(path);
}
