import { median } from '../../core/base/median.ts';
import type { CollapseEvent } from '../../core/rules/collapse-events.ts';

/** A collapse that succeeded: how many pages it copied, and the time without waiting for locks. */
export interface CollapseTime {
  readonly order: number;
  readonly pages: number;
  readonly ns: number;
}

/** Samples that are kept of each kind; later ones take the place of the oldest. */
const MOST_SAMPLES = 4096;

/** One time that a task holds the mmap lock for read. */
interface Hold {
  readonly mm: number;
  /** When the range was begun that is looked at under it. */
  fromNs: number;
  releasedNs: number | undefined;
}

/**
 * Times what khugepaged does from events at its begin and its end. It scans a range under the mmap lock for
 * read; for a collapse it gives that up, allocates, takes it again and looks whether all is as before, then
 * takes it for write, and says at the end how it went (collapse_huge_page, docs/khugepaged.md#attempt-steps).
 * Attempts that fail or read from swap are not timed. Needs the events of its locks.
 */
export class WorkTiming {
  readonly scansNs: number[] = [];
  readonly collapses: CollapseTime[] = [];
  readonly #pmdOrder: number;
  #holds: Hold[] = [];
  #waits: { readonly fromNs: number; readonly toNs: number }[] = [];
  #waitNs: number | undefined;
  /** The end of an attempt that another one of the same range may follow. */
  #attemptNs: number | undefined;
  #empty: number | undefined;
  #usable = true;
  #at = { scan: 0, collapse: 0 };

  constructor(pmdOrder: number) {
    this.#pmdOrder = pmdOrder;
  }

  /** Takes the next event of khugepaged. */
  add(event: CollapseEvent): void {
    switch (event.kind) {
      case 'lock':
        this.#addLock(event);
        break;
      case 'isolate':
        this.#empty = event.noneOrZero;
        break;
      case 'swapin':
        if (event.swappedIn > 0) this.#usable = false;
        break;
      case 'attempt':
        this.#endAttempt(event.atNs, event.order ?? this.#pmdOrder, event.status === 'succeeded', event.mm);
        break;
      case 'scan':
        this.#endRange(event.atNs);
        break;
    }
  }

  /** Forgets what is begun: events were lost. */
  skip(): void {
    this.#endRange(0);
    this.#holds = [];
  }

  #addLock({ atNs, step, mm, isWrite }: Extract<CollapseEvent, { kind: 'lock' }>): void {
    if (step === 'wait') this.#waitNs = atNs;
    if (step === 'held') {
      if (this.#waitNs !== undefined) this.#waits.push({ fromNs: this.#waitNs, toNs: atNs });
      this.#waitNs = undefined;
      if (!isWrite) this.#holds.push({ mm, fromNs: atNs, releasedNs: undefined });
      if (this.#holds.length > 3) this.#holds.shift();
      if (this.#waits.length > 16) this.#waits.shift();
    }
    const last = this.#holds.at(-1);
    if (step === 'released' && !isWrite && last) last.releasedNs = atNs;
  }

  #endAttempt(atNs: number, order: number, succeeded: boolean, mm: number): void {
    const holds = this.#holds.filter((each) => each.mm === mm && each.releasedNs !== undefined);
    const scan = this.#attemptNs === undefined ? holds.at(-2) : undefined;
    const fromNs = this.#attemptNs ?? scan?.releasedNs;
    if (succeeded && this.#usable && fromNs !== undefined && this.#empty !== undefined) {
      const waitedNs = this.#waits
        .filter((each) => each.fromNs >= fromNs)
        .reduce((sum, each) => sum + each.toNs - each.fromNs, 0);
      const pages = 2 ** order - this.#empty;
      this.#keep(this.collapses, { order, pages, ns: atNs - fromNs - waitedNs }, 'collapse');
      if (scan?.releasedNs !== undefined) this.#keep(this.scansNs, scan.releasedNs - scan.fromNs, 'scan');
    }
    this.#attemptNs = atNs;
    this.#forget();
  }

  #endRange(atNs: number): void {
    this.#attemptNs = undefined;
    // The lock that is still held goes on to the next range.
    const open = this.#holds.at(-1);
    this.#forget();
    if (open && open.releasedNs === undefined) this.#holds.push({ ...open, fromNs: atNs });
  }

  #forget(): void {
    this.#holds = [];
    this.#waits = [];
    this.#empty = undefined;
    this.#usable = true;
  }

  #keep<T>(samples: T[], sample: T, of: 'scan' | 'collapse'): void {
    samples[this.#at[of]++ % MOST_SAMPLES] = sample;
  }
}

/** Collapses of one size: how many were timed, and the medians of their pages and of their time in ns. */
export interface TimedSize {
  readonly order: number;
  readonly count: number;
  readonly pages: number;
  readonly ns: number;
}

/** What was timed, by size, the smallest first. */
export function timedSizes(collapses: readonly CollapseTime[]): TimedSize[] {
  const orders = [...new Set(collapses.map(({ order }) => order))].sort((a, b) => a - b);
  return orders.map((order) => {
    const timed = collapses.filter((each) => each.order === order);
    const middle = (of: (each: CollapseTime) => number) => median(timed.map(of));
    return { order, count: timed.length, pages: middle(({ pages }) => pages), ns: middle(({ ns }) => ns) };
  });
}
