import type { ScannedRange } from '../core/algorithm.ts';
import { pagesPerRange } from '../core/geometry.ts';
import type { KernelModel } from '../core/kernel-model.ts';
import { countPages, emptyOccupancy, hasPage, type Occupancy, setPage } from '../core/occupancy.ts';
import type { Offset, Order, OrderSet } from '../core/order.ts';
import { decidedOutcome, type OutcomeRule } from '../core/outcome.ts';
import { type CollapsePolicy, defaultLimits } from '../core/policy.ts';
import type { ScanResult } from '../core/scan-result.ts';

/** A scanned range and what is enabled for it: all that a search is asked about, but for how attempts end. */
export interface Shape {
  readonly range: ScannedRange;
  readonly orders: OrderSet;
  readonly maxPtesNone: number;
}

/** A shape and how attempts on it end. Windows that no rule names succeed. */
export interface LabCase extends Shape {
  readonly outcomes: readonly OutcomeRule[];
}

/** The policy of a case under a kernel's rules. The other limits play no part in a search. */
export function policyOf({ range, orders, maxPtesNone }: Shape, model: KernelModel): CollapsePolicy {
  return { ...defaultLimits(range.geometry), orders, maxPtesNone, model };
}

/** How a case says that an attempt ends. */
export function outcomeOf({ outcomes }: LabCase): (offset: Offset, order: Order) => ScanResult {
  return (offset, order) => decidedOutcome(outcomes, offset, order) ?? 'SCAN_SUCCEED';
}

/** PTEs of a case that hold anything. */
export function ptesOf({ range }: Shape): number {
  return countPages(range.occupied) + range.unmapped;
}

/** Where the unmapped PTEs of a case may be: the first free ones. Searches know their number only. */
export function unmappedPages({ range }: Shape): Occupancy {
  const pages = emptyOccupancy(range.geometry);
  for (let page = 0, left = range.unmapped; left > 0 && page < pagesPerRange(range.geometry); page++) {
    if (hasPage(range.occupied, page)) continue;
    setPage(pages, page);
    left--;
  }
  return pages;
}
