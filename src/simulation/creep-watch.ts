import type { Order } from '../core/memory/order.ts';

/** Ranges that khugepaged collapses again and again, to a larger size each time. */
export interface CreepReport {
  /** PMD ranges in which something climbed at least once. */
  readonly ranges: number;
  /**
   * Ranges by how often the window that climbed most was collapsed again: index = times; 0 are those that did
   * not.
   */
  readonly byClimbs: readonly number[];
  /** Base pages copied that khugepaged itself had put there before. */
  readonly recopiedPages: number;
  /** The range that climbed most, the first of them. */
  readonly worst: Climb | undefined;
}

interface Climb {
  readonly process: number;
  /** First byte of the window. */
  readonly address: number;
  /** The orders that it had, from the first collapse on, and the pass of each, counted from 0. */
  readonly steps: readonly { readonly order: Order; readonly pass: number }[];
}

interface Collapsed extends Climb {
  readonly end: number;
}

/** Watches collapses: one over memory that an earlier pass had collapsed to a smaller size is a climb. */
export class CreepWatch {
  readonly #pageBytes: number;
  readonly #rangeBytes: number;
  /** What was collapsed in each range, by process and range. */
  readonly #ranges = new Map<string, Collapsed[]>();
  #recopiedPages = 0;

  constructor(pageBytes: number, rangeBytes: number) {
    this.#pageBytes = pageBytes;
    this.#rangeBytes = rangeBytes;
  }

  /** A window was collapsed in this pass. */
  collapsed(process: number, address: number, order: Order, pass: number): void {
    const end = address + this.#pageBytes * 2 ** order;
    const key = `${process}:${Math.floor(address / this.#rangeBytes)}`;
    const known = this.#ranges.get(key) ?? [];
    const inside = known.filter((each) => each.address >= address && each.end <= end);
    const climbers = inside.filter(({ steps }) => isBelow(steps[steps.length - 1], order, pass));
    for (const each of climbers) this.#recopiedPages += (each.end - each.address) / this.#pageBytes;
    const highest = climbers.reduce<Collapsed | undefined>(
      (best, each) => (best && best.steps.length >= each.steps.length ? best : each),
      undefined,
    );
    const steps = [...(highest?.steps ?? []), { order, pass }];
    this.#ranges.set(key, [
      ...known.filter((each) => !inside.includes(each)),
      { process, address, end, steps },
    ]);
  }

  report(): CreepReport {
    const byClimbs: number[] = [];
    let worst: Collapsed | undefined;
    for (const windows of this.#ranges.values()) {
      const most = windows.reduce((best, each) => (each.steps.length > best.steps.length ? each : best));
      const climbs = most.steps.length - 1;
      while (byClimbs.length <= climbs) byClimbs.push(0);
      byClimbs[climbs]++;
      if (climbs > 0 && most.steps.length > (worst?.steps.length ?? 0)) worst = most;
    }
    const ranges = byClimbs.slice(1).reduce((sum, count) => sum + count, 0);
    return {
      ranges,
      byClimbs,
      recopiedPages: this.#recopiedPages,
      worst: worst && { process: worst.process, address: worst.address, steps: worst.steps },
    };
  }
}

function isBelow(last: { order: Order; pass: number }, order: Order, pass: number): boolean {
  return last.order < order && last.pass < pass;
}
