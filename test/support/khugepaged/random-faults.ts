import type { Random } from '../../../src/core/base/random.ts';
import type { FaultPlan, FaultPoint } from '../../../src/khugepaged/fault-plan.ts';

/**
 * Faults drawn from a seeded source, each point with a probability of its own; points that are not named
 * never fail.
 */
export function randomFaults(random: Random, rates: Partial<Record<FaultPoint, number>>): FaultPlan {
  return ({ point }) => {
    const rate = rates[point] ?? 0;
    return rate > 0 && random() < rate;
  };
}
