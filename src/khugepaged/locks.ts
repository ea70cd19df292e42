import type { AnonRoot } from '../memory/anon-ranges.ts';
import type { Mm } from '../memory/mm.ts';
import { type LockStatistics, LockTally } from './lock-tally.ts';
import type { Timeline } from './timeline.ts';

/** The locks of spec 5.1. `vma` is the per-VMA lock, `pmd` and `pte` protect page-table entries. */
export type LockKind = 'mmap' | 'vma' | 'anon_vma' | 'pmd' | 'pte';

/** A lock, and how it is wanted: an object and the addresses of it that matter. */
export interface LockWish {
  readonly kind: LockKind;
  /** Whose lock; undefined is that of everybody. */
  readonly object: Mm | AnonRoot | undefined;
  /** In bytes, the end exclusive; everything by default. */
  readonly start?: number;
  readonly end?: number;
  readonly write: boolean;
}

/** A lock that somebody has. */
export interface Hold extends LockWish {
  readonly owner: string;
  readonly since: number;
}

/** What another process does. It happens in an instant, once all locks that it needs are free. */
export interface Act {
  readonly name: string;
  readonly needs: readonly LockWish[];
  /** Keeps its locks so long, in ns; 0 by default. */
  readonly holdNs?: number;
  /** It takes time itself (MADV_COLLAPSE) and so must not begin while somebody else who takes time has a lock. */
  readonly takesTime?: boolean;
  readonly run: () => void;
}

interface Waiter {
  readonly act: Act;
  readonly since: number;
  /** What it waited for first. */
  readonly on: LockKind;
}

/**
 * Who has which lock, and who waits. khugepaged and MADV_COLLAPSE take and drop locks one by one in straight code; acts
 * of others wait until all their locks are free at once, first come first served, and run when the last is dropped.
 */
export class Locks {
  readonly #timeline: Timeline;
  readonly #holds: Hold[] = [];
  readonly #waiters: Waiter[] = [];
  readonly #tally = new LockTally();
  /** Locks that straight code has. */
  #taken = 0;

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  get holds(): readonly Hold[] {
    return this.#holds;
  }

  /** Names of the acts that wait. */
  get waiting(): readonly string[] {
    return this.#waiters.map(({ act }) => act.name);
  }

  get statistics(): LockStatistics {
    return this.#tally;
  }

  /** Takes a lock for straight code, after waiting until it is free: what others do meanwhile happens. */
  lock(owner: string, wish: LockWish): Hold {
    const from = this.#timeline.now;
    while (this.#obstacle([wish]) !== undefined) {
      if (!this.#timeline.waitForNext()) throw new Error(`${owner} waits for ${wish.kind} for ever`);
    }
    if (this.#timeline.now > from) this.#tally.waited(owner, wish.kind, this.#timeline.now - from);
    return this.#take(owner, wish);
  }

  /** Takes a lock for straight code if it is free and nobody waits for it. */
  tryLock(owner: string, wish: LockWish): Hold | undefined {
    if (this.#obstacle([wish]) !== undefined) return undefined;
    if (this.#waiters.some(({ act }) => act.needs.some((need) => excludes(need, wish)))) return undefined;
    return this.#take(owner, wish);
  }

  /** Drops locks of straight code; acts that waited for them run now. */
  unlock(...holds: readonly Hold[]): void {
    this.#taken -= holds.length;
    for (const hold of holds) this.#drop(hold);
    if (this.#waiters.length > 0) this.#serveWaiters();
  }

  /** Runs an act, now or when its locks are free. */
  perform(act: Act): void {
    const obstacle = this.#obstacleOf(act, this.#waiters);
    if (obstacle === undefined) this.#start(act);
    else this.#waiters.push({ act, since: this.#timeline.now, on: obstacle });
  }

  #take(owner: string, wish: LockWish): Hold {
    const hold: Hold = { ...wish, owner, since: this.#timeline.now };
    this.#holds.push(hold);
    this.#taken++;
    return hold;
  }

  #drop(hold: Hold): void {
    const i = this.#holds.indexOf(hold);
    if (i < 0) throw new Error(`${hold.owner} drops ${hold.kind}, which it does not have`);
    this.#holds.splice(i, 1);
    this.#tally.held(hold, this.#timeline.now - hold.since);
  }

  #start(act: Act): void {
    if (act.holdNs !== undefined && act.holdNs > 0) {
      const holds = act.needs.map((need): Hold => ({ ...need, owner: act.name, since: this.#timeline.now }));
      this.#holds.push(...holds);
      this.#timeline.at(this.#timeline.now + act.holdNs, () => {
        for (const hold of holds) this.#drop(hold);
        this.#serveWaiters();
      });
    }
    act.run();
  }

  #serveWaiters(): void {
    for (let i = 0; i < this.#waiters.length; ) {
      const waiter = this.#waiters[i];
      if (this.#obstacleOf(waiter.act, this.#waiters.slice(0, i)) !== undefined) {
        i++;
        continue;
      }
      this.#waiters.splice(i, 1);
      this.#tally.waited(waiter.act.name, waiter.on, this.#timeline.now - waiter.since);
      this.#start(waiter.act);
      i = 0;
    }
  }

  #obstacleOf(act: Act, before: readonly Waiter[]): LockKind | undefined {
    if (act.takesTime && this.#taken > 0) return 'mmap';
    const held = this.#obstacle(act.needs);
    if (held !== undefined) return held;
    for (const waiter of before) {
      for (const wish of act.needs)
        if (waiter.act.needs.some((need) => excludes(need, wish))) return wish.kind;
    }
    return undefined;
  }

  #obstacle(wishes: readonly LockWish[]): LockKind | undefined {
    for (const hold of this.#holds) {
      for (const wish of wishes) if (excludes(hold, wish)) return wish.kind;
    }
    return undefined;
  }
}

function excludes(a: LockWish, b: LockWish): boolean {
  if (a.kind !== b.kind || !(a.write || b.write)) return false;
  if (a.object !== b.object && a.object !== undefined && b.object !== undefined) return false;
  return (
    (a.start ?? 0) < (b.end ?? Number.POSITIVE_INFINITY) &&
    (b.start ?? 0) < (a.end ?? Number.POSITIVE_INFINITY)
  );
}
