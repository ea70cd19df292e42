import { totalCost } from '../../analysis/reading/total-cost.ts';
import { formatDuration } from '../../core/base/duration.ts';
import { plural } from '../../core/base/plural.ts';
import type { ProcessCost, ReadingCost } from '../../core/rules/reading-cost.ts';

/** "12ms, 11ms of CPU time, 9ms of it in calls that hold locks of the process". */
export function costWords({ wallNs, cpuNs, underLocksNs }: ReadingCost): string {
  return `${formatDuration(wallNs)}, ${formatDuration(cpuNs)} of CPU time, ${formatDuration(underLocksNs)} in calls that hold its locks`;
}

/** What reading all processes took. */
export function costSentence(costs: readonly ProcessCost[]): string {
  const { wallNs, cpuNs, underLocksNs } = totalCost(costs);
  return `reading ${plural(costs.length, 'process', 'processes')} took ${formatDuration(wallNs)} and ${formatDuration(cpuNs)} of CPU time; their locks were held for ${formatDuration(underLocksNs)} at most`;
}
