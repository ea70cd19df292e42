import type { MemoryGroup } from '../core/rules/memory-source.ts';
import { readKernelFile } from './kernel-file.ts';
import type { KernelTree } from './kernel-tree.ts';

/** Where below /sys a hierarchy of control groups is mounted, and its files. */
interface Hierarchy {
  readonly root: string;
  readonly limit: string;
  readonly used: string;
}

const V1: Hierarchy = {
  root: 'fs/cgroup/memory',
  limit: 'memory.limit_in_bytes',
  used: 'memory.usage_in_bytes',
};
const V2: Hierarchy = { root: 'fs/cgroup', limit: 'memory.max', used: 'memory.current' };

/** What the root group of version 1 has for a limit: no limit, in whole pages. */
const NO_LIMIT = 2 ** 62;

/** Reads the limits of control groups, each once. */
export class MemoryGroupReader {
  readonly #tree: KernelTree;
  readonly #groups = new Map<string, MemoryGroup | undefined>();

  constructor(tree: KernelTree) {
    this.#tree = tree;
  }

  /**
   * The groups with a limit that hold the task of a folder such as /proc/PID, innermost first; undefined
   * where nothing says.
   */
  of(folder: string): MemoryGroup[] | undefined {
    const file = readKernelFile(`${folder}/cgroup`);
    if (!file.ok) return undefined;
    const v1 = /^\d+:(?:\w+,)*memory(?:,\w+)*:(.*)$/m.exec(file.value)?.[1];
    const path = v1 ?? /^0::(.*)$/m.exec(file.value)?.[1];
    if (path === undefined) return undefined;
    const hierarchy = v1 === undefined ? V2 : V1;
    return withAncestors(path)
      .map((each) => this.#read(each, hierarchy))
      .filter((group) => group !== undefined);
  }

  #read(path: string, { root, limit, used }: Hierarchy): MemoryGroup | undefined {
    if (this.#groups.has(path)) return this.#groups.get(path);
    const limitBytes = readBytes(this.#tree.sys(`${root}${path}/${limit}`));
    const usedBytes = readBytes(this.#tree.sys(`${root}${path}/${used}`));
    const isLimited = limitBytes !== undefined && usedBytes !== undefined && limitBytes < NO_LIMIT;
    const group = isLimited ? { path, limitBytes, usedBytes } : undefined;
    this.#groups.set(path, group);
    return group;
  }
}

/** "/a/b", "/a" and "/" for "/a/b". */
function withAncestors(path: string): string[] {
  const names = path.split('/').filter((name) => name !== '');
  return [...names.keys()].map((at) => `/${names.slice(0, names.length - at).join('/')}`).concat('/');
}

/** The number in a file; undefined for "max" and where it cannot be read. */
function readBytes(path: string): number | undefined {
  const file = readKernelFile(path);
  return file.ok && /^\d+$/.test(file.value) ? Number(file.value) : undefined;
}
