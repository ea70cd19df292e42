import type { Findings } from '../../analysis/findings.ts';
import type { Listing } from '../../analysis/process-list.ts';
import type { ReadOn } from '../../analysis/read-on.ts';

/** Where memory of a report comes from; what digests of several hosts do not tell is undefined. */
export interface ReportSource {
  /** The path of a file, or a word for running processes. */
  readonly name: string;
  readonly host: string | undefined;
  readonly kernelRelease: string | undefined;
  readonly time: string | undefined;
}

/** A report: what was found, and how it was made. */
export interface ReportView {
  readonly findings: Findings;
  readonly sources: readonly ReportSource[];
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
