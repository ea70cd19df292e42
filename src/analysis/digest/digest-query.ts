import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { BlockedReader } from '../../core/digest/blocked-reader.ts';
import { BlockedWalks } from '../../core/digest/blocked-walk.ts';
import { DigestReader } from '../../core/digest/reader.ts';
import type { DigestTable } from '../../core/digest/table.ts';
import { emptyRestartCounts, largestOrder, type RestartCounts } from '../../core/fault/restart-counts.ts';
import { readRestart } from '../../core/fault/restart-table.ts';
import { pagesPerRange } from '../../core/memory/geometry.ts';
import { countPages, difference } from '../../core/memory/occupancy.ts';
import { intersectOrders, NO_ORDERS, type OrderSet } from '../../core/memory/order.ts';
import type { RangeState } from '../../core/memory/range-state.ts';
import { addCounts, emptyCounts, type PolicyCounts } from '../../core/plan/policy-counts.ts';
import { settledCounts } from '../../core/plan/settled-counts.ts';
import { collapsibleOrders, faultableOrders, type KernelModel } from '../../core/rules/kernel-model.ts';
import { type CollapsePolicy, collapsePolicy } from '../../core/rules/policy.ts';
import { enabledOrders, type ThpSettings } from '../../core/rules/thp-settings.ts';
import type { AlgorithmName } from '../../core/search/algorithm-names.ts';
import { ALGORITHMS } from '../../core/search/algorithms.ts';
import { type MemoryDigest, VMA_CLASSES, type VmaClass } from './memory-digest.ts';

/** PTEs of a range that hold no page, and those of them that are unmapped: swap entries and markers. */
export interface RangeHoles {
  readonly holes: number;
  readonly unmapped: number;
}

/** A digest that is asked about many policies. */
export class DigestQuery {
  readonly memory: MemoryDigest;
  readonly #readers: Readonly<Record<VmaClass, DigestReader>>;
  readonly #walks: BlockedWalks;
  readonly #holes = new Map<RangeState, RangeHoles>();
  /** Readers of blocked windows, by the limits that they were made for. */
  readonly #blockedReaders = new Map<string, BlockedReader>();

  constructor(memory: MemoryDigest) {
    const { unadvised, hugepage } = memory.classes;
    this.memory = memory;
    this.#walks = new BlockedWalks(memory.geometry, memory.reachPages);
    this.#readers = {
      unadvised: new DigestReader(unadvised.table),
      hugepage: new DigestReader(hugepage.table),
    };
  }

  /** Adds what the tables of a class say of a policy; what is kept apart is left out. */
  readTables(name: VmaClass, policy: CollapsePolicy, counts: PolicyCounts): void {
    this.#readers[name].read(policy.orders, policy.maxPtesNone, counts);
    const { blocked } = this.memory.classes[name];
    if (blocked.rows.size + blocked.windows.size > 0)
      this.#blockedReader(name, policy).read(policy.orders, policy.maxPtesNone, counts);
  }

  /** What a policy does to a range that is kept apart. The next walk may overwrite what this one returns. */
  walk(range: RangeState, policy: CollapsePolicy): PolicyCounts {
    const { reachPages } = this.memory;
    const algorithm = ALGORITHMS[policy.model.algorithm];
    return this.#walks.counts(range, policy) ?? settledCounts(range, policy, reachPages, algorithm);
  }

  /** The holes of a range that is kept apart, the zero page among them; told apart by identity. */
  holesOf(range: RangeState): RangeHoles {
    let found = this.#holes.get(range);
    if (!found) {
      const { present, zero, swap } = range.facts;
      const mapped = countPages(zero ? difference(present, zero) : present);
      found = { holes: pagesPerRange(range.geometry) - mapped, unmapped: countPages(swap) };
      this.#holes.set(range, found);
    }
    return found;
  }

  #blockedReader(name: VmaClass, { maxPtesSwap, maxPtesShared, model }: CollapsePolicy): BlockedReader {
    const { unmappedFillsPmd } = model;
    const key = `${name} ${maxPtesSwap} ${maxPtesShared} ${unmappedFillsPmd}`;
    let reader = this.#blockedReaders.get(key);
    if (!reader) {
      const limits = { maxPtesSwap, maxPtesShared, unmappedFillsPmd };
      reader = new BlockedReader(this.memory.classes[name].blocked, limits);
      this.#blockedReaders.set(key, reader);
    }
    return reader;
  }

  /**
   * What khugepaged does under settings: read from the tables, and walked where ranges are kept apart. The
   * model must be one that `checkDigestModel` accepts.
   */
  ask(settings: ThpSettings, model: KernelModel): PolicyCounts {
    const { geometry, classes } = this.memory;
    const counts = emptyCounts(geometry);
    for (const name of VMA_CLASSES) {
      const enabled = enabledOrders(settings, name === 'hugepage', geometry);
      const orders = intersectOrders(enabled, collapsibleOrders(model, geometry));
      if (orders === 0) continue;
      const policy = collapsePolicy(orders, settings, model, geometry);
      this.readTables(name, policy, counts);
      for (const { range, count } of classes[name].apart.values())
        addCounts(counts, this.walk(range, policy), count);
    }
    return counts;
  }

  /**
   * What page faults leave under settings when the programs start again, at most, the sum over the processes;
   * undefined where the digest does not know. Any model.
   */
  restart(settings: ThpSettings, model: KernelModel): RestartCounts | undefined {
    const { geometry } = this.memory;
    return this.restartWith((name) => enabledOrders(settings, name === 'hugepage', geometry), model);
  }

  /** The same for orders that are enabled for each class of VMAs. */
  restartWith(enabled: (name: VmaClass) => OrderSet, model: KernelModel): RestartCounts | undefined {
    const { geometry, classes, restart } = this.memory;
    if (!restart) return undefined;
    const counts = emptyRestartCounts(geometry);
    readRestart(restart.small, NO_ORDERS, counts);
    for (const name of VMA_CLASSES) {
      const orders = intersectOrders(enabled(name), faultableOrders(model, geometry));
      readRestart(restart[name], orders, counts);
      readOrdinary(classes[name].table, orders, counts);
    }
    return counts;
  }

  /** Of these, what the machine does not pay for: pages that an earlier process brings along by fork. */
  repeatedRestart(enabled: (name: VmaClass) => OrderSet, model: KernelModel): RestartCounts {
    const { geometry, repeated } = this.memory;
    const counts = emptyRestartCounts(geometry);
    if (!repeated || repeated.pages === 0) return counts;
    readRestart(repeated.restart.small, NO_ORDERS, counts);
    for (const name of VMA_CLASSES)
      readRestart(
        repeated.restart[name],
        intersectOrders(enabled(name), faultableOrders(model, geometry)),
        counts,
      );
    return counts;
  }
}

/** What page faults leave of the ranges that a digest table counts: their pages in use were touched. */
function readOrdinary(table: DigestTable, orders: OrderSet, counts: RestartCounts): void {
  const order = largestOrder(orders, table.geometry.pmdOrder);
  let touched = 0;
  for (const [pages, { ranges }] of table.rows) touched += pages * ranges;
  counts.touchedPages += touched;
  counts.pagesByOrder[order] += order === 0 ? touched : table.any[order] * 2 ** order;
}

/**
 * Whether a digest can answer for this model: the older none rules let windows qualify that do not nest
 * (docs/khugepaged.md#historic-none-rules).
 */
export function checkDigestModel({ name, noneRule }: KernelModel): Result<void> {
  if (noneRule === 'ends') return succeed(undefined);
  return fail(
    'usage',
    `--kernel ${name}: a digest cannot answer for its max_ptes_none; give processes or a snapshot`,
  );
}

/** The searches that attempt the same windows as the walk; a digest counts those. */
const DIGEST_ALGORITHMS: readonly AlgorithmName[] = ['walk', 'stack'];

/** Whether a digest can answer for this search: ranges that are kept apart are walked. */
export function checkDigestAlgorithm(name: AlgorithmName = 'walk'): Result<void> {
  if (DIGEST_ALGORITHMS.includes(name)) return succeed(undefined);
  return fail('usage', `--algorithm ${name}: a digest cannot answer for it; give processes or a snapshot`);
}
