import { machine } from 'node:os';
import type { Cpu } from '../../core/rules/cpu.ts';
import { closeKernelFile, openKernelFile, readFully, readKernelFile } from '../kernel/kernel-file.ts';
import type { KernelTree } from '../kernel/kernel-tree.ts';

/** Enough for the first processor; the whole file has some kilobytes for each. */
const FIRST_BYTES = 8192;

/** The processor of a machine: the first one, where they differ. */
export function readCpu(tree: KernelTree): Cpu {
  const architecture = readArchitecture(tree);
  const file = openKernelFile(tree.proc('cpuinfo'));
  if (!file.ok) return { architecture };
  const bytes = new Uint8Array(FIRST_BYTES);
  const length = readFully(file.value, bytes, 0);
  closeKernelFile(file.value);
  return cpuOfText(architecture, new TextDecoder().decode(bytes.subarray(0, length.ok ? length.value : 0)));
}

/** As `uname -m` has it; recorded trees have its file since Linux 6.1. */
function readArchitecture(tree: KernelTree): string {
  if (tree.isRunning) return machine();
  const file = readKernelFile(tree.proc('sys/kernel/arch'));
  return file.ok ? file.value : 'unknown';
}

/** A processor out of the text of /proc/cpuinfo, whose fields each architecture names in its own way. */
export function cpuOfText(architecture: string, cpuinfo: string): Cpu {
  const field = (...names: string[]): string | undefined => {
    for (const name of names) {
      const text = new RegExp(`^${name}[ \\t]*:[ \\t]*(\\S.*)$`, 'm').exec(cpuinfo)?.[1].trimEnd();
      if (text !== undefined) return text;
    }
    return undefined;
  };
  const family = Number(field('cpu family'));
  return {
    architecture,
    vendor: field('vendor_id', 'CPU implementer'),
    family: Number.isSafeInteger(family) && family >= 0 ? family : undefined,
    // "cpu" is the name on ppc64.
    modelName: field('model name', 'Model Name', 'cpu'),
  };
}
