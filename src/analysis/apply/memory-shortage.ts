import { formatBytes } from '../../core/base/bytes.ts';
import { type Geometry, pageBytes, rangeBytes } from '../../core/memory/geometry.ts';
import type { MemoryGroup } from '../../core/rules/memory-source.ts';
import type { CollapseCandidate } from './collapse-candidates.ts';

/** Memory that could be had without swapping must be so much of all, in percent. */
const LEAST_AVAILABLE = 5;
/** Tasks may have waited for memory for so much of the last ten seconds, in percent. */
const MOST_STALLED = 10;

/** What a machine says of its memory; undefined is what nothing tells. */
interface MemoryState {
  readonly totalBytes: number | undefined;
  /** MemAvailable. */
  readonly availableBytes: number | undefined;
  /** `some avg10` of /proc/pressure/memory, in percent. */
  readonly stalledPercent: number | undefined;
}

/**
 * Why a range must not be collapsed within the limits of the control groups of its process; undefined where
 * there is room. The huge page is charged before the small ones are given back.
 */
export function groupShortage(
  groups: readonly MemoryGroup[],
  { growthPages }: CollapseCandidate,
  geometry: Geometry,
): string | undefined {
  const neededBytes = rangeBytes(geometry) + growthPages * pageBytes(geometry);
  const tight = groups.find(({ limitBytes, usedBytes }) => usedBytes + neededBytes > limitBytes);
  return (
    tight &&
    `control group ${tight.path} has no room: ${formatBytes(tight.usedBytes)} of ${formatBytes(tight.limitBytes)} are used`
  );
}

/** Why nobody should ask a machine for huge pages now; undefined where it has memory, or nothing tells. */
export function memoryShortage({
  totalBytes,
  availableBytes,
  stalledPercent,
}: MemoryState): string | undefined {
  if (totalBytes !== undefined && availableBytes !== undefined) {
    if (availableBytes < (totalBytes * LEAST_AVAILABLE) / 100)
      return `only ${formatBytes(availableBytes)} of ${formatBytes(totalBytes)} are available (MemAvailable), less than ${LEAST_AVAILABLE}%`;
  }
  if (stalledPercent !== undefined && stalledPercent > MOST_STALLED)
    return `tasks waited for memory for ${stalledPercent}% of the last ten seconds (/proc/pressure/memory)`;
  return undefined;
}
