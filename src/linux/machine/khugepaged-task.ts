import { readdirSync } from 'node:fs';
import { readKernelFile } from '../kernel/kernel-file.ts';
import type { KernelTree } from '../kernel/kernel-tree.ts';

/** The pid of khugepaged; `unknown` where kernel threads are not visible, as in containers. */
export type KhugepagedTask = number | 'stopped' | 'unknown';

/** Finds khugepaged: it runs while any size is enabled, and has another pid after each start. */
export function findKhugepaged(tree: KernelTree, last: KhugepagedTask = 'unknown'): KhugepagedTask {
  if (typeof last === 'number' && isKhugepaged(tree, last)) return last;
  const pids = readdirSync(tree.proc(''))
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((a, b) => a - b);
  const found = pids.find((pid) => isKhugepaged(tree, pid));
  return found ?? (commOf(tree, 2) === 'kthreadd' ? 'stopped' : 'unknown');
}

function isKhugepaged(tree: KernelTree, pid: number): boolean {
  // Any process may have the name; a kernel thread has no command line.
  return commOf(tree, pid) === 'khugepaged' && commandLineOf(tree, pid) === '';
}

function commOf(tree: KernelTree, pid: number): string | undefined {
  const comm = readKernelFile(`${tree.process(pid)}/comm`);
  return comm.ok ? comm.value : undefined;
}

function commandLineOf(tree: KernelTree, pid: number): string | undefined {
  const line = readKernelFile(`${tree.process(pid)}/cmdline`);
  return line.ok ? line.value : undefined;
}
