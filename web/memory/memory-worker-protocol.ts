import type { PolicyBudget } from '../../src/analysis/advice/choose-policy.ts';
import type { Refusal, Tally } from '../../src/analysis/ranges/tally.ts';
import type { EntryCounts } from '../../src/analysis/ranges/tally-entries.ts';
import type { Verdict } from '../../src/analysis/ranges/verdict.ts';
import type { SkippedProcess } from '../../src/analysis/reading/left-out.ts';
import type { RowOutcomes } from '../../src/analysis/table/row-outcomes.ts';
import type { Result } from '../../src/core/base/failure.ts';
import type { RestartCounts } from '../../src/core/fault/restart-counts.ts';
import type { RangeState } from '../../src/core/memory/range-state.ts';
import type { CollapsePlan } from '../../src/core/plan/plan.ts';
import type { PolicyCounts } from '../../src/core/plan/policy-counts.ts';
import type { Host, Process } from '../../src/core/rules/memory-source.ts';
import type { Vma } from '../../src/core/rules/vma.ts';
import type { PolicyChoice } from '../policy/choice.ts';
import type { BlockSweeper } from '../tradeoff/sweep-blocks.ts';
import type { Sweep, SweepQuestion, SweptAdvice } from '../tradeoff/sweeper.ts';

/** A VMA with ranges in rows from `first` up to `end`. */
export interface MapVma {
  readonly vma: Vma;
  /** Index of its process. */
  readonly process: number;
  readonly first: number;
  readonly end: number;
}

/** What has been read of a source since the last progress: rows from `first` on, in columns. */
export interface ReadingProgress {
  readonly first: number;
  /** First bytes of the ranges. */
  readonly addresses: Float64Array;
  readonly vmaOf: Uint32Array;
  readonly residentPages: Uint16Array;
  /** The order whose folios hold most resident pages. */
  readonly mainOrders: Uint8Array;
  /** The processes since then, and the VMAs from `firstVma` on: the last one of earlier may have grown. */
  readonly processes: readonly Process[];
  readonly firstVma: number;
  readonly vmas: readonly MapVma[];
}

export interface Opening {
  readonly host: Host;
  /** At most so many rows will come. */
  readonly mostRows: number;
  /** Files and shared memory of which it has the page cache. */
  readonly files: number;
  readonly notes: readonly string[];
  readonly skipped: readonly SkippedProcess[];
}

/** What a policy does to everything, read from the digest: see core/plan/policy-counts.ts. */
export interface Totals {
  readonly counts: PolicyCounts;
  readonly residentPages: number;
  /** Resident pages in large folios now. */
  readonly hugePages: number;
  /** What page faults leave when the processes start again, at most. */
  readonly restart: RestartCounts | undefined;
  /** Resident pages, and what a restart leaves, where what processes share by fork counts once. */
  readonly machinePages: number;
  readonly machineRestart: RestartCounts | undefined;
  readonly entries: EntryCounts;
}

/** What a policy does to each row that is judged. */
export interface Judgement extends RowOutcomes {
  readonly choice: PolicyChoice;
  readonly rows: number;
  /** What its refusals name, from 1 on. */
  readonly reasons: readonly Refusal[];
  /** The same added up, once all rows are judged and no more are to come. */
  readonly tallied?: Tallied;
}

/** What a policy does to each process, and to all of them. */
export interface Tallied {
  readonly choice: PolicyChoice;
  readonly total: Tally;
  readonly processes: readonly Tally[];
}

/** A range in full, for a close look. */
export interface RangeDetail {
  readonly row: number;
  readonly range: RangeState;
  /** Why khugepaged does not even look at it. */
  readonly ignored: Verdict['ignored'];
  readonly plan: CollapsePlan | undefined;
  /** The range as the next pass would find it. */
  readonly after: RangeState;
  /** The range as page faults leave it, at most, when its process starts again. */
  readonly restarted: RangeState;
}

/** Codes of PTEs, range after range: now, after khugepaged, and after a restart under the same policy. */
export interface Tiles {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  readonly restarted: Uint8Array;
}

/** The worker that holds the memory: everything that may take long happens there. */
export interface MemoryWorker {
  /**
   * Reads a snapshot from a file, or from an address of this page. `onOpening` hears of its host, then
   * `onProgress` of its rows, some times a second. The promise resolves once all is read. A second call
   * forgets the first source: at once, or, if it is a newer reading of the same, once it is read.
   */
  open(
    source: Blob | string,
    name: string,
    newer: boolean,
    onOpening: (opening: Opening) => void,
    onProgress: (progress: ReadingProgress) => Promise<void>,
  ): Promise<Result<void>>;
  /**
   * What has been read so far under a policy: as many rows as can be judged at once. Asked again about the
   * same policy it goes on from there. `isAll` says that no more rows are to come.
   */
  judge(choice: PolicyChoice, isAll: boolean): Promise<Judgement>;
  /**
   * Totals from the digest; undefined before everything is read, and for models that no digest answers for.
   */
  totals(choice: PolicyChoice): Promise<Totals | undefined>;
  /**
   * Asks about all policies. Undefined before everything is read, and if another sweep was begun meanwhile.
   * `onProgress` hears the share done, from 0 to 1, some times a second.
   */
  sweep(question: SweepQuestion, onProgress: (share: number) => void): Promise<Sweep | undefined>;
  /** The policy of the last sweep that fits a budget; undefined where none was finished. */
  advise(budget: PolicyBudget): Promise<SweptAdvice | undefined>;
  /** Undefined for a row that a newer reading does not have. */
  detail(row: number, choice: PolicyChoice): Promise<RangeDetail | undefined>;
  /**
   * Each PTE of some rows, empty ones for rows that a newer reading does not have: see
   * core/memory/pte-code.ts and map/picture/pte-code.ts.
   */
  tiles(rows: readonly number[], choice: PolicyChoice): Promise<Tiles>;
  /** Says where doors to more workers of this kind come from, for what takes one of them too long. */
  askHelpers(of: () => Promise<readonly MessagePort[]>): Promise<void>;
  /** As a helper: see `BlockSweeper`. */
  beginBlocks(...of: Parameters<BlockSweeper['begin']>): Promise<void>;
  sweepBlocks(...of: Parameters<BlockSweeper['sweep']>): Promise<Float64Array>;
}
