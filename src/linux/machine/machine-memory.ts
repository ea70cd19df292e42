import { readKernelFile } from '../kernel/kernel-file.ts';
import type { KernelTree } from '../kernel/kernel-tree.ts';

/** Memory of a machine as /proc/meminfo has it; undefined where nothing says. */
export interface MachineMemory {
  readonly totalBytes: number | undefined;
  /** What can be had without swapping: MemAvailable. */
  readonly availableBytes: number | undefined;
}

export function readMachineMemory(tree: KernelTree): MachineMemory {
  const file = readKernelFile(tree.proc('meminfo'));
  const bytesOf = (name: string) => {
    const kib = file.ok ? new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(file.value)?.[1] : undefined;
    return kib === undefined ? undefined : Number(kib) * 1024;
  };
  return { totalBytes: bytesOf('MemTotal'), availableBytes: bytesOf('MemAvailable') };
}

/** How long the machine runs, in milliseconds; undefined where nothing says. */
export function readUptime(tree: KernelTree): number | undefined {
  const file = readKernelFile(tree.proc('uptime'));
  const seconds = file.ok ? Number.parseFloat(file.value) : Number.NaN;
  return Number.isNaN(seconds) ? undefined : seconds * 1000;
}

/**
 * For how much of the last ten seconds some task waited for memory, in percent; undefined where nothing says.
 */
export function readMemoryStall(tree: KernelTree): number | undefined {
  const file = readKernelFile(tree.proc('pressure/memory'));
  const percent = file.ok ? /^some avg10=(\d+\.\d+) /m.exec(file.value)?.[1] : undefined;
  return percent === undefined ? undefined : Number(percent);
}
