import { DigestQuery } from '../analysis/digest/digest-query.ts';
import {
  emptyMemoryDigest,
  type MemoryDigest,
  RESTART_CLASSES,
  VMA_CLASSES,
  type VmaClass,
} from '../analysis/digest/memory-digest.ts';
import { type PolicyWorth, policyWorthOf } from '../analysis/digest/policy-worth.ts';
import { rowOf } from '../core/digest/table.ts';
import { type Geometry, pagesPerRange } from '../core/memory/geometry.ts';
import { MIN_ANON_ORDER } from '../core/memory/order.ts';
import type { KernelModel } from '../core/rules/kernel-model.ts';
import type { ThpSettings } from '../core/rules/thp-settings.ts';
import { ANY_COLUMNS } from './tables.ts';

/** When memory grows: by khugepaged, or at a restart by page faults. */
export type GrowthTime = 'now' | 'restart';

/** What growth is asked about. */
export interface GrowthQuestion {
  readonly settings: ThpSettings;
  readonly model: KernelModel;
  readonly when: GrowthTime;
  readonly geometry: Geometry;
  /** A condition that selects the readings, and processes of them. */
  readonly where: string;
}

/** What one of a count adds to the growth of its process, in pages. */
export interface GrowthWeights {
  /** Of ranges of a class with c occupied PTEs: by c, from 0 on. */
  readonly ranges: Readonly<Record<VmaClass, Float64Array>>;
  /** Of columns of `any`, by class and order. */
  readonly any: readonly WeightedColumns[];
  /** Of columns of `edges`, by class and block. */
  readonly edges: readonly WeightedColumns[];
}

/** Columns of the rows of one class and order, and what one of each adds. */
export interface WeightedColumns {
  readonly class: string;
  readonly order: number;
  readonly weights: Readonly<Record<string, number>>;
}

/**
 * What decides how much memory grows under settings, as weights of the counts that digests add up: every
 * count is asked about alone, so that the rules stay in one place. Growth is a sum of counts by these
 * weights, and of the growth of the ranges that are kept apart: docs/fleet.md#hosts.
 */
export function growthWeights(
  settings: ThpSettings,
  model: KernelModel,
  geometry: Geometry,
  when: GrowthTime,
): GrowthWeights {
  const growthOf = (count: (memory: MemoryDigest) => void): number => {
    const memory = emptyMemoryDigest(geometry, 1);
    count(memory);
    return growthAt(policyWorthOf(new DigestQuery(memory), settings, model), when);
  };
  return {
    ranges: { unadvised: rangeWeights('unadvised'), hugepage: rangeWeights('hugepage') },
    any: VMA_CLASSES.flatMap((name) => anyWeights(name)),
    edges: RESTART_CLASSES.flatMap((name) => edgeWeights(name)),
  };

  function rangeWeights(name: VmaClass): Float64Array {
    const weights = new Float64Array(pagesPerRange(geometry) + 1);
    for (let c = 1; c < weights.length; c++)
      weights[c] = growthOf(({ classes }) => {
        rowOf(classes[name].table, c).ranges = 1;
      });
    return weights;
  }

  function anyWeights(name: VmaClass): WeightedColumns[] {
    return ordersFrom(MIN_ANON_ORDER).flatMap((order) =>
      weighted(name, order, {
        windows: growthOf(({ classes }) => {
          classes[name].table.any[order] = 1;
        }),
        held: growthOf(({ classes }) => {
          classes[name].table.anyHeld[order] = 1;
        }),
        held_pages: growthOf(({ classes }) => {
          classes[name].table.anyHeldPages[order] = 1;
        }),
      }),
    );
  }

  function edgeWeights(name: (typeof RESTART_CLASSES)[number]): WeightedColumns[] {
    return ordersFrom(0).flatMap((block) => {
      const columns = ANY_COLUMNS.slice(0, Math.max(0, block - MIN_ANON_ORDER + 1)).map(
        (column, i) =>
          [
            column,
            growthOf(({ restart }) => {
              if (restart) restart[name].any[block][MIN_ANON_ORDER + i] = 1;
            }),
          ] as const,
      );
      const touched = growthOf(({ restart }) => {
        if (restart) restart[name].touched[block] = 1;
      });
      return weighted(name, block, { ...Object.fromEntries(columns), touched });
    });
  }

  function ordersFrom(first: number): number[] {
    return Array.from({ length: geometry.pmdOrder + 1 - first }, (_, i) => first + i);
  }
}

/** Only what adds anything. */
function weighted(name: string, order: number, weights: Readonly<Record<string, number>>): WeightedColumns[] {
  const counting = Object.entries(weights).filter(([, weight]) => weight !== 0);
  return counting.length === 0 ? [] : [{ class: name, order, weights: Object.fromEntries(counting) }];
}

/** Pages by which memory grows at that time. */
function growthAt({ growthPages, restart }: PolicyWorth, when: GrowthTime): number {
  return when === 'now' ? growthPages : (restart?.growthPages ?? 0);
}
