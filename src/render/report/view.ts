import type { CachePrediction } from '../../analysis/cache/cache-prediction.ts';
import type { Listing } from '../../analysis/prediction/process-list.ts';
import type { ReadOn } from '../../analysis/reading/read-on.ts';
import type { Findings } from '../../analysis/report/findings.ts';
import type { MemoryOrigin } from '../../core/rules/memory-source.ts';

/** A report: what was found, and how it was made. */
export interface ReportView {
  readonly findings: Findings;
  /** Shared memory and files; undefined where the source says nothing of them. */
  readonly cache: CachePrediction | undefined;
  /** Whose memory it is about. */
  readonly origins: readonly MemoryOrigin[];
  /** How the processes are listed. */
  readonly listing: Partial<Listing>;
  readonly readOn: ReadOn;
  /** The settings asked about are those of the machine. */
  readonly inForce: boolean;
  readonly version: string;
  /** The command line that makes this report again. */
  readonly command: string;
  /**
   * The command that explains the range of a process at an address; undefined where it would find another.
   */
  readonly explain: (process: number, address: number) => string | undefined;
}
