import type { GroupCounters } from '../../core/rules/memory-source.ts';
import { isGauge, type ThpCounters } from '../../core/rules/thp-counters.ts';
import type { ProcessDifference } from './memory-difference.ts';

/** A counter that moved between two readings. */
export interface CounterChange {
  /** See thp-counters.ts. */
  readonly name: string;
  readonly before: number;
  readonly after: number;
  /** Whether it says how much there is, and not how often something happened. */
  readonly isGauge: boolean;
}

/** What a control group counts, as far as it moved: bytes that it has, and events. */
export interface GroupChange {
  readonly path: string;
  readonly counters: readonly CounterChange[];
}

/** The counters of a machine that both readings have and that moved, in the order of the later one. */
export function counterChanges(before: ThpCounters, after: ThpCounters): CounterChange[] {
  return movedCounters(before, after, isGauge);
}

/** The control groups of processes of both readings in which any counter moved. */
export function groupChanges(processes: readonly ProcessDifference[]): GroupChange[] {
  const earlier = new Map<string, GroupCounters>();
  const later = new Map<string, GroupCounters>();
  for (const { before, after } of processes) {
    if (before?.groupCounters) earlier.set(before.groupCounters.path, before.groupCounters);
    if (after?.groupCounters) later.set(after.groupCounters.path, after.groupCounters);
  }
  return [...later.values()].flatMap(({ path, counters }) => {
    const before = earlier.get(path);
    if (!before) return [];
    const moved = movedCounters(before.counters, counters, (name) => !name.startsWith('thp_'));
    return moved.length > 0 ? [{ path, counters: moved }] : [];
  });
}

function movedCounters(
  before: ThpCounters,
  after: ThpCounters,
  isGauge: (name: string) => boolean,
): CounterChange[] {
  return Object.entries(after).flatMap(([name, value]) => {
    const earlier = before[name];
    if (earlier === undefined || earlier === value) return [];
    return [{ name, before: earlier, after: value, isGauge: isGauge(name) }];
  });
}
