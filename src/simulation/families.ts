import { countPages, emptyOccupancy, type Occupancy, setPage } from '../core/memory/occupancy.ts';
import type { RangeState } from '../core/memory/range-state.ts';
import { forEachSharedPage } from '../core/memory/shared-runs.ts';

/** Base pages that processes of a source share. */
export interface SharedPages {
  /** With each other: each page once. */
  readonly inside: number;
  /** With others alone. */
  readonly outside: number;
  /** With whom the source does not tell: once for each process. */
  readonly unnamed: number;
}

/** Which processes of a source share pages, and which of their pages others have, too. */
export class Families {
  /** PTEs of the source that map a page, by the number of the page. */
  readonly #seen = new Map<number, number>();
  /** The process that had a page first, by the number of the page. */
  readonly #first = new Map<number, number>();
  /** A process of the same family before this one, or itself. */
  readonly #older: number[] = [];
  /** Shared pages of which the source does not tell which they are: once for each process. */
  #unnamedPages = 0;

  /** Adds a range of a process; processes count from 0. */
  add(process: number, { facts: { shared }, sharedRuns }: RangeState): void {
    if (!sharedRuns && shared) this.#unnamedPages += countPages(shared);
    forEachSharedPage(sharedRuns ?? [], (_, id) => {
      const seen = this.#seen.get(id) ?? 0;
      this.#seen.set(id, seen + 1);
      if (seen === 0) this.#first.set(id, process);
      this.#join(this.#first.get(id) ?? process, process);
    });
  }

  /** The first process of the family of a process. */
  headOf(process: number): number {
    let head = process;
    while ((this.#older[head] ?? head) !== head) head = this.#older[head];
    return head;
  }

  /**
   * The shared pages of a range that somebody besides the processes of the source has, for the first of
   * these: all, where the source does not tell which pages they are. Call it once all ranges are added.
   */
  outsideOf({ geometry, facts: { shared }, sharedRuns }: RangeState): Occupancy | undefined {
    if (!sharedRuns) return shared;
    const outside = emptyOccupancy(geometry);
    for (const run of sharedRuns.filter(({ repeats }) => !repeats))
      forEachSharedPage([run], (offset, id, mappings) => {
        const seen = this.#seen.get(id) ?? 1;
        // Others may have a part of its folio that this process does not map: then it is mapped once.
        if (seen === 1 || mappings > seen) setPage(outside, offset);
      });
    return outside;
  }

  /** Base pages that are shared, and with whom. Call it once all ranges are added. */
  pages(): SharedPages {
    const seen = [...this.#seen.values()];
    const inside = seen.filter((ptes) => ptes > 1).length;
    return { inside, outside: seen.length - inside, unnamed: this.#unnamedPages };
  }

  #join(a: number, b: number): void {
    const [first, second] = [this.headOf(a), this.headOf(b)];
    if (first !== second) this.#older[Math.max(first, second)] = Math.min(first, second);
  }
}
