import { type Geometry, pageBytes } from '../../core/memory/geometry.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';

/** What is known of the hosts of a fleet, besides their memory. */
export interface FleetFacts {
  readonly hosts: number;
  /** When the first and the last of their readings began, ISO 8601 in UTC. */
  readonly oldest: string;
  readonly newest: string;
  /** What is in force on how many hosts, most first; undefined where it is not known. */
  readonly settings: readonly { readonly settings: ThpSettings | undefined; readonly hosts: number }[];
  /** Processes that could not be read there. */
  readonly skipped: number;
  /** What is in the dataset and not in the sums, a sentence each. */
  readonly leftOut: readonly string[];
}

/** A host of a fleet, and by how much its memory grows. */
export interface GrowingHost {
  readonly host: string;
  /** Pages that khugepaged fills now, and that page faults fill at a restart, at most. */
  readonly now: number;
  readonly restart: number;
  /** Memory that the host has left without swapping; undefined where it did not say. */
  readonly availableBytes: number | undefined;
}

/** Whether a host may grow by more than it has left. */
export function isBeyondAvailable(
  { now, restart, availableBytes }: GrowingHost,
  geometry: Geometry,
): boolean {
  return availableBytes !== undefined && Math.max(now, restart) * pageBytes(geometry) > availableBytes;
}

/** What processes of a fleet come to that have something in common. Pages are base pages. */
export interface FleetSum {
  readonly key: string;
  readonly hosts: number;
  readonly processes: number;
  readonly residentPages: number;
  readonly hugePages: number;
  /** TLB entries that map all of it once, as it is. */
  readonly tlbEntries: number;
  /**
   * What khugepaged fills under the settings that were asked about, and page faults at a restart, at most.
   */
  readonly growthPages: number;
  readonly restartGrowthPages: number;
}
