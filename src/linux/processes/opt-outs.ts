import { readdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { plural } from '../../core/base/plural.ts';
import { serviceOf } from '../../core/rules/service.ts';
import { readKernelFile } from '../kernel/kernel-file.ts';
import type { KernelTree } from '../kernel/kernel-tree.ts';
import { listUserPids, readProcess } from './process.ts';

/** A service that is to opt out of the settings: systemd.exec(5), `MemoryTHP=`. */
export interface WantedOptOut {
  /** Of the drop-in that is proposed for it. */
  readonly path: string;
  /** The unit: a template stands for all its instances. */
  readonly unit: string;
  /** What its drop-in says. */
  readonly content: string;
}

/**
 * Why services have not opted out yet, a clause each; none where all have. A drop-in of any name will do.
 * That processes run without it is seen under `disable` alone: no kernel shows "except advised" in status.
 * Source: PR_SET_THP_DISABLE(2const), THP_enabled of proc_pid_status(5).
 */
export function lackingOptOuts(tree: KernelTree, wanted: readonly WantedOptOut[]): string[] {
  const running = wanted.some(({ content }) => wordOf(content) === 'disable')
    ? processesByUnit(tree)
    : new Map<string, number>();
  return wanted.flatMap(({ path, unit, content }) => {
    const word = wordOf(content);
    if (!hasDropIn(tree, dirname(path), word))
      return [`${unit} is to opt out first, and no drop-in says MemoryTHP=${word} (${path})`];
    const without = word === 'disable' ? (running.get(unit) ?? 0) : 0;
    if (without === 0) return [];
    return [
      `${unit} is to opt out first, and ${plural(without, 'process', 'processes')} of it started before its drop-in said so: restart it`,
    ];
  });
}

function wordOf(content: string): string {
  return /^MemoryTHP=(\w+)$/m.exec(content)?.[1] ?? '';
}

function hasDropIn(tree: KernelTree, folder: string, word: string): boolean {
  const absolute = tree.absolute(folder);
  let names: string[];
  try {
    names = readdirSync(absolute);
  } catch {
    return false;
  }
  return names
    .filter((name) => name.endsWith('.conf'))
    .map((name) => readKernelFile(`${absolute}/${name}`))
    .some((file) => file.ok && wordOf(file.value) === word);
}

/** How many processes of each unit may use huge pages. */
function processesByUnit(tree: KernelTree): Map<string, number> {
  const counts = new Map<string, number>();
  for (const pid of listUserPids(tree)) {
    const read = readProcess(tree, pid);
    if (!read.ok || read.value.process.thpDisabled !== false) continue;
    const { kind, name } = serviceOf(read.value.process.cgroup);
    if (name !== undefined && kind.endsWith('unit')) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
