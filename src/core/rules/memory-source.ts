import type { Failure } from '../base/failure.ts';
import type { Geometry } from '../memory/geometry.ts';
import type { RangeState } from '../memory/range-state.ts';
import type { ThpSettings } from './thp-settings.ts';
import type { Vma } from './vma.ts';

/** The machine that memory was read on. */
export interface Host {
  readonly name: string;
  readonly bootId: string;
  readonly kernelRelease: string;
  /** When reading began, ISO 8601 in UTC. */
  readonly time: string;
  readonly geometry: Geometry;
  /** Undefined where the kernel has no transparent huge pages. */
  readonly settings: ThpSettings | undefined;
}

export interface Process {
  readonly pid: number;
  /** Clock ticks since boot: with the pid it names a process for good. */
  readonly startTime: number;
  readonly command: string;
  readonly cgroup: string;
  /** PR_SET_THP_DISABLE for the whole process. */
  readonly thpDisabled: boolean;
}

/**
 * Memory as a source hands it out, process by process and VMA by VMA:
 * - `process` opens a process; what follows up to the next one belongs to it;
 * - `vma` opens a VMA; `ranges` are its PMD ranges that hold any page, in address order. A range at an edge
 *   of the VMA shows only the PTEs inside the VMA;
 * - `skipped` is a process, or part of one, that could not be read, and why;
 * - `note` is for people: what could not be seen and what would help.
 */
export type MemoryItem =
  | { readonly kind: 'process'; readonly process: Process }
  | { readonly kind: 'vma'; readonly vma: Vma }
  | { readonly kind: 'ranges'; readonly ranges: readonly RangeState[] }
  | { readonly kind: 'skipped'; readonly pid: number; readonly failure: Failure }
  | { readonly kind: 'note'; readonly message: string };

/** A live machine or a recording of one. Items are bounded in size, whatever the size of the process. */
export interface MemorySource {
  readonly host: Host;
  items(): AsyncIterable<MemoryItem>;
}
