import type { MemoryGroup, Process } from '../core/rules/memory-source.ts';
import type { Machine } from '../machine/machine.ts';
import type { Memcg } from '../machine/reclaim/memcg.ts';

/** A machine has so many memory cgroups at most, the root among them. */
const MOST_GROUPS = 256;

/**
 * The limited control groups of processes that were read. Limits hold from `enforce` on: what is there is
 * there.
 * Source: mem_cgroup_charge, docs/khugepaged.md#control-groups.
 */
export class MemoryGroups {
  readonly #machine: Machine;
  readonly #known = new Map<string, { readonly group: MemoryGroup; readonly memcg: Memcg }>();

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  get groups(): MemoryGroup[] {
    return [...this.#known.values()].map(({ group }) => group);
  }

  /** The innermost limited group of a process, made with all above it; undefined if it has none. */
  of({ memoryGroups = [] }: Process): Memcg | undefined {
    return [...memoryGroups].reverse().reduce<Memcg | undefined>((parent, group) => {
      const known = this.#known.get(group.path)?.memcg;
      if (known || this.#machine.memcgs.length === MOST_GROUPS) return known ?? parent;
      const memcg = this.#machine.createMemcg(group.path, Number.POSITIVE_INFINITY, parent);
      this.#known.set(group.path, { group, memcg });
      return memcg;
    }, undefined);
  }

  /**
   * Charges what else each group holds, page cache for one, which is taken to stay, and puts its limit in
   * force.
   */
  enforce(): void {
    const { pageBytes } = this.#machine;
    // Inner groups were made after outer ones: those count what is charged below them.
    for (const { group, memcg } of [...this.#known.values()].reverse()) {
      const rest = Math.floor(group.usedBytes / pageBytes) - memcg.usage;
      if (rest > 0) memcg.charge(rest);
    }
    for (const { group, memcg } of this.#known.values())
      memcg.limit = Math.max(memcg.usage, Math.floor(group.limitBytes / pageBytes));
  }
}
