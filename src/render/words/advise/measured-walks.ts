import { formatDuration } from '../../../core/base/duration.ts';
import type { Result } from '../../../core/base/failure.ts';
import { percent } from '../../../core/base/percent.ts';
import type { PageWalks } from '../../../core/rules/walk-events.ts';

/** Page walks of the processes, counted for a while; or why they could not be. */
export interface MeasuredWalks {
  readonly ns: number;
  readonly counted: Result<PageWalks>;
}

/** What was counted and what it bounds: a sentence. */
export function measuredLine({ ns, counted }: MeasuredWalks): string {
  if (!counted.ok) return `Page walks: not available here: ${counted.failure.message}.`;
  const { cycles, walks, events } = counted.value;
  const by = `${events.events.map(({ name }) => name).join(' + ')}, ${formatDuration(ns)}`;
  if (events.counts === 'walks')
    return `Page walks: ${((1000 * walks) / cycles).toPrecision(3)} in a thousand cycles that the processes took in user mode (${by}); this processor does not count how long they take, so that is no bound.`;
  return `Page walks: under way in ${percent(walks, cycles)} of the cycles that the processes took in user mode (${by}). Fewer TLB misses gain no more than that, under any settings; fewer page faults come on top.`;
}
