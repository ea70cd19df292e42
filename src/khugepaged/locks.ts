import type { AnonRoot } from '../machine/folios/anon-ranges.ts';
import type { Mm } from '../machine/page-tables/mm.ts';
import { type LockStatistics, LockTally } from './lock-tally.ts';
import type { Timeline } from './timeline.ts';

/**
 * The locks of a collapse (docs/khugepaged.md#locks). `vma` is the per-VMA lock, `pmd` and `pte` protect
 * page-table entries.
 */
export type LockKind = 'mmap' | 'vma' | 'anon_vma' | 'pmd' | 'pte';

/** A lock, and how it is wanted: an object and the addresses of it that matter. */
export interface LockWish {
  readonly kind: LockKind;
  /** Whose lock it is; undefined means the locks of all. */
  readonly object: Mm | AnonRoot | undefined;
  /** In bytes, the end exclusive; everything by default. */
  readonly start?: number;
  readonly end?: number;
  readonly write: boolean;
}

/** A lock that somebody has. */
export class Hold implements LockWish {
  readonly kind: LockKind;
  readonly object: Mm | AnonRoot | undefined;
  readonly start: number;
  readonly end: number;
  readonly write: boolean;
  readonly owner: string;
  readonly since: number;

  constructor(owner: string, wish: LockWish, since: number) {
    this.kind = wish.kind;
    this.object = wish.object;
    this.start = wish.start ?? 0;
    this.end = wish.end ?? Number.POSITIVE_INFINITY;
    this.write = wish.write;
    this.owner = owner;
    this.since = since;
  }
}

/** What another process does. It happens in an instant, once all locks that it needs are free. */
export interface Act {
  readonly name: string;
  readonly needs: readonly LockWish[];
  /** Keeps its locks so long, in ns; 0 by default. */
  readonly holdNs?: number;
  /**
   * It takes time itself (MADV_COLLAPSE) and so must not begin while somebody else who takes time has a lock.
   */
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
 * Who has which lock, and who waits. khugepaged and MADV_COLLAPSE take and drop locks one by one in straight
 * code; acts of others wait until all their locks are free at once, first come first served, and run when the
 * last is dropped.
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
    if (this.#isHeld(wish)) this.#waitFor(owner, wish);
    return this.#take(owner, wish);
  }

  /** Takes a lock for straight code if it is free and nobody waits for it. */
  tryLock(owner: string, wish: LockWish): Hold | undefined {
    if (this.#isHeld(wish)) return undefined;
    if (this.#waiters.some(({ act }) => act.needs.some((need) => excludes(need, wish)))) return undefined;
    return this.#take(owner, wish);
  }

  /** Drops a lock of straight code; acts that waited for it run now. */
  unlock(hold: Hold): void {
    this.#taken--;
    this.#drop(hold);
    if (this.#waiters.length > 0) this.#serveWaiters();
  }

  /** Runs an act, now or when its locks are free. */
  perform(act: Act): void {
    const obstacle = this.#obstacleOf(act, this.#waiters.length);
    if (obstacle === undefined) this.#start(act);
    else this.#waiters.push({ act, since: this.#timeline.now, on: obstacle });
  }

  #waitFor(owner: string, wish: LockWish): void {
    const from = this.#timeline.now;
    while (this.#isHeld(wish)) {
      if (!this.#timeline.waitForNext()) throw new Error(`${owner} waits for ${wish.kind} for ever`);
    }
    this.#tally.waited(owner, wish.kind, this.#timeline.now - from);
  }

  #take(owner: string, wish: LockWish): Hold {
    const hold = new Hold(owner, wish, this.#timeline.now);
    this.#holds.push(hold);
    this.#taken++;
    return hold;
  }

  #drop(hold: Hold): void {
    const holds = this.#holds;
    const last = holds.length - 1;
    if (holds[last] === hold) {
      holds.pop();
    } else {
      const i = holds.indexOf(hold);
      if (i < 0) throw new Error(`${hold.owner} drops ${hold.kind}, which it does not have`);
      holds.splice(i, 1);
    }
    this.#tally.held(hold, this.#timeline.now - hold.since);
  }

  #start(act: Act): void {
    if (act.holdNs !== undefined && act.holdNs > 0) {
      const holds = act.needs.map((need) => new Hold(act.name, need, this.#timeline.now));
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
      if (this.#obstacleOf(waiter.act, i) !== undefined) {
        i++;
        continue;
      }
      this.#waiters.splice(i, 1);
      this.#tally.waited(waiter.act.name, waiter.on, this.#timeline.now - waiter.since);
      this.#start(waiter.act);
      i = 0;
    }
  }

  /** The lock that an act has to wait for: one that is held, or that one of the first waiters wants. */
  #obstacleOf(act: Act, waitersBefore: number): LockKind | undefined {
    if (act.takesTime && this.#taken > 0) return this.#holds[0].kind;
    const held = act.needs.find((wish) => this.#isHeld(wish));
    if (held) return held.kind;
    const before = this.#waiters.slice(0, waitersBefore);
    return act.needs.find((wish) =>
      before.some((waiter) => waiter.act.needs.some((need) => excludes(need, wish))),
    )?.kind;
  }

  #isHeld(wish: LockWish): boolean {
    for (const hold of this.#holds) if (excludes(hold, wish)) return true;
    return false;
  }
}

function excludes(a: LockWish, b: LockWish): boolean {
  if (a.kind !== b.kind || !(a.write || b.write)) return false;
  if (a.object !== b.object && a.object !== undefined && b.object !== undefined) return false;
  const [aEnd, bEnd] = [a.end ?? Number.POSITIVE_INFINITY, b.end ?? Number.POSITIVE_INFINITY];
  return (a.start ?? 0) < bEnd && (b.start ?? 0) < aEnd;
}
