import type { KhugepagedPace } from '../../core/rules/memory-source.ts';

/** How long khugepaged takes once round its list, in ms. */
export interface RoundTime {
  /** Rounds that were finished since the start. */
  readonly rounds: number;
  /** From the end of one round to that of the next, measured; undefined before two of them ended. */
  readonly measuredMs: number | undefined;
  /** Until the next round ends; undefined where none is measured. 0: it is late. */
  readonly leftMs: number | undefined;
}

/** Measures rounds by `full_scans`, as often as it is read. */
export class RoundClock {
  #rounds = 0;
  #last: number | undefined;
  #first: { readonly atMs: number; readonly rounds: number } | undefined;
  #endedMs = 0;

  /** Takes a reading of full_scans, which is 32 bits wide. */
  add(fullScans: number, atMs: number): void {
    const rose = this.#last === undefined ? 0 : (fullScans - this.#last + 2 ** 32) % 2 ** 32;
    this.#last = fullScans;
    if (rose === 0) return;
    this.#rounds += rose;
    this.#endedMs = atMs;
    this.#first ??= { atMs, rounds: this.#rounds };
  }

  at(nowMs: number): RoundTime {
    const rounds = this.#rounds;
    const counted = this.#first ? rounds - this.#first.rounds : 0;
    if (!this.#first || counted === 0) return { rounds, measuredMs: undefined, leftMs: undefined };
    const measuredMs = (this.#endedMs - this.#first.atMs) / counted;
    return { rounds, measuredMs, leftMs: Math.max(0, measuredMs - (nowMs - this.#endedMs)) };
  }
}

/**
 * How long a round over so many PTEs takes by the pace, in ms, if the list has nothing else: in each wake-up
 * `pages_to_scan` PTEs, then sleep. Ranges that are huge or empty already count for less, so it is an upper
 * bound. Source: khugepaged_do_scan, docs/khugepaged.md#progress and docs/khugepaged.md#sleep.
 */
export function roundByPace(ptes: number, { pagesToScan, scanSleepMs }: KhugepagedPace): number {
  return Math.ceil(ptes / pagesToScan) * scanSleepMs;
}
