import { sum, sumKnown } from '../../core/base/sum.ts';
import {
  addBlocked,
  type BlockedTable,
  emptyBlocked,
  forgetSavedInBlocked,
} from '../../core/digest/blocked-table.ts';
import { addDigest, type DigestTable, emptyDigest, forgetSavedEntries } from '../../core/digest/table.ts';
import { addRestartTable, emptyRestartTable, type RestartTable } from '../../core/fault/restart-table.ts';
import { compactRange, rangeKey } from '../../core/memory/compact-range.ts';
import { type Geometry, pageBytes } from '../../core/memory/geometry.ts';
import type { ObservableFact, RangeState } from '../../core/memory/range-state.ts';
import type { Host, Process } from '../../core/rules/memory-source.ts';
import type { TlbReach } from '../../core/rules/tlb-reach.ts';
import type { CacheDigest } from '../cache/cache-digest.ts';
import type { Refusal, RefusedMemory } from '../ranges/tally.ts';
import type { SkippedProcess } from '../reading/left-out.ts';

/** VMAs by what settings see of them: with MADV_HUGEPAGE, or with no advice. */
export const VMA_CLASSES = ['unadvised', 'hugepage'] as const;
export type VmaClass = (typeof VMA_CLASSES)[number];

/** VMAs by what settings make of page faults in them when a program starts again: none in `small`. */
export const RESTART_CLASSES = [...VMA_CLASSES, 'small'] as const;
/** What a restart needs, except of the ranges that the tables of khugepaged count: docs/digest.md#restart. */
export type RestartDigest = Readonly<Record<(typeof RESTART_CLASSES)[number], RestartTable>>;

/** What an earlier process of the source has as well: pages that processes share by fork. */
interface RepeatedMemory {
  /** Resident pages. */
  pages: number;
  /**
   * Of `restart`, what the machine does not pay for, as in `repeatedRestart` of a tally: the ranges as their
   * process has them less the same without these pages, so that counts of small blocks may be below zero.
   */
  readonly restart: RestartDigest;
}

/** Ranges in one state that no digest covers, and how many there are. */
interface ApartState {
  readonly range: RangeState;
  count: number;
}

/** The ranges of one class of VMAs that khugepaged scans. */
export interface ClassDigest {
  readonly table: DigestTable;
  /** Ranges with shared pages or swap entries besides. */
  readonly blocked: BlockedTable;
  /** What is walked under each policy, by `rangeKey`. */
  readonly apart: Map<string, ApartState>;
}

/** Everything about some memory that decides what any policy does to it. Digests add up. */
export interface MemoryDigest {
  readonly geometry: Geometry;
  readonly classes: Readonly<Record<VmaClass, ClassDigest>>;
  /** PMD ranges of anonymous memory that hold any page. */
  ranges: number;
  residentPages: number;
  /** Resident pages in large folios. */
  hugePages: number;
  /** Resident pages that PMD entries map. */
  pmdMappedPages: number;
  /** What one TLB entry below the PMD maps: the tables count `savedEntries` for it. */
  reachPages: number;
  /** TLB entries fewer than pages that folios take which PTEs map whole and aligned. */
  savedEntries: number;
  /** Ranges that no policy collapses, by the reason. */
  readonly refused: Map<Refusal, RefusedMemory>;
  /** Facts that the source could not see of scanned ranges. */
  readonly unknown: Set<ObservableFact>;
  /** Undefined where it is not known: digests of the first version do not have it, nor sums with one. */
  restart: RestartDigest | undefined;
  /**
   * What the memory of the machine is less by than the sum of its processes. Undefined where it is not known:
   * where pages are shared by fork and the source does not tell which, before version 7, and in fleets.
   */
  repeated: RepeatedMemory | undefined;
  /**
   * Resident pages outside anonymous memory: files and shared memory, which digests do not cover. Undefined
   * where it is not known: before version 3, or of a source that keeps anonymous memory alone.
   */
  otherPages: number | undefined;
  /**
   * Resident pages in ranges inside of VMAs that prctl "except advised" might forbid to become huge, unseen.
   * Undefined where it is not known: before version 3, or of no machine.
   */
  uncheckedPages: number | undefined;
}

export interface ProcessDigest {
  readonly process: Process;
  readonly memory: MemoryDigest;
  /** Whether its memory puts it on khugepaged's list under the settings in force; undefined: not known. */
  isRegistered: boolean | undefined;
  /** How many processes are added up in it: one, unless they are those of a fleet. */
  readonly count?: number;
  /** The service that hosts of a fleet counted them to: else it is told by the control group. */
  readonly service?: string;
}

/** How many processes digests are of. */
export function processCount(processes: readonly Pick<ProcessDigest, 'count'>[]): number {
  return sum(processes.map(({ count = 1 }) => count));
}

/** The digest of a source: process by process, and what could not be read. */
export interface SourceDigest {
  /** What one TLB entry maps below the PMD: the digests count by it. */
  readonly reach: TlbReach;
  readonly host: Omit<Host, 'name' | 'bootId'> & {
    /** Undefined where it is not known, or the processes are of several machines. */
    readonly name?: string | undefined;
    /** Undefined where it is not known, or the processes are of several boots. */
    readonly bootId?: string | undefined;
  };
  readonly processes: readonly ProcessDigest[];
  /** Shared memory and files, each once, whoever maps it; undefined where it is not known. */
  readonly cache?: CacheDigest | undefined;
  readonly skipped: readonly SkippedProcess[];
  readonly notes: readonly string[];
}

export function emptyMemoryDigest(geometry: Geometry, reachPages: number): MemoryDigest {
  const emptyClass = (): ClassDigest => ({
    table: emptyDigest(geometry),
    blocked: emptyBlocked(geometry),
    apart: new Map(),
  });
  return {
    geometry,
    classes: { unadvised: emptyClass(), hugepage: emptyClass() },
    ranges: 0,
    residentPages: 0,
    hugePages: 0,
    pmdMappedPages: 0,
    reachPages,
    savedEntries: 0,
    refused: new Map(),
    unknown: new Set(),
    restart: emptyRestartDigest(geometry),
    repeated: noneRepeated(geometry),
    otherPages: 0,
    uncheckedPages: 0,
  };
}

/** Nothing that processes share. */
export function noneRepeated(geometry: Geometry): RepeatedMemory {
  return { pages: 0, restart: emptyRestartDigest(geometry) };
}

/** What says how much memory the machine has; without `repeated` it is what the processes have. */
export type MachineSums = Pick<MemoryDigest, 'residentPages' | 'geometry'> &
  Partial<Pick<MemoryDigest, 'repeated'>>;

/** Resident pages, those that several processes share counted once as far as that is known. */
export function machinePages({ residentPages, repeated }: MachineSums): number {
  return residentPages - (repeated?.pages ?? 0);
}

function emptyRestartDigest(geometry: Geometry): RestartDigest {
  const empty = () => emptyRestartTable(geometry);
  return { unadvised: empty(), hugepage: empty(), small: empty() };
}

/**
 * Adds one digest to another; any order and grouping gives the same sum. Where CPUs differ in what a TLB
 * entry maps, the sum knows of PMD entries alone.
 */
export function addMemoryDigest(into: MemoryDigest, from: MemoryDigest): void {
  const sameReach = into.reachPages === from.reachPages;
  for (const name of VMA_CLASSES) {
    addDigest(into.classes[name].table, from.classes[name].table);
    addBlocked(into.classes[name].blocked, from.classes[name].blocked);
    for (const [key, { range, count }] of from.classes[name].apart)
      addState(into.classes[name], key, range, count);
  }
  into.ranges += from.ranges;
  into.residentPages += from.residentPages;
  into.hugePages += from.hugePages;
  into.pmdMappedPages += from.pmdMappedPages;
  into.savedEntries += from.savedEntries;
  for (const [refusal, { ranges, pages }] of from.refused) addRefused(into, refusal, ranges, pages);
  for (const fact of from.unknown) into.unknown.add(fact);
  if (!into.restart || !from.restart) into.restart = undefined;
  else for (const name of RESTART_CLASSES) addRestartTable(into.restart[name], from.restart[name]);
  if (!into.repeated || !from.repeated) into.repeated = undefined;
  else {
    into.repeated.pages += from.repeated.pages;
    for (const name of RESTART_CLASSES)
      addRestartTable(into.repeated.restart[name], from.repeated.restart[name]);
  }
  into.otherPages = sumKnown([into.otherPages, from.otherPages]);
  into.uncheckedPages = sumKnown([into.uncheckedPages, from.uncheckedPages]);
  if (!sameReach) forgetReach(into);
}

function forgetReach(memory: MemoryDigest): void {
  memory.reachPages = 1;
  memory.savedEntries = 0;
  for (const name of VMA_CLASSES) {
    forgetSavedEntries(memory.classes[name].table);
    forgetSavedInBlocked(memory.classes[name].blocked);
  }
}

/** Adds ranges that no table counts; it keeps a copy of their state. */
export function addApart(into: ClassDigest, range: RangeState, count: number): void {
  const compact = compactRange(range);
  addState(into, rangeKey(compact), compact, count);
}

function addState({ apart }: ClassDigest, key: string, range: RangeState, count: number): void {
  const state = apart.get(key);
  if (state) state.count += count;
  else apart.set(key, { range, count });
}

export function addRefused({ refused }: MemoryDigest, refusal: Refusal, ranges: number, pages: number): void {
  const sum = refused.get(refusal) ?? { ranges: 0, pages: 0 };
  refused.set(refusal, { ranges: sum.ranges + ranges, pages: sum.pages + pages });
}

/** The sum over all processes. */
export function totalDigest({
  host,
  reach,
  processes,
}: Pick<SourceDigest, 'host' | 'reach' | 'processes'>): MemoryDigest {
  const total = emptyMemoryDigest(host.geometry, reach.pages);
  for (const { memory } of processes) addMemoryDigest(total, memory);
  return total;
}

/** States that are walked under each policy: ranges that share one are walked once. */
export function apartStates({ classes }: MemoryDigest): number {
  return VMA_CLASSES.reduce((states, name) => states + classes[name].apart.size, 0);
}

/** Ranges that are walked under each policy. */
export function apartRanges({ classes }: MemoryDigest): number {
  let ranges = 0;
  for (const name of VMA_CLASSES) for (const { count } of classes[name].apart.values()) ranges += count;
  return ranges;
}

/** Resident bytes outside of anonymous memory; undefined where they are not known. */
export function otherBytesOf({ otherPages, geometry }: MemoryDigest): number | undefined {
  return otherPages === undefined ? undefined : otherPages * pageBytes(geometry);
}
