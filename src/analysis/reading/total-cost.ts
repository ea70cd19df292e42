import { sum } from '../../core/base/sum.ts';
import type { ReadingCost } from '../../core/rules/reading-cost.ts';

/** What reading several processes took, one after the other. */
export function totalCost(costs: readonly ReadingCost[]): ReadingCost {
  return {
    wallNs: sum(costs.map(({ wallNs }) => wallNs)),
    cpuNs: sum(costs.map(({ cpuNs }) => cpuNs)),
    underLocksNs: sum(costs.map(({ underLocksNs }) => underLocksNs)),
  };
}
