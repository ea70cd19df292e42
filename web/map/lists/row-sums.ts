import type { Refusal } from '../../../src/analysis/ranges/tally.ts';
import type { Judgement } from '../../memory/memory-worker-protocol.ts';
import type { OpenMemory } from '../../memory/open-memory.ts';

/** What is known of the ranges of a VMA, a process or a service, added up. Pages are base pages. */
export interface RowSums {
  readonly ranges: number;
  /** Of these, ranges that are judged; what becomes of the others is not known yet. */
  readonly judged: number;
  /** Judged ranges in which something collapses. */
  readonly collapsing: number;
  readonly residentPages: number;
  /** Pages by which khugepaged makes them grow. */
  readonly growthPages: number;
  /** Pages by which a restart makes them grow, at most. */
  readonly restartGrowthPages: number;
}

/** The same of one VMA, with the reason that most of its ranges stay as they are for. */
export interface VmaSums extends RowSums {
  readonly mainRefusal: Refusal | undefined;
}

/** What is known of each VMA of the memory, in its order. */
export function vmaSums(
  { vmas, residentPages }: Pick<OpenMemory, 'vmas' | 'residentPages'>,
  judgement: Judgement | undefined,
): VmaSums[] {
  const { rows = 0, reasons = [] } = judgement ?? {};
  const counts = new Float64Array(1 + reasons.length);
  return vmas.map(({ first, end }) => {
    const judged = Math.max(0, Math.min(end, rows) - first);
    let resident = 0;
    let growth = 0;
    let restartGrowth = 0;
    for (let row = first; row < end; row++) resident += residentPages[row];
    counts.fill(0);
    if (judgement) {
      for (let row = first; row < first + judged; row++) {
        growth += judgement.growthPages[row];
        restartGrowth += judgement.restartGrowthPages[row];
        counts[judgement.refusals[row]]++;
      }
    }
    const main = counts.subarray(1).reduce((most, count, i, all) => (count > all[most] ? i : most), 0);
    return {
      ranges: end - first,
      judged,
      collapsing: counts[0],
      residentPages: resident,
      growthPages: growth,
      restartGrowthPages: restartGrowth,
      mainRefusal: counts[1 + main] > 0 ? reasons[main] : undefined,
    };
  });
}

/** Adds up what belongs together. */
export function addSums(all: readonly RowSums[]): RowSums {
  const total = (valueOf: (each: RowSums) => number) => all.reduce((sum, each) => sum + valueOf(each), 0);
  return {
    ranges: total((each) => each.ranges),
    judged: total((each) => each.judged),
    collapsing: total((each) => each.collapsing),
    residentPages: total((each) => each.residentPages),
    growthPages: total((each) => each.growthPages),
    restartGrowthPages: total((each) => each.restartGrowthPages),
  };
}
