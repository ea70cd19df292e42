import { readKernelFile } from '../../linux/kernel/kernel-file.ts';
import type { KernelTree } from '../../linux/kernel/kernel-tree.ts';
import { listCgroupPids, listUserPids } from '../../linux/processes/process.ts';
import { statFields } from '../../linux/processes/process-status.ts';
import type { ProcessFlags } from '../shared/flags/source-flags.ts';

interface Named {
  readonly pid: number;
  readonly command: string;
  readonly startTime: string | undefined;
}

/** The processes that the flags name, while they come and go. */
export class WatchedProcesses {
  readonly #tree: KernelTree;
  readonly #flags: ProcessFlags;
  /** Those that are named one by one and still run. */
  #named: Named[];

  constructor(tree: KernelTree, flags: ProcessFlags) {
    this.#tree = tree;
    this.#flags = flags;
    this.#named = [...new Set(flags.pid)].map((pid) => {
      const comm = readKernelFile(`${tree.process(pid)}/comm`);
      return { pid, command: comm.ok ? comm.value : '', startTime: startTimeOf(tree, pid) };
    });
  }

  /** The pids of those that run now. */
  pids(): readonly number[] {
    const { pid = [], cgroup } = this.#flags;
    if (pid.length > 0) return this.#named.map((each) => each.pid);
    if (cgroup === undefined) return listUserPids(this.#tree);
    const pids = listCgroupPids(this.#tree, cgroup);
    return pids.ok ? pids.value : [];
  }

  /** Those named one by one that have ended since the last time. */
  takeEnded(): { readonly pid: number; readonly command: string }[] {
    const ended = this.#named.filter(({ pid, startTime }) => startTimeOf(this.#tree, pid) !== startTime);
    this.#named = this.#named.filter((each) => !ended.includes(each));
    return ended.map(({ pid, command }) => ({ pid, command }));
  }

  /** Whether none is left of those that are named one by one. */
  get allEnded(): boolean {
    return (this.#flags.pid?.length ?? 0) > 0 && this.#named.length === 0;
  }
}

/** Undefined where it has ended; of a zombie too, whose memory is gone. */
function startTimeOf(tree: KernelTree, pid: number): string | undefined {
  const stat = statFields(tree.process(pid));
  return stat?.[0] === 'Z' ? undefined : stat?.[19];
}
