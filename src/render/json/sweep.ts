import { cacheSums } from '../../analysis/cache/cache-digest.ts';
import type { CacheWorth } from '../../analysis/cache/cache-query.ts';
import { apartRanges, type MemoryDigest } from '../../analysis/digest/memory-digest.ts';
import type { SkippedProcess } from '../../analysis/reading/left-out.ts';
import type { SweptResult } from '../../analysis/sweep/pareto.ts';
import { policyCount, type SweepSpace } from '../../analysis/sweep/sweep.ts';
import type { SweptCache } from '../../analysis/sweep/swept-cache.ts';
import { ordersOf } from '../../core/memory/order.ts';
import type { MemoryGroup } from '../../core/rules/memory-source.ts';
import type { TlbReach } from '../../core/rules/tlb-reach.ts';
import { reachJson } from './predict.ts';

/** A sweep and what came of it. */
export interface SweepView {
  readonly memory: MemoryDigest;
  /** What TLB entries are counted by. */
  readonly reach: TlbReach;
  readonly processes: number;
  /** What of the memory that was named is not in the digest. */
  readonly skipped: readonly SkippedProcess[];
  /** Undefined where they are of one host. */
  readonly hosts?: number;
  readonly space: SweepSpace;
  /** The metrics of every policy: see `metricsAt`. */
  readonly values: Float64Array;
  readonly front: readonly SweptResult[];
  /** Undefined where the page cache is not known. */
  readonly cache: SweptCache | undefined;
  /** Control groups with a limit that processes are in: no figure knows these. */
  readonly groups: readonly MemoryGroup[];
}

export function sweepJson({ memory, reach, processes, hosts, space, front, cache }: SweepView): object {
  return {
    schema: 'thpscope/sweep@1',
    geometry: memory.geometry,
    memory: { ...sweptMemoryJson(memory, processes), hosts },
    tlb: reachJson(reach),
    space: {
      kernels: space.models.map(({ name }) => name),
      words: space.enabled,
      orders: space.orders.map(ordersOf),
      maxPtesNone: space.maxPtesNone,
      maxPtesSwap: space.maxPtesSwap,
      maxPtesShared: space.maxPtesShared,
      policies: policyCount(space),
    },
    front: front.map(({ policy, metrics }) => ({
      kernel: policy.model.name,
      word: policy.enabled,
      orders: ordersOf(policy.orders),
      maxPtesNone: policy.maxPtesNone,
      ...metrics,
      ...sweptCacheMetrics(cache?.worth(policy)),
    })),
    pageCache: cache ? sweptCacheJson(cache) : null,
  };
}

/** What a policy does to the page cache, by the names of its columns; null where that is not known. */
export function sweptCacheMetrics(worth: CacheWorth | undefined) {
  return {
    pageCacheCollapses: worth?.collapses ?? null,
    pageCacheHugePages: worth?.hugePages ?? null,
    pageCacheGrowthPages: worth?.growthPages ?? null,
    pageCacheUnmappedPages: worth?.unmappedPages ?? null,
  };
}

function sweptCacheJson(cache: SweptCache): object {
  const { query } = cache;
  const steps = cache.steps();
  const { ranges, cachedPages } = steps[0].worth;
  return {
    ranges,
    cachedPages,
    unreadFiles: cacheSums(query.digest).unreadFiles,
    shmemEnabled: query.shmem.enabled,
    assumesShmem: query.assumesShmem,
    byMaxPtesNone: steps.map(({ enabled, maxPtesNone, upTo, worth }) => ({
      enabled,
      maxPtesNone,
      upTo,
      ...sweptCacheMetrics(worth),
    })),
  };
}

/** How much memory an answer is about, and what of it was walked or could not be seen. */
export function sweptMemoryJson(memory: MemoryDigest, processes: number): object {
  return {
    processes,
    ranges: memory.ranges,
    residentPages: memory.residentPages,
    repeatedPages: memory.repeated?.pages ?? null,
    hugePages: memory.hugePages,
    otherPages: memory.otherPages ?? null,
    walkedRanges: apartRanges(memory),
    refused: Object.fromEntries(memory.refused),
    assumed: [...memory.unknown],
  };
}
