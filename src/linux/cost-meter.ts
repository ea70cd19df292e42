import type { ReadingCost } from '../core/rules/reading-cost.ts';
import type { ReadingClock } from './reading-clock.ts';

/** Does a system call in which the kernel walks page tables of a process under its locks. */
export type UnderLocks = <T>(call: () => T) => T;

/** For readers whose calls nobody counts. */
export const uncounted: UnderLocks = (call) => call();

/** Adds up what work takes that is done piece by piece. */
export class CostMeter {
  readonly #clock: ReadingClock;
  #wallNs = 0;
  #cpuNs = 0;
  #underLocksNs = 0;

  constructor(clock: ReadingClock) {
    this.#clock = clock;
  }

  /** Does a piece of the work. */
  work<T>(piece: () => T): T {
    const [wallNs, cpuNs] = [this.#clock.wallNs(), this.#clock.cpuNs()];
    try {
      return piece();
    } finally {
      this.#wallNs += this.#clock.wallNs() - wallNs;
      this.#cpuNs += this.#clock.cpuNs() - cpuNs;
    }
  }

  /** A part of a piece of work. */
  readonly underLocks: UnderLocks = (call) => {
    const began = this.#clock.wallNs();
    try {
      return call();
    } finally {
      this.#underLocksNs += this.#clock.wallNs() - began;
    }
  };

  /** What the work took since this was asked last. */
  take(): ReadingCost {
    const cost = { wallNs: this.#wallNs, cpuNs: this.#cpuNs, underLocksNs: this.#underLocksNs };
    this.#wallNs = this.#cpuNs = this.#underLocksNs = 0;
    return cost;
  }
}
