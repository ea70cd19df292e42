import { sum } from '../../core/base/sum.ts';
import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import { intersectOrders, NO_ORDERS, type OrderSet, uniteOrders } from '../../core/memory/order.ts';
import type { RangeState } from '../../core/memory/range-state.ts';
import { clearCounts, emptyCounts, type PolicyCounts } from '../../core/plan/policy-counts.ts';
import { collapsibleOrders, type KernelModel } from '../../core/rules/kernel-model.ts';
import { type CollapseLimits, collapsePolicy } from '../../core/rules/policy.ts';
import type { DigestQuery, RangeHoles } from '../digest/digest-query.ts';
import { type MemoryDigest, VMA_CLASSES, type VmaClass } from '../digest/memory-digest.ts';
import {
  changedTlbEntries,
  copyingGrowthOf,
  memoryTlbEntries,
  restartWorth,
} from '../digest/policy-worth.ts';
import { growthOf } from '../ranges/tally.ts';

/** Whether sizes are set to `always`, or to `madvise` so that only VMAs with MADV_HUGEPAGE get them. */
export type SweepWord = 'always' | 'madvise';

/** The policies of a sweep: every combination. The other limits are the same for all. */
export interface SweepSpace extends Pick<CollapseLimits, 'maxPtesSwap' | 'maxPtesShared'> {
  /** Sizes that memory with MADV_HUGEPAGE has under every policy. */
  readonly kept: OrderSet;
  readonly models: readonly KernelModel[];
  readonly enabled: readonly SweepWord[];
  readonly orders: readonly OrderSet[];
  /** Ascending. */
  readonly maxPtesNone: readonly number[];
}

export interface SweptPolicy {
  readonly model: KernelModel;
  readonly enabled: SweepWord;
  readonly orders: OrderSet;
  readonly maxPtesNone: number;
}

/**
 * What a sweep says of a policy, in the order of the values that `sweepBlock` writes; pages are base pages.
 */
export const SWEEP_METRICS = [
  /** Windows tried in the first pass. */
  'attempts',
  'collapses',
  /** Pages in use that lie in large folios afterwards. */
  'hugePages',
  /** Pages of all collapsed windows. */
  'coveredPages',
  /** Pages by which resident memory grows. */
  'growthPages',
  'copiedPages',
  /** Windows tried in vain in every later pass, once nothing changes. */
  'laterAttempts',
  /** Pages by which the memory of the machine grows: shared pages that are copied count, too. */
  'machineGrowthPages',
  /** TLB entries that map all resident memory once, when khugepaged is done. */
  'tlbEntries',
  /**
   * Pages of the machine that page faults fill when the programs start again, at most; NaN where a digest
   * does not know.
   */
  'restartGrowthPages',
  /** TLB entries then. */
  'restartTlbEntries',
] as const;

export type SweepMetrics = Record<(typeof SWEEP_METRICS)[number], number>;

const METRICS = SWEEP_METRICS.length;
const PLACES = Object.fromEntries(SWEEP_METRICS.map((name, i) => [name, i])) as SweepMetrics;

/** Policies that differ in max_ptes_none alone form a block. */
export function sweepBlocks({ models, enabled, orders }: SweepSpace): number {
  return models.length * enabled.length * orders.length;
}

export function policyCount(space: SweepSpace): number {
  return sweepBlocks(space) * space.maxPtesNone.length;
}

/** Numbers that the metrics of one block take. */
export function blockLength({ maxPtesNone }: SweepSpace): number {
  return maxPtesNone.length * METRICS;
}

/** The policy at an index: block * values of max_ptes_none + the index of its value. */
export function policyAt(space: SweepSpace, index: number): SweptPolicy {
  const block = Math.floor(index / space.maxPtesNone.length);
  const rest = Math.floor(block / space.orders.length);
  return {
    model: space.models[Math.floor(rest / space.enabled.length)],
    enabled: space.enabled[rest % space.enabled.length],
    orders: space.orders[block % space.orders.length],
    maxPtesNone: space.maxPtesNone[index % space.maxPtesNone.length],
  };
}

/** One metric of the policy at an index: what loops over many policies use. */
export function metricAt(values: Float64Array, index: number, metric: keyof SweepMetrics): number {
  return values[index * METRICS + PLACES[metric]];
}

export function metricsAt(values: Float64Array, index: number): SweepMetrics {
  const metrics = SWEEP_METRICS.map((name, i) => [name, values[index * METRICS + i]]);
  return Object.fromEntries(metrics) as SweepMetrics;
}

/** Writes the metrics of the policies of one block, `blockLength` numbers. */
export function sweepBlock(query: DigestQuery, space: SweepSpace, block: number, into: Float64Array): void {
  const { memory } = query;
  const { model, enabled, orders } = policyAt(space, block * space.maxPtesNone.length);
  const enabledFor = (name: VmaClass): OrderSet => {
    if (name === 'hugepage') return uniteOrders(orders, space.kept);
    return enabled === 'madvise' ? NO_ORDERS : orders;
  };
  const classes = VMA_CLASSES.map((name) => ({
    name,
    apart: memory.classes[name].apart,
    possible: intersectOrders(enabledFor(name), collapsibleOrders(model, memory.geometry)),
  })).filter(({ possible }) => possible !== NO_ORDERS);
  into.fill(0);
  const steps = new NoneSteps(space, memory.geometry);
  for (const { apart, possible } of classes)
    for (const { range, count } of apart.values())
      addChanges(into, space, steps, range, count, possible, model, query);
  for (let at = METRICS; at < into.length; at++) into[at] += into[at - METRICS];
  const counts = emptyCounts(memory.geometry);
  for (const { name, possible } of classes) {
    for (const [i, maxPtesNone] of space.maxPtesNone.entries()) {
      clearCounts(counts);
      const limits = { ...space, maxPtesNone };
      query.readTables(name, collapsePolicy(possible, limits, model, memory.geometry), counts);
      addMetrics(into, i, counts, memory);
    }
  }
  const entries = memoryTlbEntries(memory);
  const restart = restartWorth(query, enabledFor, model);
  for (let i = 0; i < space.maxPtesNone.length; i++) {
    into[i * METRICS + PLACES.hugePages] += memory.hugePages;
    into[i * METRICS + PLACES.tlbEntries] += entries;
    into[i * METRICS + PLACES.restartGrowthPages] = restart?.growthPages ?? Number.NaN;
    into[i * METRICS + PLACES.restartTlbEntries] = restart?.tlbEntries ?? Number.NaN;
  }
}

/**
 * Adds a range that is kept apart: to each policy by how much its metrics differ from those of the policy
 * before it. The range is walked once for each interval of max_ptes_none in which nothing changes.
 */
function addChanges(
  into: Float64Array,
  space: SweepSpace,
  steps: NoneSteps,
  range: RangeState,
  times: number,
  orders: OrderSet,
  model: KernelModel,
  query: DigestQuery,
): void {
  const { memory } = query;
  let before = new Float64Array(METRICS);
  let now = new Float64Array(METRICS);
  const starts =
    model.noneRule === 'ends' ? steps.of(query.holesOf(range), orders) : space.maxPtesNone.keys();
  for (const i of starts) {
    const policy = collapsePolicy(
      orders,
      { ...space, maxPtesNone: space.maxPtesNone[i] },
      model,
      range.geometry,
    );
    now.fill(0);
    addMetrics(now, 0, query.walk(range, policy), memory);
    for (let at = 0; at < METRICS; at++) into[i * METRICS + at] += times * (now[at] - before[at]);
    [before, now] = [now, before];
  }
}

/** Finds where the intervals begin, by their index in a space. */
class NoneSteps {
  readonly #geometry: Geometry;
  /** For each number, the first value of max_ptes_none that is as large. */
  readonly #firstFrom: Uint16Array;
  readonly #values: number;

  constructor({ maxPtesNone }: SweepSpace, geometry: Geometry) {
    this.#geometry = geometry;
    this.#values = maxPtesNone.length;
    this.#firstFrom = new Uint16Array(pagesPerRange(geometry) + 1);
    for (let number = 0, i = 0; number < this.#firstFrom.length; number++) {
      while (i < maxPtesNone.length && maxPtesNone[i] < number) i++;
      this.#firstFrom[number] = i;
    }
  }

  /**
   * They begin at the first value, where the PMD order begins to qualify if it is enabled, with unmapped PTEs
   * counted or not, and at NR-1 (collapse_max_ptes_none, docs/khugepaged.md#none-rules). Ascending.
   */
  of({ holes, unmapped }: RangeHoles, orders: OrderSet): readonly number[] {
    const starts = [0];
    const begin = (number: number) => {
      const i = this.#firstFrom[number];
      if (i < this.#values && i > starts[starts.length - 1]) starts.push(i);
    };
    if ((orders >>> this.#geometry.pmdOrder) & 1) {
      begin(holes - unmapped);
      begin(holes);
    }
    begin(pagesPerRange(this.#geometry) - 1);
    return starts;
  }
}

function addMetrics(into: Float64Array, policy: number, counts: PolicyCounts, memory: MemoryDigest): void {
  const at = policy * METRICS;
  into[at] += sum(counts.attempts);
  into[at + PLACES.collapses] += sum(counts.collapses);
  into[at + PLACES.hugePages] += counts.newlyHugePages;
  into[at + PLACES.coveredPages] += counts.copiedPages + counts.filledPages;
  into[at + PLACES.growthPages] += growthOf(counts);
  into[at + PLACES.copiedPages] += counts.copiedPages;
  into[at + PLACES.laterAttempts] += sum(counts.laterAttempts);
  into[at + PLACES.machineGrowthPages] += copyingGrowthOf(counts);
  into[at + PLACES.tlbEntries] += changedTlbEntries(counts, memory);
}
