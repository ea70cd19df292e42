import type { SkippedProcess } from '../../analysis/left-out.ts';
import { apartRanges, type MemoryDigest } from '../../analysis/memory-digest.ts';
import type { SweptResult } from '../../analysis/pareto.ts';
import { policyCount, type SweepSpace } from '../../analysis/sweep.ts';
import { ordersOf } from '../../core/memory/order.ts';
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
}

export function sweepJson({ memory, reach, processes, hosts, space, front }: SweepView): object {
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
    })),
  };
}

/** How much memory an answer is about, and what of it was walked or could not be seen. */
export function sweptMemoryJson(memory: MemoryDigest, processes: number): object {
  return {
    processes,
    ranges: memory.ranges,
    residentPages: memory.residentPages,
    hugePages: memory.hugePages,
    otherPages: memory.otherPages ?? null,
    walkedRanges: apartRanges(memory),
    refused: Object.fromEntries(memory.refused),
    assumed: [...memory.unknown],
  };
}
