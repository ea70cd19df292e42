import type { Comparison } from '../../analysis/comparison.ts';
import { sum } from '../../core/base/sum.ts';
import { hex } from './predict.ts';

/** A comparison as JSON; pages are base pages. */
export function comparisonJson(names: readonly [string, string], comparison: Comparison): object {
  const { tallies, ranges, otherAttempts, otherCollapses, onlyCovered, first } = comparison;
  return {
    schema: 'thpscope/compare@1',
    algorithms: tallies.map(({ coveredPages, filledPages, copiedPages, collapses, attempts }, i) => ({
      algorithm: names[i],
      coveredPages,
      onlyCoveredPages: onlyCovered[i],
      filledPages,
      copiedPages,
      collapses: sum(collapses),
      attempts,
    })),
    ranges,
    otherAttempts,
    otherCollapses,
    ...(first ? { first: { pid: first.pid, address: hex(first.address) } } : {}),
  };
}
