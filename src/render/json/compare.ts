import type { Comparison } from '../../analysis/prediction/comparison.ts';
import { hex } from './predict.ts';

/** A comparison as JSON; pages are base pages. */
export function comparisonJson(names: readonly [string, string], comparison: Comparison): object {
  const { work, ranges, otherAttempts, otherCollapses, onlyCovered, first } = comparison;
  return {
    schema: 'thpscope/compare@1',
    algorithms: work.map(({ coveredPages, filledPages, copiedPages, collapses, attempts }, i) => ({
      algorithm: names[i],
      coveredPages,
      onlyCoveredPages: onlyCovered[i],
      filledPages,
      copiedPages,
      collapses,
      attempts,
    })),
    ranges,
    otherAttempts,
    otherCollapses,
    ...(first ? { first: { pid: first.pid, address: hex(first.address) } } : {}),
  };
}
