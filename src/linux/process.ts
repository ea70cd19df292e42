import { existsSync, readdirSync } from 'node:fs';
import { fail, type Result, succeed } from '../core/base/failure.ts';
import type { Process } from '../core/rules/memory-source.ts';
import { readKernelFile } from './kernel-file.ts';

/** The pids of all processes that have memory, ascending: no kernel threads, no zombies. */
export function listUserPids(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && hasMemory(name))
    .map(Number)
    .sort((a, b) => a - b);
}

function hasMemory(pid: string): boolean {
  const statm = readKernelFile(`/proc/${pid}/statm`);
  return statm.ok && !statm.value.startsWith('0 ');
}

/**
 * The pids of a control group and of those below it; the path may be absolute or relative to /sys/fs/cgroup.
 */
export function listCgroupPids(path: string): Result<number[]> {
  const candidates = [
    path,
    `/sys/fs/cgroup/${path}`,
    `/sys/fs/cgroup/unified/${path}`,
    `/sys/fs/cgroup/memory/${path}`,
  ];
  const root = candidates.find((directory) => readKernelFile(`${directory}/cgroup.procs`).ok);
  if (root === undefined) {
    return fail('unreadable', `cgroup ${path}: no cgroup.procs there; give a directory below /sys/fs/cgroup`);
  }
  const pids = new Set<number>();
  collectCgroupPids(root, pids);
  return succeed([...pids].sort((a, b) => a - b));
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

/**
 * What /proc says of a process as a whole. Kernel threads and zombies fail: they have no memory of their own.
 */
export function readProcess(pid: number): Result<Process> {
  const status = readKernelFile(`/proc/${pid}/status`);
  const stat = readKernelFile(`/proc/${pid}/stat`);
  if (!status.ok || !stat.ok)
    return fail('unreadable', `process ${pid}: no such process; see ps for the ones there are`);
  const field = (name: string) => new RegExp(`^${name}:[ \\t]*(.*)$`, 'm').exec(status.value)?.[1];
  const command = field('Name') ?? '';
  const owner = Number(field('Tgid'));
  if (owner !== pid)
    return fail('unreadable', `process ${pid}: is a thread of process ${owner}; read that one`);
  if (field('VmSize') === undefined) {
    const kind = field('State')?.startsWith('Z') ? 'a zombie' : 'a kernel thread';
    return fail('unreadable', `process ${pid} (${command}): ${kind}, it has no memory of its own`);
  }
  return succeed({
    pid,
    // Field 22; fields are counted after the command, which may itself hold spaces and parentheses.
    startTime: Number(stat.value.slice(stat.value.lastIndexOf(')') + 2).split(' ')[19]),
    command,
    cgroup: readCgroup(pid),
    thpDisabled: field('THP_enabled') === '0',
  });
}

/** The path in the unified hierarchy, or that of the memory controller where v1 is in use. */
function readCgroup(pid: number): string {
  const file = readKernelFile(`/proc/${pid}/cgroup`);
  if (!file.ok) return '';
  const path = (pattern: RegExp) => pattern.exec(file.value)?.[1];
  return path(/^\d+:(?:\w+,)*memory(?:,\w+)*:(.*)$/m) ?? path(/^0::(.*)$/m) ?? '';
}
