import type { KhugepagedPace, MemoryGroup } from '../core/rules/memory-source.ts';
import type { SharedPages } from './families.ts';

/**
 * Which processes of a source are on khugepaged's list at the start: all, none, or those that it may have.
 */
export const REGISTERED_WORDS = ['auto', 'all', 'none'] as const;
export type Registered = (typeof REGISTERED_WORDS)[number];

/**
 * How memory that was read was taken at the beginning of a run: what its source said, and what it did not.
 */
export interface MemoryStart {
  /** The pace of khugepaged on the machine that was read; undefined if nothing says: Linux's defaults. */
  readonly pace: KhugepagedPace | undefined;
  readonly registered: Registered;
  /** Whether the settings in force were known; `auto` puts everybody on the list where they were not. */
  readonly settingsKnown: boolean;
  /**
   * Processes that khugepaged does not visit, by command: under `auto` no setting in force can have put them
   * there.
   */
  readonly unvisited: readonly string[];
  /** Resident memory outside of anonymous VMAs, which no run has; undefined where it was not recorded. */
  readonly otherBytes: number | undefined;
  /** Limited control groups (memory.max) that charges are held to. */
  readonly groups: readonly MemoryGroup[];
  /**
   * Base pages that the processes share with each other, which are one page here as well; and those for which
   * somebody stands who does nothing.
   */
  readonly shared: SharedPages;
}
