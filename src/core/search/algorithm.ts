import type { Geometry } from '../memory/geometry.ts';
import { countWindow, type Occupancy } from '../memory/occupancy.ts';
import { hasOrder, type Offset, type Order, type Window } from '../memory/order.ts';
import type { RangeState } from '../memory/range-state.ts';
import { type CollapsePolicy, noneLimit } from '../rules/policy.ts';
import type { ScanReport } from '../rules/scan.ts';
import type { ScanResult } from '../rules/scan-result.ts';

/** What the scan of a range hands to the search: which PTEs may be collapsed, and what it counted. */
export interface ScannedRange {
  readonly geometry: Geometry;
  /** PTEs that map an ordinary page. */
  readonly occupied: Occupancy;
  /** PTEs that are neither empty nor present, in the whole range. */
  readonly unmapped: number;
  readonly uffdArmed: boolean;
  /** What the scan has against the PMD order alone, which is then not among the orders of the policy. */
  readonly pmdRefusal?: ScanResult;
}

/** One window as the search sees it. */
export interface JudgedWindow extends Window {
  /** Whether the policy enables this order. */
  readonly enabled: boolean;
  /** Occupied PTEs, with the unmapped ones of the range where they count; 0 when the order is disabled. */
  readonly occupied: number;
  /** Occupied PTEs that the window must have; 0 when the order is disabled. */
  readonly needed: number;
  readonly qualifies: boolean;
}

/** A step of the search, reported after it is decided. */
export interface Visit extends JudgedWindow {
  /** The attempt's result, if the window qualified. */
  readonly result: ScanResult | undefined;
  /** The window that is visited next; undefined at the end. */
  readonly next: Window | undefined;
  /** For algorithms that keep a stack: its windows right after this one was popped, the top last. */
  readonly stack: readonly Window[] | undefined;
  /** Whether the attempt was the retry that may reclaim memory. */
  readonly reclaim?: boolean;
}

/** A window to be attempted. */
export interface Candidate extends Window {
  /** Its allocation may reclaim memory: the retry of algorithms that allocate lightly first. */
  readonly reclaim?: boolean;
}

/**
 * Attempts windows together and returns their results in the same order. No result is known before all are: a
 * depth-first search hands over one window at a time, a batched one all those of a round.
 */
export type Attempt = (batch: readonly Candidate[]) => readonly ScanResult[];

/** Attempts whose result depends on nothing but the window. */
export function attemptEach(decide: (offset: Offset, order: Order, reclaim: boolean) => ScanResult): Attempt {
  return (batch) => batch.map(({ offset, order, reclaim = false }) => decide(offset, order, reclaim));
}

export type Observe = (visit: Visit) => void;

/** A visit to a judged window. Written out: to spread the window costs more than to judge it. */
export function visitOf(
  { offset, order, enabled, occupied, needed, qualifies }: JudgedWindow,
  result: ScanResult | undefined,
  next: Window | undefined,
  stack?: readonly Window[],
): Visit {
  return { offset, order, enabled, occupied, needed, qualifies, result, next, stack };
}

/**
 * A search for windows to collapse in one range. It hands the windows that it chooses to `attempt`, one by
 * one or in batches, in its own order, and returns the result of the range. `observe` sees every step; it is
 * optional because it costs.
 */
export interface CollapseAlgorithm {
  readonly name: string;
  /** The scan that goes with the search; without it, that of the kernel (`scanRange`). */
  scan?(range: RangeState, policy: CollapsePolicy): ScanReport;
  collapse(range: ScannedRange, policy: CollapsePolicy, attempt: Attempt, observe?: Observe): ScanResult;
  /**
   * A search for the ranges of one pass, in order: for those that keep something from one range to the next.
   * Without it every range is a pass of its own.
   */
  startPass?(): CollapseAlgorithm;
}

/**
 * Whether a window may be attempted: enabled, and occupied enough for the none limit. Ranges of which no
 * attempt can fail are decided without it, with the same outcome: plan/plan-windows.ts, digest/reader.ts.
 * Source: mthp_collapse, docs/khugepaged.md#the-walk.
 */
export function judgeWindow(
  range: ScannedRange,
  policy: CollapsePolicy,
  offset: Offset,
  order: Order,
): JudgedWindow {
  const needed = neededPages(range, policy, order);
  if (needed === undefined)
    return { offset, order, enabled: false, occupied: 0, needed: 0, qualifies: false };
  const occupied = occupiedPages(range, policy, offset, order);
  return { offset, order, enabled: true, occupied, needed, qualifies: occupied >= needed };
}

/** Occupied PTEs that a window must have to be attempted; undefined where its order is not enabled. */
export function neededPages(
  { geometry, uffdArmed }: ScannedRange,
  policy: CollapsePolicy,
  order: Order,
): number | undefined {
  if (!hasOrder(policy.orders, order)) return undefined;
  const allowsNone = !(policy.model.searchSeesUffd && uffdArmed);
  return (1 << order) - (allowsNone ? noneLimit(policy, order, geometry) : 0);
}

/** Those that it has, with the unmapped ones of the range where they count. */
export function occupiedPages(
  { geometry, occupied, unmapped }: ScannedRange,
  { model }: CollapsePolicy,
  offset: Offset,
  order: Order,
): number {
  const pages = countWindow(occupied, offset, order);
  return order === geometry.pmdOrder && model.unmappedFillsPmd ? pages + unmapped : pages;
}

/** The result of a range from those of its attempts: mthp_collapse, docs/khugepaged.md#the-walk. */
export class RangeResult {
  #collapsed = false;
  #allocationFailed = false;
  #last: ScanResult = 'SCAN_FAIL';

  record(result: ScanResult): void {
    if (result === 'SCAN_SUCCEED') this.#collapsed = true;
    else if (result !== 'SCAN_PTE_MAPPED_HUGEPAGE') this.#last = result;
    if (result === 'SCAN_ALLOC_HUGE_PAGE_FAIL') this.#allocationFailed = true;
  }

  /** SCAN_SUCCEED if anything collapsed, else an allocation failure, else the last reason. */
  under(policy: CollapsePolicy): ScanResult {
    if (this.#collapsed) return 'SCAN_SUCCEED';
    if (!policy.model.returnsReason) return 'SCAN_FAIL';
    return this.#allocationFailed ? 'SCAN_ALLOC_HUGE_PAGE_FAIL' : this.#last;
  }
}
