import type { GroupCounters, MemoryGroup } from '../../core/rules/memory-source.ts';
import { readKernelFile } from '../kernel/kernel-file.ts';
import type { KernelTree } from '../kernel/kernel-tree.ts';

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

/** Lines of memory.stat about anonymous and huge memory; version 1 has others than version 2. */
const COUNTED = /^(anon|anon_thp|shmem_thp|file_thp|rss|rss_huge|thp_\w+) (\d+)$/gm;

/** A control group: where it is mounted, and its path there. */
interface GroupPlace {
  readonly path: string;
  readonly hierarchy: Hierarchy;
}

/** Reads limits and counters of control groups, each once. */
export class MemoryGroupReader {
  readonly #tree: KernelTree;
  readonly #groups = new Map<string, MemoryGroup | undefined>();
  readonly #counters = new Map<string, GroupCounters | undefined>();

  constructor(tree: KernelTree) {
    this.#tree = tree;
  }

  /**
   * The groups with a limit that hold the task of a folder such as /proc/PID, innermost first; undefined
   * where nothing says.
   */
  of(folder: string): MemoryGroup[] | undefined {
    const place = this.#placeOf(folder);
    return (
      place &&
      withAncestors(place.path)
        .map((each) => this.#read(each, place.hierarchy))
        .filter((group) => group !== undefined)
    );
  }

  /** What the group of that task counts; undefined where it has no memory.stat, as the root of version 2. */
  countersOf(folder: string): GroupCounters | undefined {
    const place = this.#placeOf(folder);
    if (!place) return undefined;
    const { path, hierarchy } = place;
    if (!this.#counters.has(path)) {
      const file = readKernelFile(this.#tree.sys(`${hierarchy.root}${path}/memory.stat`));
      const lines = file.ok ? [...file.value.matchAll(COUNTED)] : [];
      const counters = Object.fromEntries(lines.map(([, name, value]) => [name, Number(value)]));
      this.#counters.set(path, lines.length > 0 ? { path, counters } : undefined);
    }
    return this.#counters.get(path);
  }

  #placeOf(folder: string): GroupPlace | undefined {
    const file = readKernelFile(`${folder}/cgroup`);
    if (!file.ok) return undefined;
    const v1 = /^\d+:(?:\w+,)*memory(?:,\w+)*:(.*)$/m.exec(file.value)?.[1];
    const path = v1 ?? /^0::(.*)$/m.exec(file.value)?.[1];
    return path === undefined ? undefined : { path, hierarchy: v1 === undefined ? V2 : V1 };
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
