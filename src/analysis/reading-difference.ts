import { namesBoot } from '../core/rules/boot-id.ts';
import type { Host } from '../core/rules/memory-source.ts';
import { type ChangedSetting, changedSettings } from './changed-settings.ts';
import { type CounterChange, counterChanges, type GroupChange, groupChanges } from './counter-changes.ts';
import type { MemoryDifference } from './memory-difference.ts';

/** Two readings of memory, and what changed around it. */
export interface ReadingDifference {
  readonly memory: MemoryDifference;
  /** Milliseconds from the first reading to the second. */
  readonly elapsedMs: number;
  /** `unknown`: one of the readings does not name the boot. */
  readonly boot: 'same' | 'other' | 'unknown';
  /** Whether both readings name the same machine. */
  readonly isOneMachine: boolean;
  readonly settings: readonly ChangedSetting[];
  /** Undefined where they are not known of both readings of one boot. */
  readonly counters: readonly CounterChange[] | undefined;
  /** Control groups that count something else than before; none where the readings are not of one boot. */
  readonly groups: readonly GroupChange[];
  /**
   * How often khugepaged went round all of its list since, and that count now; undefined where nothing says.
   */
  readonly fullScans: { readonly since: number; readonly now: number } | undefined;
}

/** The difference of two readings of memory with that of their machines, so many milliseconds apart. */
export function readingDifference(
  memory: MemoryDifference,
  before: Host,
  after: Host,
  elapsedMs: number,
): ReadingDifference {
  const isKnown = namesBoot(before.bootId) && namesBoot(after.bootId);
  const boot = !isKnown ? 'unknown' : before.bootId === after.bootId ? 'same' : 'other';
  const counters = boot === 'same' ? { before: before.counters, after: after.counters } : undefined;
  const [was, is] = [counters?.before?.[FULL_SCANS], counters?.after?.[FULL_SCANS]];
  return {
    memory,
    elapsedMs,
    boot,
    isOneMachine: before.name === after.name,
    settings: changedSettings(before.settings, after.settings, memory.geometry),
    counters: counters?.before && counters.after && counterChanges(counters.before, counters.after),
    groups: boot === 'same' ? groupChanges(memory.processes) : [],
    fullScans: was === undefined || is === undefined ? undefined : { since: is - was, now: is },
  };
}

const FULL_SCANS = 'khugepaged/full_scans';
