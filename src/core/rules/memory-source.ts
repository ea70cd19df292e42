import type { Failure } from '../base/failure.ts';
import type { CacheRange } from '../memory/cache-range.ts';
import type { Geometry } from '../memory/geometry.ts';
import type { RangeState } from '../memory/range-state.ts';
import type { Cpu } from './cpu.ts';
import type { CachedFile } from './page-cache.ts';
import type { ProcessCost } from './reading-cost.ts';
import type { ShmemSettings } from './shmem-settings.ts';
import type { ThpCounters } from './thp-counters.ts';
import type { ThpSettings } from './thp-settings.ts';
import type { Vma } from './vma.ts';

/** The machine that memory was read on. */
export interface Host {
  readonly name: string;
  readonly bootId: string;
  /** As uname prints it; of several machines taken together all of theirs: see kernel-release.ts. */
  readonly kernelRelease: string;
  /** When reading began, ISO 8601 in UTC. */
  readonly time: string;
  readonly geometry: Geometry;
  /** Undefined where the kernel has no transparent huge pages. */
  readonly settings: ThpSettings | undefined;
  /** Undefined where the source does not say: recordings of older versions, kernels without shmem. */
  readonly shmem?: ShmemSettings;
  /** Undefined where the source does not say: recordings of older versions. */
  readonly khugepaged?: KhugepagedPace;
  /**
   * Whether reclaim splits PMD-order folios that are mostly zeros (`shrink_underused`); undefined before
   * 6.13.
   */
  readonly shrinkUnderused?: boolean;
  /** Whether `zone_reclaim_mode` is on and there are several NUMA nodes; undefined where nothing says. */
  readonly zoneReclaim?: boolean;
  /** Undefined where the source does not say: recordings of older versions, machines that differ. */
  readonly cpu?: Cpu;
  /** As reading began. Undefined where the source does not say: recordings of older versions. */
  readonly counters?: ThpCounters;
}

/** How often khugepaged works and how much it does then (docs/khugepaged.md#sysfs). */
export interface KhugepagedPace {
  /** What it looks at in one wake-up, in what its version counts: mostly PTEs. */
  readonly pagesToScan: number;
  readonly scanSleepMs: number;
  readonly allocSleepMs: number;
  /** Whether its allocations may reclaim and compact. */
  readonly defrag: boolean;
}

/** A control group whose memory is limited (`memory.max`). */
export interface MemoryGroup {
  readonly path: string;
  readonly limitBytes: number;
  /** What is charged to it and to those below it, page cache included. */
  readonly usedBytes: number;
}

/** What a control group counts of anonymous and huge memory. */
export interface GroupCounters {
  readonly path: string;
  /**
   * By the line of its `memory.stat`: bytes now (`anon`, `anon_thp`; `rss`, `rss_huge` of version 1), and
   * events since the group was made (`thp_fault_alloc`).
   */
  readonly counters: ThpCounters;
}

/** What a process has around its memory. What is undefined is not known. */
export interface ProcessFacts {
  /** Memory pinned for long (VmPin of status); which pages it is cannot be seen. */
  readonly pinnedBytes?: number;
  /** Memory mapped by PMD entries already, where the source cannot see in which ranges that is. */
  readonly unplacedHugeBytes?: number;
  /** Anonymous memory merged by KSM. */
  readonly ksmBytes?: number;
  /** The limited groups among its control group and the ancestors of that, innermost first. */
  readonly memoryGroups?: readonly MemoryGroup[];
  /** Of the control group that it is in, with all processes of that and of those below it. */
  readonly groupCounters?: GroupCounters;
}

/** Where a process was recorded. */
export interface Recording {
  readonly file: string;
  /** The name of the machine; undefined where the file does not keep it. */
  readonly host: string | undefined;
  /** When reading began, ISO 8601 in UTC. */
  readonly time: string;
}

/** Memory that an answer is about: of which machine, read when and from what. */
export interface MemoryOrigin {
  /** The file, or the words that name running processes: `--all`. */
  readonly source: string;
  /** Whether running processes were read for the answer. */
  readonly live: boolean;
  /** The name of the machine; undefined where nothing says. */
  readonly host: string | undefined;
  /** How many machines, where a dataset has many: then none is named. */
  readonly hosts?: number;
  /** As uname prints it; empty where nothing says. */
  readonly kernelRelease: string;
  /** When reading began, ISO 8601 in UTC; of many machines the first one, and the last one. */
  readonly time: string;
  readonly lastTime?: string;
  /** Processes that were named and left out for want of budget; undefined where there are none. */
  readonly leftOut?: readonly LeftOutProcess[];
  /** What reading the processes took, in the order in which they were read; undefined for recordings. */
  readonly costs?: readonly ProcessCost[];
}

/** A process that was not read because larger ones took the budget. */
export interface LeftOutProcess {
  readonly pid: number;
  /** Files and shared memory included. */
  readonly residentBytes: number;
}

export interface Process extends ProcessFacts {
  readonly pid: number;
  /** Clock ticks since boot: with the pid it names a process for good. */
  readonly startTime: number;
  readonly command: string;
  readonly cgroup: string;
  /** PR_SET_THP_DISABLE for the whole process; undefined where the kernel does not say: before Linux 5.0. */
  readonly thpDisabled: boolean | undefined;
  /** Where it was recorded, if an answer is about several recordings. */
  readonly recording?: Recording;
}

/**
 * Memory as a source hands it out, process by process and VMA by VMA:
 * - `process` opens a process; what follows up to the next one belongs to it;
 * - `vma` opens a VMA; `ranges` are its PMD ranges that hold any page, in address order. A range at an edge
 *   of the VMA shows only the PTEs inside the VMA;
 * - `file` opens a file, or shared memory, that VMAs before it map: it comes once, behind all processes;
 * - `cache-ranges` are the PMD ranges of it that any VMA maps whole and aligned, by what the page cache
 *   holds;
 * - `skipped` is a process, or part of one, that could not be read, and why; `leftOutBytes` is what it has
 *   in memory where it was left out for want of budget;
 * - `note` is for people: what could not be seen and what would help.
 */
export type MemoryItem =
  | { readonly kind: 'process'; readonly process: Process }
  | { readonly kind: 'vma'; readonly vma: Vma }
  | { readonly kind: 'ranges'; readonly ranges: readonly RangeState[] }
  | { readonly kind: 'file'; readonly file: CachedFile }
  | { readonly kind: 'cache-ranges'; readonly ranges: readonly CacheRange[] }
  | {
      readonly kind: 'skipped';
      readonly pid: number;
      readonly failure: Failure;
      readonly leftOutBytes?: number;
    }
  | { readonly kind: 'note'; readonly message: string };

/** A live machine or a recording of one. Items are bounded in size, whatever the size of the process. */
export interface MemorySource {
  readonly host: Host;
  items(): AsyncIterable<MemoryItem>;
}
