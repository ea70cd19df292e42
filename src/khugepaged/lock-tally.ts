import type { Hold, LockKind } from './locks.ts';

/** How often something lasted, how long altogether, and how long at most: nanoseconds of virtual time. */
export interface Durations {
  count: number;
  totalNs: number;
  longestNs: number;
}

export const NO_TIME: Readonly<Durations> = { count: 0, totalNs: 0, longestNs: 0 };

/** Durations added up: those of several locks, for example. */
export function sumOfDurations(all: Iterable<Readonly<Durations>>): Durations {
  const sum = { ...NO_TIME };
  for (const { count, totalNs, longestNs } of all) {
    sum.count += count;
    sum.totalNs += totalNs;
    sum.longestNs = Math.max(sum.longestNs, longestNs);
  }
  return sum;
}

/** A lock in the mode in which it was held. */
export type HeldLock = `${LockKind} ${'read' | 'write'}`;

export interface LockStatistics {
  /** By owner (`khugepaged`, `madvise`, the names of acts that keep locks), then by lock. */
  readonly holds: ReadonlyMap<string, ReadonlyMap<HeldLock, Readonly<Durations>>>;
  /** By who waited, then by the lock that was waited for first. */
  readonly waits: ReadonlyMap<string, ReadonlyMap<LockKind, Readonly<Durations>>>;
}

/** Adds up how long locks were held and waited for. */
export class LockTally implements LockStatistics {
  readonly holds = new Map<string, Map<HeldLock, Durations>>();
  readonly waits = new Map<string, Map<LockKind, Durations>>();
  #lastOwner: string | undefined;
  #lastHolds = new Map<HeldLock, Durations>();

  held({ owner, kind, write }: Hold, ns: number): void {
    if (owner !== this.#lastOwner) {
      this.#lastOwner = owner;
      this.#lastHolds = rowOf(this.holds, owner);
    }
    add(this.#lastHolds, write ? WRITE[kind] : READ[kind], ns);
  }

  waited(who: string, kind: LockKind, ns: number): void {
    add(rowOf(this.waits, who), kind, ns);
  }
}

const READ: Record<LockKind, HeldLock> = {
  mmap: 'mmap read',
  vma: 'vma read',
  anon_vma: 'anon_vma read',
  pmd: 'pmd read',
  pte: 'pte read',
};

const WRITE: Record<LockKind, HeldLock> = {
  mmap: 'mmap write',
  vma: 'vma write',
  anon_vma: 'anon_vma write',
  pmd: 'pmd write',
  pte: 'pte write',
};

function rowOf<K>(table: Map<string, Map<K, Durations>>, who: string): Map<K, Durations> {
  let row = table.get(who);
  if (!row) table.set(who, (row = new Map()));
  return row;
}

function add<K>(row: Map<K, Durations>, lock: K, ns: number): void {
  let entry = row.get(lock);
  if (!entry) row.set(lock, (entry = { ...NO_TIME }));
  entry.count++;
  entry.totalNs += ns;
  if (ns > entry.longestNs) entry.longestNs = ns;
}
