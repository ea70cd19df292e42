import type { Host } from '../../core/rules/memory-source.ts';
import { type GroupChange, groupChanges } from './counter-changes.ts';
import { type MachineDifference, machineDifference } from './machine-difference.ts';
import type { MemoryDifference } from './memory-difference.ts';

/** Two readings of memory, and what changed around it. */
export interface ReadingDifference extends MachineDifference {
  readonly memory: MemoryDifference;
  /** Control groups that count something else than before; none where the readings are not of one boot. */
  readonly groups: readonly GroupChange[];
}

/** The difference of two readings of memory with that of their machines, so many milliseconds apart. */
export function readingDifference(
  memory: MemoryDifference,
  before: Host,
  after: Host,
  elapsedMs: number,
): ReadingDifference {
  const machine = machineDifference(before, after, elapsedMs);
  return { ...machine, memory, groups: machine.boot === 'same' ? groupChanges(memory.processes) : [] };
}
