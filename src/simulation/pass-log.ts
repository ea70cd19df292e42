import type { Order } from '../core/memory/order.ts';
import type { ScanResult } from '../core/rules/scan-result.ts';
import { takeSample } from './sample.ts';
import type { SimulatedHost } from './simulated-host.ts';

/** What one pass of khugepaged over all processes took and did. */
export interface PassCost {
  /** From the end of the pass before to its own, sleeps included, in ns. */
  readonly durationNs: number;
  readonly cpuNs: number;
  readonly scannedPtes: number;
  /** Attempts by order and result. */
  readonly attempts: ReadonlyMap<Order, ReadonlyMap<ScanResult, number>>;
  /** Folios allocated by order (collapse_alloc): index = order. */
  readonly allocations: readonly number[];
  /** PMD entries cleared: each is a TLB flush of a whole range. */
  readonly flushes: number;
  readonly writeLockHolds: number;
  readonly writeLockNs: number;
  readonly copiedPages: number;
}

/** What only grows, at one moment. */
interface Mark extends Omit<PassCost, 'durationNs'> {
  readonly at: number;
  readonly pastEvents: number;
  /** Changes of memory by khugepaged or for it. */
  readonly changes: number;
}

/** Follows passes: what the last one cost, and how many in a row changed nothing. */
export class PassLog {
  readonly #host: SimulatedHost;
  #mark: Mark;
  #fullScans: number;
  /** The last whole pass. */
  last: PassCost | undefined;
  /** Whole passes in a row that neither changed memory nor saw anything happen. */
  quietPasses = 0;

  constructor(host: SimulatedHost) {
    this.#host = host;
    this.#mark = takeMark(host);
    this.#fullScans = host.daemon.counts.fullScans;
  }

  /**
   * Looks whether a pass has ended. Called at every trace event, so that passes are told apart within a
   * wake-up.
   */
  look(): void {
    const { fullScans } = this.#host.daemon.counts;
    if (fullScans === this.#fullScans) return;
    this.#fullScans = fullScans;
    const before = this.#mark;
    const now = takeMark(this.#host);
    this.#mark = now;
    this.last = costBetween(before, now);
    const isQuiet = now.pastEvents === before.pastEvents && now.changes === before.changes;
    this.quietPasses = isQuiet && this.#host.pendingEvents === 0 ? this.quietPasses + 1 : 0;
  }
}

function takeMark(host: SimulatedHost): Mark {
  const { machine, timeline } = host.system;
  const { activity } = host.daemon.control;
  const { writeLock, collapses } = takeSample(host);
  const { compactMoved, reclaimed, splits, pmdSplits } = machine.work;
  return {
    at: timeline.now,
    pastEvents: host.pastEvents,
    attempts: new Map([...activity.attempts].map(([order, results]) => [order, new Map(results)])),
    allocations: machine.counters.mthp.collapse_alloc.slice(),
    scannedPtes: activity.scannedPtes,
    flushes: activity.detaches,
    cpuNs: activity.totalCpuNs,
    writeLockHolds: writeLock.count,
    writeLockNs: writeLock.totalNs,
    copiedPages: activity.copiedPages,
    changes: collapses + activity.swappedInPages + compactMoved + reclaimed + splits + pmdSplits,
  };
}

function costBetween(before: Mark, now: Mark): PassCost {
  const attempts = new Map<Order, Map<ScanResult, number>>();
  for (const [order, results] of now.attempts) {
    for (const [result, count] of results) {
      const more = count - (before.attempts.get(order)?.get(result) ?? 0);
      if (more === 0) continue;
      attempts.set(order, (attempts.get(order) ?? new Map<ScanResult, number>()).set(result, more));
    }
  }
  return {
    durationNs: now.at - before.at,
    cpuNs: now.cpuNs - before.cpuNs,
    scannedPtes: now.scannedPtes - before.scannedPtes,
    attempts,
    allocations: now.allocations.map((count, order) => count - before.allocations[order]),
    flushes: now.flushes - before.flushes,
    writeLockHolds: now.writeLockHolds - before.writeLockHolds,
    writeLockNs: now.writeLockNs - before.writeLockNs,
    copiedPages: now.copiedPages - before.copiedPages,
  };
}
