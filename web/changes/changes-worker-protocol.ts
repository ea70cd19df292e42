import type { Foretold } from '../../src/analysis/difference/foretold.ts';
import type { ReadingDifference } from '../../src/analysis/difference/reading-difference.ts';
import type { Result } from '../../src/core/base/failure.ts';
import type { Host, Process } from '../../src/core/rules/memory-source.ts';
import type { MapVma } from '../memory/memory-worker-protocol.ts';
import type { PolicyChoice } from '../policy/choice.ts';

/**
 * The ranges of two readings, a row each, in columns: of the processes of the later one, what was or is
 * resident, in address order.
 */
export interface ComparedRows {
  readonly processes: readonly Process[];
  readonly vmas: readonly MapVma[];
  readonly addresses: Float64Array;
  readonly vmaOf: Uint32Array;
  readonly residentBefore: Uint16Array;
  readonly residentAfter: Uint16Array;
  /** The orders whose folios hold most resident pages. */
  readonly mainBefore: Uint8Array;
  readonly mainAfter: Uint8Array;
  /** Whether the process is known to be in both readings; pages of others are not compared. */
  readonly isSame: Uint8Array;
  /** Pages by what became of them: a number for each of PAGE_CHANGES, row after row. */
  readonly pages: Uint16Array;
}

/** Two readings, and what changed from one to the other. */
export interface ComparedReadings {
  /** What the sources of both are called. */
  readonly names: readonly [before: string, after: string];
  readonly before: Host;
  readonly after: Host;
  /** What could not be seen at either. */
  readonly notes: readonly string[];
  readonly difference: ReadingDifference;
  readonly rows: ComparedRows;
}

/** What became, by most of its pages, of what was predicted of a range; `besides`: it was not predicted. */
export const FORETOLD_KINDS = ['none', 'true', 'waiting', 'otherwise', 'besides'] as const;
export type ForetoldKind = (typeof FORETOLD_KINDS)[number];

/** What a policy said of the earlier reading, and what became of it. */
export interface ForetoldAnswer {
  readonly choice: PolicyChoice;
  readonly total: Foretold;
  /** In the order of the processes of the difference; undefined where nothing was asked. */
  readonly processes: readonly (Foretold | undefined)[];
  /** By row: places in FORETOLD_KINDS. */
  readonly kinds: Uint8Array;
}

/** Codes of PTEs, range after range: at both readings, and what became of each (PAGE_CHANGES). */
export interface ChangeTiles {
  readonly was: Uint8Array;
  readonly is: Uint8Array;
  readonly changes: Uint8Array;
}

/** The worker that holds two readings. */
export interface ChangesWorker {
  /** When a snapshot was read, ISO 8601. */
  timeOf(source: Blob | string, name: string): Promise<Result<string>>;
  /**
   * Reads two snapshots and compares them; undefined if another call came meanwhile. `onProgress` hears the
   * share that is done, from 0 to 1, some times a second.
   */
  compare(
    before: { readonly source: Blob | string; readonly name: string },
    after: { readonly source: Blob | string; readonly name: string },
    onProgress: (share: number) => void,
  ): Promise<Result<ComparedReadings> | undefined>;
  /** Undefined where nothing is compared, and if another call came meanwhile. */
  foretell(choice: PolicyChoice): Promise<ForetoldAnswer | undefined>;
  /** Undefined while nothing is compared. */
  tiles(rows: readonly number[]): Promise<ChangeTiles | undefined>;
}
