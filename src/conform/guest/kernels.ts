import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { FIRST_MTHP_SERIES, isBefore } from '../../core/base/release.ts';
import type { KernelModel } from '../../core/rules/kernel-model.ts';
import { modelOfRelease, NEWEST_MODEL } from '../../core/rules/kernel-release.ts';
import { GUEST_MACHINES, type GuestMachine } from './guest-machines.ts';
import { type GuestFile, initramfsOf } from './initramfs.ts';
import { labFile, runFetchScript } from './lab.ts';

const run = promisify(execFile);

/** A kernel that can be booted. */
export interface BootableKernel {
  /** Of the series that are fetched; the path of a kernel that was given as a file. */
  readonly name: string;
  readonly version: string;
  readonly path: string;
  /** Of those that swap and a disk need, the modules that come with it. */
  readonly modules: readonly string[];
  readonly model: KernelModel;
  /** What it runs on. */
  readonly machine: GuestMachine;
}

/** Those of x86-64, which are asked by default. */
export const KERNEL_SERIES = ['7.2', '7.3'] as const;

/** Of other machines: for suites that run no program of this machine. ppc64 has pages of 64K. */
const OTHER_MACHINES = {
  '7.2-arm64': 'arm64',
  '7.3-arm64': 'arm64',
  '7.2-arm64-16k': 'arm64-16k',
  '7.3-arm64-16k': 'arm64-16k',
  '7.2-ppc64': 'ppc64el',
  '7.3-ppc64': 'ppc64el',
} as const satisfies Record<string, GuestMachine['name']>;

type OtherSeries = keyof typeof OTHER_MACHINES;

export const OTHER_SERIES = Object.keys(OTHER_MACHINES) as OtherSeries[];

/** For swap, in the order in which they must be loaded, and for a disk. */
const MODULES = ['lz4_compress.ko', 'lz4hc_compress.ko', 'zram.ko', 'virtio_blk.ko'];

/**
 * Fetches the newest Debian cloud kernels of these series, or takes them from the cache. Fails as unsupported
 * where QEMU, a compiler, apt or its mirror is not there: nothing is installed.
 */
export async function fetchKernels(series: readonly string[]): Promise<Result<BootableKernel[]>> {
  const lines = await runKernelScript(series);
  if (!lines.ok) return lines;
  const kernels: BootableKernel[] = [];
  for (const line of lines.value) {
    const [name, version, folder] = line.split(' ');
    const kernel = kernelIn(name, version, join(folder, 'vmlinuz'), guestMachineOf(name));
    if (!kernel.ok) return kernel;
    kernels.push(kernel.value);
  }
  return succeed(kernels);
}

/** What a kernel runs on: a series as its name says, a file of the user's on x86-64. */
export function guestMachineOf(name: string | undefined): GuestMachine {
  const series = OTHER_SERIES.find((each) => each === name);
  return GUEST_MACHINES[series ? OTHER_MACHINES[series] : 'amd64'];
}

/**
 * A kernel image of the user's: Linux 7.2 or later for x86-64. Modules beside it are used, without them there
 * is no swap.
 */
export async function openKernel(path: string): Promise<Result<BootableKernel>> {
  let image: Buffer;
  try {
    image = readFileSync(path);
  } catch {
    return fail(
      'unreadable',
      `cannot read the kernel '${path}'; give ${[...KERNEL_SERIES, ...OTHER_SERIES].join(', ')} or the path of a vmlinuz`,
    );
  }
  const version = bootVersion(image);
  if (!version) return fail('unreadable', `'${path}' is no bootable x86 kernel (bzImage)`);
  const kernel = kernelIn(path, version, path, GUEST_MACHINES.amd64);
  if (!kernel.ok) return kernel;
  const tools = await runKernelScript([]);
  return tools.ok ? kernel : tools;
}

function kernelIn(
  name: string,
  version: string,
  path: string,
  machine: GuestMachine,
): Result<BootableKernel> {
  if (isBefore(version, FIRST_MTHP_SERIES)) {
    return fail(
      'unsupported',
      `${name} is Linux ${version}: khugepaged collapses to more than one size from 7.2 on`,
    );
  }
  const model = modelOfRelease(version) ?? NEWEST_MODEL;
  const modules = MODULES.map((module) => join(dirname(path), module)).filter((module) => existsSync(module));
  return succeed({ name, version, path, modules, model, machine });
}

/** The version that a bzImage states. Source: Documentation/arch/x86/boot, kernel_version. */
function bootVersion(image: Buffer): string | undefined {
  if (image.length < 0x1000 || image.toString('latin1', 0x202, 0x206) !== 'HdrS') return undefined;
  const start = image.readUInt16LE(0x20e) + 0x200;
  return /^\d+\.\d+[^\s\0]*/.exec(image.toString('latin1', start, start + 80))?.[0];
}

/** Runs the script that fetches kernels, and checks that the tools are there. */
async function runKernelScript(series: readonly string[]): Promise<Result<string[]>> {
  const lines = await runFetchScript('fetch-kernels.sh', series);
  return lines.ok ? lines : fail('unsupported', `no real kernel to boot: ${lines.failure.message}`);
}

/** Compiles the probe for a machine into this folder; its path. Fails where there is no C compiler. */
export function compileProbe(
  folder: string,
  machine: GuestMachine = GUEST_MACHINES.amd64,
): Promise<Result<string>> {
  return compile('probe', folder, machine);
}

/**
 * Compiles a program of the guest, all C files of a folder of kernel-lab, into this folder; returns its path.
 */
export async function compile(
  name: 'probe' | 'live' | 'restart' | 'diff',
  folder: string,
  { compiler, geometry }: GuestMachine = GUEST_MACHINES.amd64,
): Promise<Result<string>> {
  const program = join(folder, name);
  const { pageShift, pmdOrder } = geometry;
  const pages = [`-DPROBE_PAGE_SHIFT=${pageShift}`, `-DPROBE_PMD_ORDER=${pmdOrder}`];
  const flags = ['-std=gnu11', '-static', '-O1', '-Wall', '-Wextra', '-Werror', ...pages];
  const sources = readdirSync(labFile(name)).filter((file) => file.endsWith('.c'));
  try {
    await run(compiler, [...flags, ...sources.map((file) => labFile(name, file)), '-o', program]);
  } catch (error) {
    return fail(
      'unsupported',
      `kernel-lab/${name} cannot be compiled: ${(error as Error).message.split('\n')[0]}`,
    );
  }
  return succeed(program);
}

/** Packs the probe, the modules of a kernel and further files as initramfs; returns its path. */
export function buildInitramfs(
  probe: string,
  kernel: BootableKernel,
  folder: string,
  files: readonly GuestFile[] = [],
): string {
  const path = join(folder, 'initramfs.cpio');
  const modules = kernel.modules.map((module) => ({
    name: `modules/${basename(module)}`,
    content: readFileSync(module),
  }));
  const init = { name: 'init', content: readFileSync(probe), executable: true };
  writeFileSync(path, initramfsOf([init, ...modules, ...files]));
  return path;
}
