import { readdirSync } from 'node:fs';
import { readKernelFile } from '../kernel/kernel-file.ts';
import type { KernelTree } from '../kernel/kernel-tree.ts';

/** Flags of a task in /proc/PID/stat (PF_ of linux/sched.h). */
const EXITING = 0x4;
const KERNEL_THREAD = 0x200000;

/** /proc/PID/status of a process or thread, by its keys. */
export class TaskStatus {
  /** Where the files of the task are: /proc/PID, or /proc/PID/task/TID. */
  readonly folder: string;
  readonly #text: string;

  private constructor(folder: string, text: string) {
    this.folder = folder;
    this.#text = text;
  }

  /** Undefined where there is no such task. */
  static read(folder: string): TaskStatus | undefined {
    const status = readKernelFile(`${folder}/status`);
    return status.ok ? new TaskStatus(folder, status.value) : undefined;
  }

  field(name: string): string | undefined {
    return new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(this.#text)?.[1];
  }

  /** The bytes of a field in kB; undefined where the kernel does not have it. */
  bytes(name: string): number | undefined {
    const text = /^(\d+) kB$/.exec(this.field(name) ?? '')?.[1];
    return text === undefined ? undefined : Number(text) * 1024;
  }

  /** Kernel threads have no memory of their own, neither has a task that has ended. */
  get hasMemory(): boolean {
    return this.field('VmSize') !== undefined;
  }
}

/**
 * A task through which the memory of a process can be read: the process itself, or a thread that lives on
 * where the main thread has ended. Undefined where none has memory.
 */
export function taskWithMemory(
  tree: KernelTree,
  pid: number,
  main = TaskStatus.read(tree.process(pid)),
): TaskStatus | undefined {
  if (!main || main.hasMemory) return main;
  for (const tid of threadsOf(main.folder)) {
    const thread = TaskStatus.read(`${main.folder}/task/${tid}`);
    if (thread?.hasMemory) return thread;
  }
  return undefined;
}

function threadsOf(folder: string): string[] {
  try {
    return readdirSync(`${folder}/task`);
  } catch {
    return [];
  }
}

/** Why a process has no memory: what it is. */
export function kindWithoutMemory(folder: string): string {
  const [state, , , , , , flags] = statFields(folder) ?? [];
  if ((Number(flags) & KERNEL_THREAD) !== 0) return 'a kernel thread, it has no memory of its own';
  if (state === 'Z') return 'a zombie, it has no memory of its own';
  if ((Number(flags) & EXITING) !== 0) return 'it is ending, its memory is gone or going';
  return 'it has no memory of its own';
}

/** The fields of stat from the state on, which is field 3; undefined where there is no such task. */
export function statFields(folder: string): string[] | undefined {
  const stat = readKernelFile(`${folder}/stat`);
  // They are counted after the command, which may itself hold spaces and parentheses.
  return stat.ok ? stat.value.slice(stat.value.lastIndexOf(')') + 2).split(' ') : undefined;
}
