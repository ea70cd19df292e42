import { pageBytes } from '../core/memory/geometry.ts';
import { collapsesOf } from '../core/plan/plan.ts';
import type { MemoryGroup, Process } from '../core/rules/memory-source.ts';
import type { Verdict } from './verdict.ts';

/** What the limit of a control group lets happen, of what is predicted for the processes in it. */
export interface GroupOutcome {
  readonly group: MemoryGroup;
  /** What would collapse without any limit. */
  collapses: number;
  /** Of these, those for which there is room under the limits of the group and its ancestors. */
  fit: number;
}

/**
 * How many collapses have room below the limits of control groups, in the order of the verdicts. A collapse
 * needs its whole size before the old pages go; what stays is what it filled. The first charge that fails
 * ends the range, at every order. Page cache counts as used: reclaim may make more room than this.
 * Source: alloc_charge_folio, docs/khugepaged.md#control-groups.
 */
export class GroupLimits {
  readonly #outcomes = new Map<string, GroupOutcome>();
  /** Bytes by which the use of each group has grown. */
  readonly #grown = new Map<string, number>();

  /** Charges the collapses of a range to the groups of its process. */
  charge({ memoryGroups }: Process, { range, plan }: Pick<Verdict, 'range' | 'plan'>): void {
    if (!plan || !memoryGroups || memoryGroups.length === 0) return;
    const collapses = collapsesOf(plan);
    if (collapses.length === 0) return;
    const bytes = pageBytes(range.geometry);
    let fit = 0;
    for (const { order, pages } of collapses) {
      if (!memoryGroups.every((group) => this.#hasRoom(group, bytes << order))) break;
      for (const { path } of memoryGroups)
        this.#grown.set(path, this.#grownOf(path) + bytes * ((1 << order) - pages));
      fit++;
    }
    for (const group of memoryGroups) {
      const outcome = this.#outcomes.get(group.path) ?? { group, collapses: 0, fit: 0 };
      outcome.collapses += collapses.length;
      outcome.fit += fit;
      this.#outcomes.set(group.path, outcome);
    }
  }

  /** The groups in which anything would collapse. */
  outcomes(): GroupOutcome[] {
    return [...this.#outcomes.values()];
  }

  #hasRoom({ path, limitBytes, usedBytes }: MemoryGroup, bytes: number): boolean {
    return usedBytes + this.#grownOf(path) + bytes <= limitBytes;
  }

  #grownOf(path: string): number {
    return this.#grown.get(path) ?? 0;
  }
}
