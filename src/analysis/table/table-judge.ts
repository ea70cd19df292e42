import { sum } from '../../core/base/sum.ts';
import { addRestartCounts, addRestartedRange, emptyRestartCounts } from '../../core/fault/restart-counts.ts';
import type { OrderSet } from '../../core/memory/order.ts';
import type { RangeState } from '../../core/memory/range-state.ts';
import { createFolioWindows, type FolioWindows } from '../../core/plan/folio-windows.ts';
import { spanFrom } from '../../core/rules/vma.ts';
import { ALGORITHMS } from '../../core/search/algorithms.ts';
import { addCollapses, canCount } from '../ranges/counted-range.ts';
import { countFolioRange } from '../ranges/folio-range.ts';
import { RANGE_KIND } from '../ranges/range-kinds.ts';
import { countSharedRange, isUndecided } from '../ranges/shared-range.ts';
import {
  addChange,
  addTally,
  emptyTally,
  growthOf,
  type Refusal,
  refusalOf,
  refuse,
  type Tally,
} from '../ranges/tally.ts';
import { judgeRange, type RunPolicy } from '../ranges/verdict.ts';
import { CountedRows } from './counted-rows.ts';
import { mainOrder, type RangeTable, type TableVma } from './range-table.ts';
import { emptyOutcomes, type RowOutcomes } from './row-outcomes.ts';
import { noteUnknown, policyOfVma, type VmaPolicy } from './vma-policy.ts';

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

/**
 * Judges the rows of a table under one policy, as `judgeRange` would each of them. Ranges of small pages are
 * judged by the counts of their windows (docs/digest.md); those of other kinds are walked.
 */
export class TableJudge {
  readonly refusals: Refusal[] = [];
  readonly #table: RangeTable;
  readonly #runPolicy: RunPolicy;
  readonly #canCount: boolean;
  readonly #isWalk: boolean;
  readonly #folios: FolioWindows;
  readonly #counted: CountedRows;
  readonly #outcome = { mainOrder: 0, growthPages: 0 };
  readonly #policies: VmaPolicy[] = [];
  /** By process, what changes; what stays is added from the VMAs. */
  readonly #changes: Tally[] = [];

  constructor(table: RangeTable, runPolicy: RunPolicy) {
    this.#table = table;
    this.#runPolicy = runPolicy;
    this.#canCount = canCount(runPolicy);
    this.#isWalk = this.#canCount && runPolicy.algorithm === ALGORITHMS.walk;
    this.#folios = createFolioWindows(table.geometry);
    this.#counted = new CountedRows(table, runPolicy.settings.maxPtesNone, this.#refuse);
  }

  /** Judges rows from `first` up to `end`. Each row is to be judged once. */
  judge(first: number, end: number, into: RowOutcomes): void {
    const { vmaOf, vmas } = this.#table;
    for (let row = first; row < end; ) {
      const vma = vmaOf[row];
      const policy = (this.#policies[vma] ??= this.#policyOf(vmas[vma]));
      const stop = Math.min(end, vmas[vma].end);
      this.#judgeVma(row, stop, policy, into);
      row = stop;
    }
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

  #judgeVma(first: number, end: number, policy: VmaPolicy, into: RowOutcomes): void {
    for (let row = first; row < end; ) {
      const next = this.#canCount ? this.#counted.judge(row, end, policy, into) : row;
      if (next === row) this.#judgeRow(row++, policy, into);
      else row = next;
    }
    addCollapses(policy.changes, this.#counted.sums);
  }

  #judgeRow(row: number, policy: VmaPolicy, into: RowOutcomes): void {
    const table = this.#table;
    const vma = table.vmas[table.vmaOf[row]];
    const { orders, changes } = policy;
    const kind = table.kinds[row];
    into.mainOrders[row] = table.mainOrders[row];
    into.growthPages[row] = 0;
    const range = this.#isCounted(kind) || table.isOwnHugePage(row) ? undefined : table.range(row);
    this.#restart(row, range, policy, into);
    let refusal: Refusal | undefined = policy.ineligible;
    if (!refusal && kind === RANGE_KIND.edge) refusal = 'vma-edge';
    if (!refusal) {
      noteUnknown(policy, table.unknown[row]);
      changes.scanned++;
      if (kind === RANGE_KIND.pmdMapped) refusal = 'SCAN_PMD_MAPPED';
      else if (range) refusal = this.#walk(row, range, vma, orders, changes, into);
      else refusal = this.#countKind(row, vma, orders, changes, into);
    }
    into.refusals[row] = refusal ? this.#refuse(changes, refusal, table.residentPages[row]) : 0;
  }

  #policyOf(vma: TableVma): VmaPolicy {
    const { geometry, processes } = this.#table;
    const { thpDisabled } = processes[vma.process];
    const changes = (this.#changes[vma.process] ??= emptyTally(geometry));
    return policyOfVma(vma.vma, this.#runPolicy, geometry, thpDisabled, changes);
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
    const isHuge = kind === RANGE_KIND.pmdMapped;
    const pages = isHuge ? touched : this.#counted.restartedPages(row, order);
    if (isHuge && order < table.geometry.pmdOrder) restart.largerFolioPages += touched;
    if (kind === RANGE_KIND.folios && table.largestOrders[row] > order)
      restart.largerFolioPages += this.#pagesAbove(row, order);
    if (kind === RANGE_KIND.shared) restart.sharedPages += touched;
    restart.touchedPages += touched;
    restart.pagesByOrder[order] += pages;
    into.restartOrders[row] = order;
    into.restartGrowthPages[row] = pages - touched;
  }

  /** An arrow, as it goes along with rows that are counted. */
  readonly #refuse = (tally: Tally, refusal: Refusal, pages: number): number => {
    refuse(tally, refusal, pages);
    const index = this.refusals.indexOf(refusal);
    return 1 + (index >= 0 ? index : this.refusals.push(refusal) - 1);
  };

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
    if (this.#table.kinds[row] === RANGE_KIND.folios) return this.#countFolios(row, orders, tally, into);
    const { residentPages, geometry } = this.#table;
    if (isUndecided(residentPages[row], orders, this.#runPolicy.settings, geometry))
      return this.#walk(row, this.#table.range(row), vma, orders, tally, into);
    return this.#countShared(row, orders, tally, into);
  }

  /** What was counted of a row in which something collapses. */
  #take(row: number, into: RowOutcomes): void {
    into.mainOrders[row] = this.#outcome.mainOrder;
    into.growthPages[row] = this.#outcome.growthPages;
  }

  #countShared(row: number, orders: OrderSet, tally: Tally, into: RowOutcomes) {
    const pages = this.#table.residentPages[row];
    const { settings } = this.#runPolicy;
    const lists = this.#counted.windowsOf(row);
    const { sums } = this.#counted;
    const refusal = countSharedRange(tally, sums, pages, lists, orders, settings, this.#outcome);
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
    this.#table.readFolios(row, this.#folios);
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
