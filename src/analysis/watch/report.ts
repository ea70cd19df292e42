import type { Geometry } from '../../core/memory/geometry.ts';
import type { LostEvents } from '../../core/rules/collapse-events.ts';
import type { KernelModel } from '../../core/rules/kernel-model.ts';
import type { Host, KhugepagedPace, MemoryOrigin } from '../../core/rules/memory-source.ts';
import type { ThpCounters } from '../../core/rules/thp-counters.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';
import type { ReadingDifference } from '../difference/reading-difference.ts';
import type { RunPolicy } from '../ranges/verdict.ts';
import type { ChangedSetting } from '../sweep/changed-settings.ts';
import type { RoundTime } from './round-time.ts';
import type { TimedSize } from './timing.ts';
import type { SpaceSums, TraceSums } from './trace-tally.ts';

/** A process that trace events name; undefined where its address space is not known. */
export interface TracedProcess extends SpaceSums {
  readonly pid: number | undefined;
  readonly command: string | undefined;
  readonly hasEnded: boolean;
}

/** What trace events tell. */
export interface TraceReport {
  readonly total: TraceSums;
  readonly interval: TraceSums;
  /** Since the start, by CPU. */
  readonly lost: readonly LostEvents[];
  /** Where khugepaged was last; undefined where it was nowhere yet, or its process is not known. */
  readonly place: { readonly pid: number; readonly command: string } | undefined;
  /** Those that most ranges were looked at of first. */
  readonly processes: readonly TracedProcess[];
}

/** What was predicted at the start, and how much of it has happened. */
export interface ForetoldReport {
  readonly difference: ReadingDifference;
  readonly asked: { readonly settings: ThpSettings; readonly inForce: boolean };
  /** Whose khugepaged was asked. */
  readonly model: KernelModel;
  /** Milliseconds since that was read. */
  readonly ageMs: number;
}

/** When something happened: ms since the start. */
export interface HappenedAt {
  readonly atMs: number;
}

/** What `thpscope watch` tells at the end of an interval. */
export interface WatchReport {
  /** ISO 8601 in UTC. */
  readonly time: string;
  readonly elapsedMs: number;
  readonly intervalMs: number;
  readonly geometry: Geometry;
  /** In force now; undefined where the kernel has no transparent huge pages. */
  readonly settings: ThpSettings | undefined;
  /** Since the start, the first ones first. */
  readonly changedSettings: readonly (ChangedSetting & HappenedAt)[];
  /** Counters of the whole machine, how much they grew. */
  readonly sinceStart: ThpCounters;
  readonly inInterval: ThpCounters;
  readonly pace: KhugepagedPace | undefined;
  /** `unknown`: its task is not visible from here. */
  readonly khugepaged: 'runs' | 'stopped' | 'unknown';
  readonly round: RoundTime;
  /** How long a round over the watched memory alone takes by the pace; undefined where it was not read. */
  readonly roundByPaceMs: number | undefined;
  /** Undefined where nothing is traced. */
  readonly trace: TraceReport | undefined;
  /** Watched processes that ended since the start. */
  readonly ended: readonly ({ readonly pid: number; readonly command: string } & HappenedAt)[];
  readonly foretold: ForetoldReport | undefined;
  /** Medians of what khugepaged did, where that is timed. */
  readonly timed:
    | { readonly scans: number; readonly scanNs: number | undefined; readonly sizes: readonly TimedSize[] }
    | undefined;
}

/** What is known when watching begins. */
export interface WatchStart {
  readonly host: Host;
  readonly origins: readonly MemoryOrigin[];
  readonly everyMs: number;
  /** Trace events that this kernel has; undefined where nothing is traced. */
  readonly traced: readonly string[] | undefined;
  /** What is predicted; undefined where the memory may not be read. */
  readonly policy: RunPolicy | undefined;
}

/** What happened in the last interval, of what did since the start. */
export function inInterval<T extends HappenedAt>(
  { elapsedMs, intervalMs }: Pick<WatchReport, 'elapsedMs' | 'intervalMs'>,
  happened: readonly T[],
): T[] {
  return happened.filter(({ atMs }) => atMs > elapsedMs - intervalMs);
}
