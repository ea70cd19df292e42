import type { Geometry } from '../core/memory/geometry.ts';
import type { KernelModelName } from '../core/rules/kernel-names.ts';
import type { CacheKind } from '../core/rules/page-cache.ts';
import type { HugeMountWord } from '../core/rules/shmem-settings.ts';
import type { Fragmentation } from '../machine/frames/fragment.ts';

/**
 * A story to be simulated: a machine, its processes and what they do. Sizes in bytes, times in ns of virtual
 * time.
 */
export interface Scenario {
  readonly title: string;
  /** What the story shows, for people. */
  readonly about: string;
  readonly machine: MachineSpec;
  readonly kernel: KernelModelName;
  /** What is written to files of /sys/kernel/mm/transparent_hugepage before anything begins. */
  readonly settings: readonly Setting[];
  /** Files and shared memory that mappings name. */
  readonly files: readonly FileSpec[];
  readonly processes: readonly ProcessSpec[];
  readonly events: readonly ScenarioEvent[];
  /** Costs in ns that take the place of those of the calibration. */
  readonly costs: Readonly<Record<string, number>>;
  readonly until: Until;
}

/** How long to run: so many ns, or until khugepaged changes nothing any more. */
export type Until = number | 'settled';

export interface MachineSpec {
  readonly geometry: Geometry;
  readonly memoryBytes: number;
  readonly swapBytes: number;
  /** How the memory was used before. */
  readonly fragmentation: Fragmentation | undefined;
}

export interface ProcessSpec {
  readonly name: string;
  /** memory.max of a memory cgroup of its own, in bytes; Infinity is no limit. */
  readonly memoryMax: number;
  readonly mappings: readonly MappingSpec[];
}

/** A file or shared memory; nothing of it is in the page cache at first. */
export interface FileSpec {
  readonly name: string;
  readonly kind: CacheKind;
  /** Shared anonymous memory with a file descriptor. */
  readonly isMemfd: boolean;
  readonly bytes: number;
  /** What its tmpfs was mounted with. */
  readonly hugeMount: HugeMountWord | undefined;
}

/** Private anonymous memory, or a shared mapping of a file; nothing is touched at first. */
export interface MappingSpec {
  readonly name: string;
  readonly bytes: number;
  /** Name of the file that it maps, and from which byte on. */
  readonly file: { readonly name: string; readonly from: number } | undefined;
  readonly advice: MadviseAdvice | undefined;
}

/** MADV_HUGEPAGE or MADV_NOHUGEPAGE. */
export type MadviseAdvice = 'hugepage' | 'nohugepage';

/** A write to a file, named below /sys/kernel/mm/transparent_hugepage. */
export interface Setting {
  readonly file: string;
  readonly value: string;
}

export interface ScenarioEvent extends TimedAction {
  /** It happens so many times, `every` ns. */
  readonly times: number;
  readonly every: number;
  /** Every living process of this name does it; undefined for what no process does. */
  readonly process: string | undefined;
}

export interface TimedAction {
  /** Since the beginning; for what a child does since its fork. */
  readonly at: number;
  readonly action: Action;
}

export type Action = PageAction | AdviseAction | ForkAction | ExitAction | SetAction;

/** What is done to a file, to the part of it that a mapping has. */
export const FILE_VERBS = ['write', 'sync', 'punch', 'fadvise'] as const;
export type FileVerb = (typeof FILE_VERBS)[number];

/** What is done to anonymous memory alone, in this model. */
export const ANON_VERBS = ['free', 'pageout', 'age', 'pin'] as const;

export interface PageAction {
  /**
   * - touch: writes; read: reads
   * - dontneed: MADV_DONTNEED; free: MADV_FREE; pageout: MADV_PAGEOUT
   * - age: clears the accessed bits, as time does
   * - pin: pins for good, as a device driver does
   * - munmap: unmaps
   * - write: writes to the file without its mapping; sync: what was written is on the disk
   * - punch: fallocate with PUNCH_HOLE; fadvise: POSIX_FADV_DONTNEED
   */
  readonly do: 'touch' | 'read' | 'dontneed' | 'free' | 'pageout' | 'age' | 'pin' | 'munmap' | FileVerb;
  readonly pages: PageChoice;
  /** Spread evenly over so long, in steps of a PMD range; 0 is at once. */
  readonly over: number;
}

export interface AdviseAction {
  readonly do: 'advise';
  readonly mapping: string;
  readonly advice: MadviseAdvice;
}

interface ForkAction {
  readonly do: 'fork';
  /** Name of the child. */
  readonly child: string;
  readonly does: readonly TimedAction[];
}

interface ExitAction {
  readonly do: 'exit';
}

interface SetAction {
  readonly do: 'set';
  readonly setting: Setting;
}

/** Which pages of a mapping. */
export interface PageChoice {
  readonly mapping: string;
  /** Bytes from the start of the mapping. */
  readonly from: number;
  /** Bytes from there on; Infinity is all the rest. */
  readonly bytes: number;
  /** Share of the blocks that are chosen, at random: 0 to 1. */
  readonly density: number;
  /** Bytes of a block: what is chosen together. */
  readonly block: number;
  /** The same seed chooses the same blocks; undefined draws anew each time. */
  readonly seed: number | undefined;
}
