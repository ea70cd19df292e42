import { pageBytes } from '../../core/memory/geometry.ts';
import { orderSet } from '../../core/memory/order.ts';
import { collapsesOf } from '../../core/plan/collapses.ts';
import type { MemoryGroup, Process } from '../../core/rules/memory-source.ts';
import type { OutcomeRule } from '../../core/rules/outcome.ts';
import type { Verdict } from './verdict.ts';

/** What the limit of a control group lets happen, of what is predicted for the processes in it. */
export interface GroupOutcome {
  readonly group: MemoryGroup;
  /** What would collapse without any limit. */
  collapses: number;
  /** Of these, those for which there is room under the limits of the group and its ancestors. */
  fit: number;
  /** What page faults add when its programs start again, at most and without any limit. */
  restartGrowthBytes: number;
}

/**
 * How many collapses have room below the limits of control groups, in the order of the verdicts. A collapse
 * needs its whole size before the old pages go; what stays is what it filled. The first charge that fails
 * ends the range at every order: judged again by the rule of `charge`, it shows that. Page cache counts as
 * used: reclaim may make more room than this.
 * Source: alloc_charge_folio, docs/khugepaged.md#control-groups.
 */
export class GroupLimits {
  readonly #outcomes = new Map<string, GroupOutcome>();
  /** Bytes by which the use of each group has grown. */
  readonly #grown = new Map<string, number>();

  /**
   * Charges the collapses of a range to the groups of its process. The rule that lets the first of them fail
   * that has no room; undefined if all have.
   */
  charge(
    { memoryGroups }: Process,
    { range, plan }: Pick<Verdict, 'range' | 'plan'>,
  ): OutcomeRule | undefined {
    if (!plan || !memoryGroups || memoryGroups.length === 0) return undefined;
    const collapses = collapsesOf(plan);
    if (collapses.length === 0) return undefined;
    const bytes = pageBytes(range.geometry);
    let fit = 0;
    for (const { order, pages } of collapses) {
      if (!memoryGroups.every((group) => this.#hasRoom(group, bytes << order))) break;
      for (const { path } of memoryGroups)
        this.#grown.set(path, this.#grownOf(path) + bytes * ((1 << order) - pages));
      fit++;
    }
    for (const group of memoryGroups) {
      const outcome = this.#outcomeOf(group);
      outcome.collapses += collapses.length;
      outcome.fit += fit;
    }
    if (fit === collapses.length) return undefined;
    const { offset, order } = collapses[fit];
    return { offset, orders: orderSet([order]), result: 'SCAN_CGROUP_CHARGE_FAIL' };
  }

  /** Adds what page faults add to the memory of a process when it starts again. */
  addRestart({ memoryGroups = [] }: Process, growthBytes: number): void {
    if (growthBytes <= 0) return;
    for (const group of memoryGroups) this.#outcomeOf(group).restartGrowthBytes += growthBytes;
  }

  /** The groups in which anything would collapse, or grow by a restart. */
  outcomes(): GroupOutcome[] {
    return [...this.#outcomes.values()];
  }

  #outcomeOf(group: MemoryGroup): GroupOutcome {
    const known = this.#outcomes.get(group.path);
    if (known) return known;
    const outcome = { group, collapses: 0, fit: 0, restartGrowthBytes: 0 };
    this.#outcomes.set(group.path, outcome);
    return outcome;
  }

  #hasRoom({ path, limitBytes, usedBytes }: MemoryGroup, bytes: number): boolean {
    return usedBytes + this.#grownOf(path) + bytes <= limitBytes;
  }

  #grownOf(path: string): number {
    return this.#grown.get(path) ?? 0;
  }
}

/** By how much the memory of the processes of a control group would grow, without any limit. */
export interface GroupGrowth {
  readonly group: MemoryGroup;
  /** By khugepaged. */
  growthBytes: number;
  /** By page faults, when the programs start again, at most. */
  restartGrowthBytes: number;
}

/** What is to grow of processes, added up by the limited groups that they are in, ancestors included. */
export function groupGrowth(
  processes: Iterable<{
    readonly process: Process;
    readonly growthBytes: number;
    readonly restartGrowthBytes: number;
  }>,
): GroupGrowth[] {
  const groups = new Map<string, GroupGrowth>();
  for (const { process, growthBytes, restartGrowthBytes } of processes) {
    for (const group of process.memoryGroups ?? []) {
      const grown = groups.get(group.path) ?? { group, growthBytes: 0, restartGrowthBytes: 0 };
      grown.growthBytes += growthBytes;
      grown.restartGrowthBytes += restartGrowthBytes;
      groups.set(group.path, grown);
    }
  }
  return [...groups.values()];
}
