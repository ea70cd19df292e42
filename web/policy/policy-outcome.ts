import {
  growthOf,
  hugeAfterRestart,
  hugeInUse,
  machinePagesOf,
  machineRestartOf,
  restartGrowthOf,
} from '../../src/analysis/ranges/tally.ts';
import { type EntryCounts, tallyEntries } from '../../src/analysis/ranges/tally-entries.ts';
import { sum } from '../../src/core/base/sum.ts';
import type { RestartCounts } from '../../src/core/fault/restart-counts.ts';
import type { Tallied, Totals } from '../memory/memory-worker-protocol.ts';

/** What a policy comes to for all memory that was read. Pages are base pages. */
export interface PolicyOutcome {
  readonly residentPages: number;
  /** Pages in use that lie in large folios, before and after. */
  readonly hugeNow: number;
  readonly hugeThen: number;
  /** Pages by which resident memory grows. */
  readonly growthPages: number;
  readonly copiedPages: number;
  readonly attempts: number;
  /** Attempts in every later pass; undefined where no digest says it. */
  readonly laterAttempts: number | undefined;
  /** What page faults leave when the processes start again; undefined where a digest does not know it. */
  readonly restart: RestartOutcome | undefined;
}

/** What page faults leave, at most, of processes that start again and touch the same pages. */
export interface RestartOutcome {
  readonly residentPages: number;
  /** Of these, pages that are touched, and not filled around those. */
  readonly touchedPages: number;
  /** Touched pages in large folios. */
  readonly hugePages: number;
  /** Pages more than are resident now; those in swap among them. */
  readonly growthPages: number;
  /** Pages in folios that are larger now than page faults may use: which of them were touched is not seen. */
  readonly largerFolioPages: number;
  /** Pages that processes share by fork. */
  readonly sharedPages: number;
  /** Memory of the machine then, and its growth: what processes share by fork counts once. */
  readonly machinePages: number;
  readonly machineGrowthPages: number;
}

function restartOutcomeOf(
  counts: RestartCounts,
  residentNow: number,
  machine: RestartCounts,
  machineNow: number,
): RestartOutcome {
  const residentPages = sum(counts.pagesByOrder);
  const { largerFolioPages, sharedPages } = counts;
  return {
    residentPages,
    touchedPages: counts.touchedPages,
    hugePages: hugeAfterRestart(counts),
    growthPages: restartGrowthOf({ restart: counts, residentPages: residentNow }),
    largerFolioPages,
    sharedPages,
    machinePages: sum(machine.pagesByOrder),
    machineGrowthPages: restartGrowthOf({ restart: machine, residentPages: machineNow }),
  };
}

/** From the digest, which answers at once, or else from the ranges; undefined before there is either. */
export function policyOutcomeOf(
  totals: Totals | undefined,
  tallied: Pick<Tallied, 'total'> | undefined,
): PolicyOutcome | undefined {
  if (totals) {
    const { counts, residentPages, hugePages, restart, machinePages, machineRestart } = totals;
    return {
      residentPages,
      hugeNow: hugePages,
      hugeThen: hugePages + counts.newlyHugePages,
      growthPages: growthOf(counts),
      copiedPages: counts.copiedPages,
      attempts: sum(counts.attempts),
      laterAttempts: sum(counts.laterAttempts),
      restart: restart && restartOutcomeOf(restart, residentPages, machineRestart ?? restart, machinePages),
    };
  }
  if (!tallied) return undefined;
  const { total } = tallied;
  const huge = hugeInUse(total);
  return {
    residentPages: total.residentPages,
    hugeNow: huge.before,
    hugeThen: huge.after,
    growthPages: growthOf(total),
    copiedPages: total.copiedPages,
    attempts: total.attempts,
    laterAttempts: undefined,
    restart: restartOutcomeOf(
      total.restart,
      total.residentPages,
      machineRestartOf(total),
      machinePagesOf(total),
    ),
  };
}

/** TLB entries, if one maps up to `reachPages` below the PMD: from the digest, or else from the ranges. */
export function entryCountsOf(
  totals: Pick<Totals, 'entries'> | undefined,
  tallied: Pick<Tallied, 'total'> | undefined,
  reachPages: number,
): EntryCounts | undefined {
  if (totals) return totals.entries;
  return tallied && tallyEntries(tallied.total, reachPages);
}
