import { sum } from '../core/base/sum.ts';
import {
  addRestartCounts,
  addRestartedRange,
  emptyRestartCounts,
  largestOrder,
} from '../core/fault/restart-counts.ts';
import type { OrderSet } from '../core/memory/order.ts';
import { type RangeState, unknownOfMask } from '../core/memory/range-state.ts';
import { createFolioWindows, type FolioWindows } from '../core/plan/folio-windows.ts';
import { possibleOrders, restartOrders, spanFrom } from '../core/rules/vma.ts';
import { ALGORITHMS } from '../core/search/algorithms.ts';
import { canCount, countRange, type WindowLists } from './counted-range.ts';
import { countFolioRange } from './folio-range.ts';
import { RANGE_KIND } from './range-kinds.ts';
import { mainOrder, type RangeTable, type TableVma } from './range-table.ts';
import { countSharedRange, isUndecided } from './shared-range.ts';
import {
  addChange,
  addTally,
  emptyTally,
  growthOf,
  type Refusal,
  refusalOf,
  refuse,
  type Tally,
} from './tally.ts';
import { judgeRange, type RunPolicy } from './verdict.ts';

/** What becomes of each row of a table, in columns as long as the table. */
export interface RowOutcomes {
  /** The order whose folios hold most resident pages afterwards. */
  readonly mainOrders: Uint8Array;
  /** Why nothing in the range collapses: 1 + an index in the judge's `refusals`; 0 where something does. */
  readonly refusals: Uint8Array;
  /** Pages by which resident memory grows. */
  readonly growthPages: Uint16Array;
  /** The order whose folios hold most pages when page faults have filled the range again after a restart. */
  readonly restartOrders: Uint8Array;
  /** Pages by which a restart makes resident memory grow, at most. */
  readonly restartGrowthPages: Uint16Array;
}

/** What becomes of all memory of a table. */
export interface JudgedRanges extends RowOutcomes {
  /** What the numbers of `refusals`, less one, stand for. */
  readonly reasons: readonly Refusal[];
  /** By process, in the order of the table. */
  readonly tallies: readonly Tally[];
  readonly total: Tally;
}

/** Judges every row of a table, and adds up. */
export function judgeTable(table: RangeTable, runPolicy: RunPolicy): JudgedRanges {
  const judge = new TableJudge(table, runPolicy);
  const outcomes = emptyOutcomes(table.rows);
  judge.judge(0, table.rows, outcomes);
  const tallies = judge.tallies();
  const total = emptyTally(table.geometry);
  for (const tally of tallies) addTally(total, tally);
  return { ...outcomes, reasons: judge.refusals, tallies, total };
}

/** What the policy of the run comes to for one VMA. */
interface VmaPolicy {
  readonly orders: OrderSet;
  readonly ineligible: Refusal | undefined;
  /** The orders that page faults may use when the process starts again, and the largest of them. */
  readonly restartOrders: OrderSet;
  readonly restartOrder: number;
  /** What changes in its process. */
  readonly changes: Tally;
  /** What is unknown of the row before, which is noted. */
  noted: number | undefined;
}

export function emptyOutcomes(rows: number): RowOutcomes {
  return {
    mainOrders: new Uint8Array(rows),
    refusals: new Uint8Array(rows),
    growthPages: new Uint16Array(rows),
    restartOrders: new Uint8Array(rows),
    restartGrowthPages: new Uint16Array(rows),
  };
}

/**
 * Judges the rows of a table under one policy, as `judgeRange` would each of them. Ranges of small pages are
 * judged by the counts of their windows (docs/digest.md), in some 20 ns; those of other kinds are walked.
 */
export class TableJudge {
  readonly refusals: Refusal[] = [];
  readonly #table: RangeTable;
  readonly #runPolicy: RunPolicy;
  readonly #canCount: boolean;
  readonly #isWalk: boolean;
  readonly #folios: FolioWindows;
  /** Of the row that is judged: made once, for there are half a million. */
  readonly #outcome = { mainOrder: 0, growthPages: 0 };
  readonly #windows: { counts: ArrayLike<number>; full: number; any: number };
  readonly #eligible: VmaPolicy[] = [];
  /** By process, what changes; what stays is added from the VMAs. */
  readonly #changes: Tally[] = [];

  constructor(table: RangeTable, runPolicy: RunPolicy) {
    this.#table = table;
    this.#runPolicy = runPolicy;
    this.#canCount = canCount(runPolicy);
    this.#isWalk = this.#canCount && runPolicy.algorithm === ALGORITHMS.walk;
    this.#folios = createFolioWindows(table.geometry);
    this.#windows = { counts: table.windows, full: 0, any: 0 };
  }

  /** Judges rows from `first` up to `end`. Each row is to be judged once. */
  judge(first: number, end: number, into: RowOutcomes): void {
    for (let row = first; row < end; row++) this.#judgeRow(row, into);
  }

  /** By process, in the order of the table: what its rows are, and what becomes of those that were judged. */
  tallies(): Tally[] {
    const { geometry, processes, vmas } = this.#table;
    const tallies = processes.map(() => emptyTally(geometry));
    for (const vma of vmas) addStanding(tallies[vma.process], vma);
    // Processes without a row have no changes; forEach skips their holes.
    this.#changes.forEach((changes, process) => addTally(tallies[process], changes));
    return tallies;
  }

  #judgeRow(row: number, into: RowOutcomes): void {
    const table = this.#table;
    const vma = table.vmaOf[row];
    const eligibility = (this.#eligible[vma] ??= this.#eligibility(table.vmas[vma]));
    const { orders, changes } = eligibility;
    const kind = table.kinds[row];
    into.mainOrders[row] = table.mainOrders[row];
    into.growthPages[row] = 0;
    const range = this.#isCounted(kind) ? undefined : table.range(row);
    this.#restart(row, range, eligibility, into);
    let refusal: Refusal | undefined = eligibility.ineligible;
    if (!refusal && kind === RANGE_KIND.edge) refusal = 'vma-edge';
    if (!refusal) {
      const unknown = table.unknown[row];
      if (eligibility.noted !== unknown) {
        eligibility.noted = unknown;
        for (const fact of unknownOfMask(unknown)) changes.unknown.add(fact);
      }
      changes.scanned++;
      if (kind === RANGE_KIND.pmdMapped) refusal = 'SCAN_PMD_MAPPED';
      else if (range) refusal = this.#walk(row, range, table.vmas[vma], orders, changes, into);
      else refusal = this.#countKind(row, table.vmas[vma], orders, changes, into);
    }
    into.refusals[row] = refusal ? this.#refuse(changes, refusal, table.residentPages[row]) : 0;
  }

  #eligibility({ vma, process }: TableVma): VmaPolicy {
    const { geometry, processes } = this.#table;
    const { settings, model } = this.#runPolicy;
    const { thpDisabled } = processes[process];
    const { orders, ineligible } = possibleOrders(vma, settings, model, geometry, thpDisabled);
    const ofFaults = restartOrders(vma, settings, model, geometry, thpDisabled);
    const changes = (this.#changes[process] ??= emptyTally(geometry));
    return {
      orders,
      ineligible,
      restartOrders: ofFaults,
      restartOrder: largestOrder(ofFaults, geometry.pmdOrder),
      changes,
      noted: undefined,
    };
  }

  #restart(row: number, range: RangeState | undefined, of: VmaPolicy, into: RowOutcomes): void {
    const table = this.#table;
    const { kinds, residentPages, geometry } = table;
    const kind = kinds[row];
    if (!range || kind === RANGE_KIND.counted || kind === RANGE_KIND.folios || kind === RANGE_KIND.shared) {
      this.#restartCounted(row, of, into);
      return;
    }
    const counts = emptyRestartCounts(geometry);
    addRestartedRange(
      counts,
      range,
      spanFrom(table.vmas[table.vmaOf[row]].vma, range.address, geometry),
      of.restartOrders,
    );
    addRestartCounts(of.changes.restart, counts);
    into.restartOrders[row] = mainOrder(counts.pagesByOrder);
    into.restartGrowthPages[row] = sum(counts.pagesByOrder) - residentPages[row];
  }

  #restartCounted(row: number, { restartOrder: order, changes }: VmaPolicy, into: RowOutcomes): void {
    const table = this.#table;
    const { restart } = changes;
    const kind = table.kinds[row];
    const touched = table.residentPages[row];
    const pages = order === 0 ? touched : table.touchedWindows(row, order) << order;
    if (kind === RANGE_KIND.folios && table.largestOrders[row] > order)
      restart.largerFolioPages += this.#pagesAbove(row, order);
    if (kind === RANGE_KIND.shared) restart.sharedPages += touched;
    restart.touchedPages += touched;
    restart.pagesByOrder[order] += pages;
    into.restartOrders[row] = order;
    into.restartGrowthPages[row] = pages - touched;
  }

  #refuse(tally: Tally, refusal: Refusal, pages: number): number {
    refuse(tally, refusal, pages);
    const index = this.refusals.indexOf(refusal);
    return 1 + (index >= 0 ? index : this.refusals.push(refusal) - 1);
  }

  #isCounted(kind: number): boolean {
    if (kind === RANGE_KIND.folios || kind === RANGE_KIND.shared) return this.#isWalk;
    return kind === RANGE_KIND.counted && this.#canCount;
  }

  #countKind(
    row: number,
    vma: TableVma,
    orders: OrderSet,
    tally: Tally,
    into: RowOutcomes,
  ): Refusal | undefined {
    const kind = this.#table.kinds[row];
    if (kind === RANGE_KIND.counted) return this.#count(row, orders, tally, into);
    if (kind === RANGE_KIND.folios) return this.#countFolios(row, orders, tally, into);
    const { residentPages, geometry } = this.#table;
    if (isUndecided(residentPages[row], orders, this.#runPolicy.settings, geometry))
      return this.#walk(row, this.#table.range(row), vma, orders, tally, into);
    return this.#countShared(row, orders, tally, into);
  }

  /** A range of small pages, all of whose attempts succeed. */
  #count(row: number, orders: OrderSet, tally: Tally, into: RowOutcomes): Refusal | undefined {
    const pages = this.#table.residentPages[row];
    const { maxPtesNone } = this.#runPolicy.settings;
    const refusal = countRange(tally, pages, this.#windowsOf(row), orders, maxPtesNone, this.#outcome);
    if (!refusal) this.#take(row, into);
    return refusal;
  }

  #windowsOf(row: number): WindowLists {
    const { windows, windowStride } = this.#table;
    const lists = this.#windows;
    lists.counts = windows;
    lists.full = row * windowStride - 2;
    lists.any = lists.full + windowStride / 2;
    return lists;
  }

  /** What was counted of a row in which something collapses. */
  #take(row: number, into: RowOutcomes): void {
    into.mainOrders[row] = this.#outcome.mainOrder;
    into.growthPages[row] = this.#outcome.growthPages;
  }

  #countShared(row: number, orders: OrderSet, tally: Tally, into: RowOutcomes) {
    const pages = this.#table.residentPages[row];
    const { settings } = this.#runPolicy;
    const refusal = countSharedRange(tally, pages, this.#windowsOf(row), orders, settings, this.#outcome);
    if (!refusal) this.#take(row, into);
    return refusal;
  }

  #pagesAbove(row: number, order: number): number {
    this.#readFolios(row);
    this.#folios.map();
    const { pagesByOrder } = this.#folios;
    let pages = 0;
    for (let above = order + 1; above < pagesByOrder.length; above++) pages += pagesByOrder[above];
    return pages;
  }

  #readFolios(row: number): void {
    const { words, at, count } = this.#table.folioRuns(row);
    this.#folios.readRuns(this.#table.present(row), words, at, count);
  }

  #countFolios(row: number, orders: OrderSet, tally: Tally, into: RowOutcomes): Refusal | undefined {
    const { maxPtesNone } = this.#runPolicy.settings;
    const pages = this.#table.residentPages[row];
    this.#readFolios(row);
    const refusal = countFolioRange(tally, this.#folios, pages, orders, maxPtesNone, this.#outcome);
    if (!refusal) this.#take(row, into);
    return refusal;
  }

  #walk(
    row: number,
    range: RangeState,
    { vma }: TableVma,
    orders: OrderSet,
    tally: Tally,
    into: RowOutcomes,
  ): Refusal | undefined {
    const verdict = judgeRange(range, vma, { orders }, this.#runPolicy);
    const refusal = refusalOf(verdict);
    const { cost, plan } = verdict;
    into.mainOrders[row] = mainOrder(cost.after.pagesByOrder);
    into.growthPages[row] = growthOf(cost);
    if (plan && plan.attempts.length > 0) {
      addChange(tally, verdict);
      if (!refusal) tally.leftSmallPages += cost.after.pagesByOrder[0];
    }
    return refusal;
  }
}

/** Adds the rows of a VMA as they are. */
function addStanding(tally: Tally, vma: TableVma): void {
  tally.ranges += vma.end - vma.first;
  tally.residentPages += vma.residentPages;
  for (const [order, pages] of vma.pagesByOrder.entries()) {
    tally.pagesBefore[order] += pages;
    tally.pagesAfter[order] += pages;
  }
  tally.pmdMappedPages.before += vma.pmdMappedPages;
  tally.pmdMappedPages.after += vma.pmdMappedPages;
  for (const [order, folios] of vma.wholeFolios.entries()) {
    tally.wholeFoliosBefore[order] += folios;
    tally.wholeFoliosAfter[order] += folios;
  }
}
