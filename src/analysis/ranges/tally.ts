import { sum } from '../../core/base/sum.ts';
import {
  addRestartCounts,
  addRestartedRange,
  emptyRestartCounts,
  type RestartCounts,
  withoutRestartCounts,
} from '../../core/fault/restart-counts.ts';
import { type Geometry, noneByOrder } from '../../core/memory/geometry.ts';
import { countPages } from '../../core/memory/occupancy.ts';
import type { OrderSet } from '../../core/memory/order.ts';
import type { PageSpan } from '../../core/memory/page-span.ts';
import { type ObservableFact, type RangeState, unknownFacts } from '../../core/memory/range-state.ts';
import { repeatedPages } from '../../core/memory/shared-runs.ts';
import type { ScanResult } from '../../core/rules/scan-result.ts';
import type { RunPolicy, Verdict } from './verdict.ts';

/** Why ranges stay as they are. */
export type Refusal =
  | NonNullable<Verdict['ignored']>
  | ScanResult
  /** The search found no window with enough pages. */
  | 'no-window';

export interface RefusedMemory {
  ranges: number;
  /** Resident pages in them. */
  pages: number;
}

/** Predictions added up: for a VMA, a process or everything. Pages are base pages. */
export interface Tally {
  readonly geometry: Geometry;
  /** Parts of PMD ranges that hold any page: a range counts once for each VMA that has pages in it. */
  ranges: number;
  /** Of these, ranges that khugepaged scans. */
  scanned: number;
  residentPages: number;
  attempts: number;
  /** Collapses by order: index = order. */
  readonly collapses: number[];
  coveredPages: number;
  filledPages: number;
  copiedPages: number;
  /** Of these, pages whose original another process may go on using. */
  copiedSharedPages: number;
  /** Originals of shared pages that are freed, as all who map them copy them. */
  freedSharedPages: number;
  /**
   * Resident pages that an earlier process of the source has as well: memory of the machine is less by them.
   */
  repeatedPages: number;
  swappedInPages: number;
  /** Resident pages by the order of their folio: index = order. */
  readonly pagesBefore: number[];
  readonly pagesAfter: number[];
  /** Resident pages that PMD entries map. */
  readonly pmdMappedPages: { before: number; after: number };
  /** Pages that stay small in ranges where something collapses. */
  leftSmallPages: number;
  /** Folios that PTEs map whole and naturally aligned: index = order. */
  readonly wholeFoliosBefore: number[];
  readonly wholeFoliosAfter: number[];
  readonly refused: Map<Refusal, RefusedMemory>;
  /** Failed attempts of ranges, whether another attempt on them succeeded or not. */
  readonly failedAttempts: Map<ScanResult, number>;
  readonly unknown: Set<ObservableFact>;
  /** What page faults leave when the programs start again, at most: `addVerdict` does not add to it. */
  readonly restart: RestartCounts;
  /** Of `restart`, what the machine does not pay for, as an earlier process of the source brings it along. */
  readonly repeatedRestart: RestartCounts;
}

export function emptyTally(geometry: Geometry): Tally {
  const byOrder = () => noneByOrder(geometry);
  return {
    geometry,
    ranges: 0,
    scanned: 0,
    residentPages: 0,
    attempts: 0,
    collapses: byOrder(),
    coveredPages: 0,
    filledPages: 0,
    copiedPages: 0,
    copiedSharedPages: 0,
    freedSharedPages: 0,
    repeatedPages: 0,
    swappedInPages: 0,
    pagesBefore: byOrder(),
    pagesAfter: byOrder(),
    pmdMappedPages: { before: 0, after: 0 },
    leftSmallPages: 0,
    wholeFoliosBefore: byOrder(),
    wholeFoliosAfter: byOrder(),
    refused: new Map(),
    failedAttempts: new Map(),
    unknown: new Set(),
    restart: emptyRestartCounts(geometry),
    repeatedRestart: emptyRestartCounts(geometry),
  };
}

/** Adds what becomes of one range. */
export function addVerdict(tally: Tally, verdict: Verdict): void {
  const { plan, cost, range } = verdict;
  const { before } = cost;
  const resident = sum(before.pagesByOrder);
  tally.ranges++;
  tally.residentPages += resident;
  for (const pages of [tally.pagesBefore, tally.pagesAfter]) addTo(pages, before.pagesByOrder);
  for (const folios of [tally.wholeFoliosBefore, tally.wholeFoliosAfter]) addTo(folios, before.wholeFolios);
  tally.pmdMappedPages.before += before.pmdMappedPages;
  tally.pmdMappedPages.after += before.pmdMappedPages;
  addChange(tally, verdict);
  if (plan) {
    tally.scanned++;
    for (const fact of unknownFacts(range)) tally.unknown.add(fact);
  }
  const refusal = refusalOf(verdict);
  if (refusal) refuse(tally, refusal, resident);
  else tally.leftSmallPages += cost.after.pagesByOrder[0];
}

/** Adds by how much a plan changes a range that is counted as it is. */
export function addChange(tally: Tally, { plan, cost }: Pick<Verdict, 'plan' | 'cost'>): void {
  if (!plan) return;
  const { before, after } = cost;
  tally.attempts += cost.attempts;
  tally.coveredPages += cost.coveredPages;
  tally.filledPages += cost.filledPages;
  tally.copiedPages += cost.copiedPages;
  tally.copiedSharedPages += cost.copiedSharedPages;
  tally.swappedInPages += cost.swappedInPages;
  for (const { order, result } of plan.attempts) {
    if (result === 'SCAN_SUCCEED') tally.collapses[order]++;
    else tally.failedAttempts.set(result, (tally.failedAttempts.get(result) ?? 0) + 1);
  }
  if (after === before) return;
  for (let order = 0; order < after.pagesByOrder.length; order++) {
    tally.pagesAfter[order] += after.pagesByOrder[order] - before.pagesByOrder[order];
    tally.wholeFoliosAfter[order] += after.wholeFolios[order] - before.wholeFolios[order];
  }
  tally.pmdMappedPages.after += after.pmdMappedPages - before.pmdMappedPages;
}

/** Adds a range of so many resident pages that stays as it is. */
export function refuse({ refused }: Tally, refusal: Refusal, pages: number): void {
  const known = refused.get(refusal);
  if (known) {
    known.ranges++;
    known.pages += pages;
  } else refused.set(refusal, { ranges: 1, pages });
}

/**
 * Adds what page faults leave of a range. `vma` is in PTEs from the start of the range, `orders` are those
 * that page faults may use in it.
 */
export function addRestart(tally: Tally, range: RangeState, vma: PageSpan, orders: OrderSet): void {
  const repeated = repeatedPages(range);
  if (!repeated) return addRestartedRange(tally.restart, range, vma, orders);
  tally.repeatedPages += countPages(repeated);
  const ofProcess = emptyRestartCounts(range.geometry);
  addRestartedRange(ofProcess, range, vma, orders);
  addRestartCounts(tally.restart, ofProcess);
  const ofMachine = emptyRestartCounts(range.geometry);
  addRestartedRange(ofMachine, range, vma, orders, repeated);
  addRestartCounts(tally.repeatedRestart, withoutRestartCounts(ofProcess, ofMachine));
}

/** Why nothing in a range collapses; undefined if anything does. */
export function refusalOf({ ignored, plan }: Pick<Verdict, 'ignored' | 'plan'>): Refusal | undefined {
  if (ignored) return ignored;
  if (!plan || plan.result === 'SCAN_SUCCEED') return undefined;
  if (plan.scan.result !== 'SCAN_SUCCEED') return plan.result;
  if (plan.attempts.length === 0) return 'no-window';
  const { result } = plan.attempts[plan.attempts.length - 1];
  return plan.attempts.every((attempt) => attempt.result === result) ? result : plan.result;
}

/** Whether memory is refused only because it is huge already. */
export function isHuge(refusal: Refusal): boolean {
  return refusal === 'SCAN_PMD_MAPPED' || refusal === 'SCAN_PTE_MAPPED_HUGEPAGE';
}

/** Adds one tally to another, for example those of processes to that of the machine. */
export function addTally(into: Tally, from: Tally): void {
  into.ranges += from.ranges;
  into.scanned += from.scanned;
  into.residentPages += from.residentPages;
  into.attempts += from.attempts;
  into.coveredPages += from.coveredPages;
  into.filledPages += from.filledPages;
  into.copiedPages += from.copiedPages;
  into.copiedSharedPages += from.copiedSharedPages;
  into.freedSharedPages += from.freedSharedPages;
  into.repeatedPages += from.repeatedPages;
  into.swappedInPages += from.swappedInPages;
  into.leftSmallPages += from.leftSmallPages;
  addTo(into.collapses, from.collapses);
  addTo(into.pagesBefore, from.pagesBefore);
  addTo(into.pagesAfter, from.pagesAfter);
  addTo(into.wholeFoliosBefore, from.wholeFoliosBefore);
  addTo(into.wholeFoliosAfter, from.wholeFoliosAfter);
  into.pmdMappedPages.before += from.pmdMappedPages.before;
  into.pmdMappedPages.after += from.pmdMappedPages.after;
  for (const [refusal, { ranges, pages }] of from.refused) {
    const refused = into.refused.get(refusal) ?? { ranges: 0, pages: 0 };
    into.refused.set(refusal, { ranges: refused.ranges + ranges, pages: refused.pages + pages });
  }
  for (const [result, count] of from.failedAttempts) {
    into.failedAttempts.set(result, (into.failedAttempts.get(result) ?? 0) + count);
  }
  for (const fact of from.unknown) into.unknown.add(fact);
  addRestartCounts(into.restart, from.restart);
  addRestartCounts(into.repeatedRestart, from.repeatedRestart);
}

function addTo(into: number[], from: readonly number[]): void {
  for (let i = 0; i < from.length; i++) into[i] += from[i];
}

/**
 * Pages in use that lie in large folios, now and after khugepaged: pages that a collapse fills were empty,
 * and are not in use afterwards either.
 */
export function hugeInUse({
  pagesBefore,
  pagesAfter,
  filledPages,
}: Readonly<Record<'pagesBefore' | 'pagesAfter', readonly number[]>> & Pick<Tally, 'filledPages'>): {
  readonly before: number;
  readonly after: number;
} {
  return { before: sum(pagesBefore.slice(1)), after: sum(pagesAfter.slice(1)) - filledPages };
}

/** Touched pages that page faults put into large folios after a restart, at most: filled ones left out. */
export function hugeAfterRestart({ touchedPages, pagesByOrder }: RestartCounts): number {
  return touchedPages - pagesByOrder[0];
}

/** What makes resident memory grow, in a tally, the cost of a plan, or the counts of a policy. */
type Filling = Pick<Tally, 'filledPages' | 'swappedInPages'>;

/** Pages by which resident memory grows. */
export function growthOf({ filledPages, swappedInPages }: Filling): number {
  return filledPages + swappedInPages;
}

/**
 * Pages by which the memory of the machine grows at most: originals of shared pages stay with the processes
 * that do not collapse them. Where all of n sharers collapse, the last one frees them: n - 1 copies remain.
 */
export function machineGrowthOf(
  tally: Filling & Pick<Tally, 'copiedSharedPages' | 'freedSharedPages'>,
): number {
  return growthOf(tally) + tally.copiedSharedPages - tally.freedSharedPages;
}

/**
 * Attempts of every later pass, which change nothing: all but those that make a huge page of the PMD size,
 * for what is left of the range is as it was, and a window with its folio is tried again, as is one for which
 * a control group has no room, unless reclaim makes some (docs/khugepaged.md#later-passes, docs/digest.md).
 * Undefined where one pass does not tell: where attempts failed for what may be gone by then, under older
 * rules for holes, and in other searches.
 */
export function laterAttemptsOf(
  { attempts, collapses, failedAttempts, geometry }: Tally,
  { model, algorithm }: Pick<RunPolicy, 'model' | 'algorithm'>,
): number | undefined {
  if (!['walk', 'stack'].includes(algorithm.name) || model.noneRule !== 'ends') return undefined;
  const later = attempts - collapses[geometry.pmdOrder];
  const isRepeated = (result: ScanResult) =>
    result === 'SCAN_PTE_MAPPED_HUGEPAGE' || result === 'SCAN_CGROUP_CHARGE_FAIL';
  return later === 0 || [...failedAttempts.keys()].every(isRepeated) ? later : undefined;
}

/** Resident pages, those that several processes of the source share counted once. */
export function machinePagesOf({ residentPages, repeatedPages }: Tally): number {
  return residentPages - repeatedPages;
}

/** What page faults leave, those pages that several processes of the source share counted once. */
export function machineRestartOf({ restart, repeatedRestart }: Tally): RestartCounts {
  return withoutRestartCounts(restart, repeatedRestart);
}

/** Pages by which resident memory grows when page faults fill it again, at most. */
export function restartGrowthOf({
  restart,
  residentPages,
}: Pick<Tally, 'restart' | 'residentPages'>): number {
  return sum(restart.pagesByOrder) - residentPages;
}
