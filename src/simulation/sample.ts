import type { ScanResult } from '../core/rules/scan-result.ts';
import { type Durations, type LockStatistics, NO_TIME, sumOfDurations } from '../khugepaged/lock-tally.ts';
import type { SimulatedHost } from './simulated-host.ts';

/**
 * The machine at one moment. Pages are base pages; those from `filledPages` on add up since the beginning.
 */
export interface Sample {
  /** In ns. */
  readonly at: number;
  /**
   * Pages that processes map, each counted as often as it is mapped; those of files and shared memory
   * too.
   */
  readonly rssPages: number;
  /** Of these, pages of files and shared memory. */
  readonly fileRssPages: number;
  /**
   * Pages of files and shared memory in the page cache, once whoever maps them, and of these in folios of the
   * PMD order.
   */
  readonly cachePages: number;
  readonly cacheHugePages: number;
  /** Pages of anonymous memory by the order of their folio: index = order. Shared ones count once. */
  readonly pagesByOrder: readonly number[];
  /**
   * Of these, pages of folios of which only a part is mapped any more: memory is not free before they are
   * split.
   */
  readonly partlyMappedPages: number;
  readonly freePages: number;
  readonly swapPages: number;
  /** Empty and zero-page PTEs that collapses made pages of. */
  readonly filledPages: number;
  /** Holes of the page cache that collapses made pages of. */
  readonly cacheFilledPages: number;
  readonly copiedPages: number;
  /** Pages that collapses read from swap. */
  readonly swappedInPages: number;
  readonly attempts: number;
  readonly collapses: number;
  /** Attempts that failed, by result. */
  readonly failures: Readonly<Partial<Record<ScanResult, number>>>;
  readonly cpuNs: number;
  /** khugepaged's holds of mmap locks for write. */
  readonly writeLock: Readonly<Durations>;
  /** What others had to wait for locks of khugepaged, or of each other. */
  readonly waits: Readonly<Durations>;
  readonly fullScans: number;
}

export function takeSample({ system, daemon, processes }: SimulatedHost): Sample {
  const { machine, timeline, locks } = system;
  const { activity } = daemon.control;
  const { attempts, collapses, failures } = countAttempts(activity.attempts);
  const living = processes.filter(({ mm }) => !mm.exited);
  return {
    at: timeline.now,
    rssPages: living.reduce((sum, { mm }) => sum + mm.rssPages + mm.fileRssPages, 0),
    fileRssPages: living.reduce((sum, { mm }) => sum + mm.fileRssPages, 0),
    cachePages: machine.cache.pages,
    cacheHugePages: machine.cache.hugePages,
    pagesByOrder: pagesByOrder(machine.counters.mthp.nr_anon, machine.rootMemcg.usage - machine.cache.pages),
    partlyMappedPages: machine.counters.mthp.nr_anon_partially_mapped.reduce(
      (sum, count, order) => sum + count * 2 ** order,
      0,
    ),
    freePages: machine.freePages,
    swapPages: machine.swap.slots - machine.swap.free,
    filledPages: activity.filledPages,
    cacheFilledPages: activity.cacheFilledPages,
    copiedPages: activity.copiedPages,
    swappedInPages: activity.swappedInPages,
    attempts,
    collapses,
    failures,
    cpuNs: activity.totalCpuNs,
    writeLock: writeLockOf(locks.statistics),
    waits: waitsOfOthers(locks.statistics),
    fullScans: daemon.counts.fullScans,
  };
}

function pagesByOrder(folios: readonly number[], allPages: number): number[] {
  const pages = folios.map((count, order) => count * 2 ** order);
  pages[0] = allPages - pages.reduce((sum, count, order) => sum + (order > 0 ? count : 0), 0);
  return pages;
}

function countAttempts(byOrder: ReadonlyMap<number, ReadonlyMap<ScanResult, number>>) {
  let attempts = 0;
  let collapses = 0;
  const failures: Partial<Record<ScanResult, number>> = {};
  for (const results of byOrder.values()) {
    for (const [result, count] of results) {
      attempts += count;
      if (result === 'SCAN_SUCCEED') collapses += count;
      else failures[result] = (failures[result] ?? 0) + count;
    }
  }
  return { attempts, collapses, failures };
}

function writeLockOf({ holds }: LockStatistics): Durations {
  return { ...(holds.get('khugepaged')?.get('mmap write') ?? NO_TIME) };
}

function waitsOfOthers({ waits }: LockStatistics): Durations {
  const others = [...waits].filter(([who]) => who !== 'khugepaged');
  return sumOfDurations(others.flatMap(([, locks]) => [...locks.values()]));
}
