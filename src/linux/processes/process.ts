import { existsSync, readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import type { Process } from '../../core/rules/memory-source.ts';
import { readKernelFile } from '../kernel/kernel-file.ts';
import type { KernelTree } from '../kernel/kernel-tree.ts';
import { kindWithoutMemory, statFields, TaskStatus, taskWithMemory } from './process-status.ts';

/** The pids of all processes that have memory, ascending: no kernel threads, no zombies. */
export function listUserPids(tree: KernelTree): number[] {
  return readdirSync(tree.proc(''))
    .filter((name) => /^\d+$/.test(name) && hasMemory(tree, Number(name)))
    .map(Number)
    .sort((a, b) => a - b);
}

function hasMemory(tree: KernelTree, pid: number): boolean {
  const statm = readKernelFile(`${tree.process(pid)}/statm`);
  // Of a process whose main thread has ended, statm says 0.
  return statm.ok && (!statm.value.startsWith('0 ') || taskWithMemory(tree, pid) !== undefined);
}

/** A process and how much memory it has, files and shared memory included. */
export interface SizedProcess {
  readonly pid: number;
  readonly residentPages: number;
}

/** Processes by their resident memory, the largest first; those that have ended come last. */
export function largestFirst(tree: KernelTree, pids: readonly number[]): SizedProcess[] {
  return pids
    .map((pid) => ({ pid, residentPages: residentOf(tree, pid) }))
    .sort((a, b) => b.residentPages - a.residentPages);
}

/** The second number of statm, in pages: the kernel counts it as it goes, and walks nothing for it. */
function residentOf(tree: KernelTree, pid: number): number {
  const statm = readKernelFile(`${tree.process(pid)}/statm`);
  return statm.ok ? Number(statm.value.split(' ', 2)[1]) : 0;
}

/**
 * The pids of a control group and of those below it; the path may be absolute or relative to /sys/fs/cgroup.
 */
export function listCgroupPids(tree: KernelTree, path: string): Result<number[]> {
  if (path === '')
    return fail('usage', "--cgroup '': give the path of a control group; / is the whole machine");
  const candidates = [
    tree.absolute(path),
    tree.sys(`fs/cgroup/${path}`),
    tree.sys(`fs/cgroup/unified/${path}`),
    tree.sys(`fs/cgroup/memory/${path}`),
  ];
  const root = candidates.find((directory) => readKernelFile(`${directory}/cgroup.procs`).ok);
  if (root === undefined) {
    const threaded = candidates.find(isThreaded);
    if (threaded !== undefined)
      return fail(
        'unreadable',
        `cgroup ${path}: is threaded, so it lists no processes; give its parent, ${dirname(threaded)}`,
      );
    return fail('unreadable', `cgroup ${path}: no cgroup.procs there; give a directory below /sys/fs/cgroup`);
  }
  const pids = new Set<number>();
  collectCgroupPids(root, pids);
  if (pids.size === 0)
    return fail('unreadable', `cgroup ${path}: holds no process, and neither does a group below it`);
  return succeed([...pids].sort((a, b) => a - b));
}

function isThreaded(directory: string): boolean {
  const type = readKernelFile(`${directory}/cgroup.type`);
  return type.ok && type.value === 'threaded';
}

function collectCgroupPids(directory: string, pids: Set<number>): void {
  // A threaded group does not list processes, but groups below it may; a group may vanish meanwhile.
  const procs = readKernelFile(`${directory}/cgroup.procs`);
  for (const line of procs.ok ? procs.value.split('\n') : []) if (/^\d+$/.test(line)) pids.add(Number(line));
  if (!existsSync(directory)) return;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    if (entry.isDirectory()) collectCgroupPids(`${directory}/${entry.name}`, pids);
  }
}

/** A process and the folder of /proc to read its memory through. */
export interface OpenedProcess {
  readonly process: Process;
  readonly folder: string;
}

/**
 * What /proc says of a process as a whole. Fails for what has no memory of its own: kernel threads, zombies,
 * a process that is ending.
 */
export function readProcess(tree: KernelTree, pid: number): Result<OpenedProcess> {
  const folder = tree.process(pid);
  const main = TaskStatus.read(folder);
  const stat = statFields(folder);
  if (!main || !stat)
    return fail('unreadable', `process ${pid}: no such process; see ps for the ones there are`);
  const command = main.field('Name') ?? '';
  const owner = Number(main.field('Tgid'));
  if (owner !== pid)
    return fail('unreadable', `process ${pid}: is a thread of process ${owner}; read that one`);
  const task = taskWithMemory(tree, pid, main);
  if (!task) return fail('unreadable', `process ${pid} (${command}): ${kindWithoutMemory(folder)}`);
  const startTime = Number(stat[19]);
  if (!Number.isSafeInteger(startTime))
    return fail('unreadable', `process ${pid}: its stat is none that a kernel writes`);
  const enabled = task.field('THP_enabled');
  const process = {
    pid,
    startTime,
    command,
    cgroup: readCgroup(task.folder),
    thpDisabled: enabled === undefined ? undefined : enabled === '0',
    pinnedBytes: task.bytes('VmPin'),
  };
  return succeed({ process, folder: task.folder });
}

/** Whether the pid still is that of the process that was opened. */
export function isStillThere(
  tree: KernelTree,
  { process }: { readonly process: Pick<Process, 'pid' | 'startTime'> },
): boolean {
  return Number(statFields(tree.process(process.pid))?.[19]) === process.startTime;
}

/** Whether the process has memory: one that is ending has none any more. */
export function hasMemoryLeft({ folder }: OpenedProcess): boolean {
  return TaskStatus.read(folder)?.hasMemory === true;
}

/** The path in the unified hierarchy, or that of the memory controller where v1 is in use. */
function readCgroup(folder: string): string {
  const file = readKernelFile(`${folder}/cgroup`);
  if (!file.ok) return '';
  const path = (pattern: RegExp) => pattern.exec(file.value)?.[1];
  return path(/^\d+:(?:\w+,)*memory(?:,\w+)*:(.*)$/m) ?? path(/^0::(.*)$/m) ?? '';
}
