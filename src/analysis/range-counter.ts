import { countWindows, emptyWindowCounts } from '../core/digest/window-counts.ts';
import { largestOrder } from '../core/fault/restart-counts.ts';
import type { Geometry } from '../core/memory/geometry.ts';
import type { OrderSet } from '../core/memory/order.ts';
import { type RangeState, unknownFacts } from '../core/memory/range-state.ts';
import { coversRange, type Eligibility, type Vma } from '../core/rules/vma.ts';
import { canCount, countRange } from './counted-range.ts';
import { PlainRanges } from './plain-ranges.ts';
import { refuse, type Tally } from './tally.ts';
import type { RunPolicy } from './verdict.ts';

/** A VMA and what may happen in it. */
interface CountedVma {
  readonly vma: Vma;
  readonly eligibility: Eligibility;
  readonly restartOrders: OrderSet;
}

/**
 * Adds ranges to tallies without planning them, as judging them one by one does: those that hold small pages
 * and nothing else, by the counts of their windows (docs/digest.md).
 */
export class RangeCounter {
  readonly #geometry: Geometry;
  readonly #maxPtesNone: number;
  readonly #canCount: boolean;
  readonly #plain = new PlainRanges();
  readonly #counts;
  readonly #windows: Uint16Array;
  readonly #outcome = { mainOrder: 0, growthPages: 0 };
  /** The tally that knows what is unknown of these ranges, and what that is. */
  #noted: { readonly tally: Tally; readonly unknown: number } | undefined;

  constructor(geometry: Geometry, runPolicy: RunPolicy) {
    this.#geometry = geometry;
    this.#maxPtesNone = runPolicy.settings.maxPtesNone;
    this.#canCount = canCount(runPolicy);
    this.#counts = emptyWindowCounts(geometry);
    this.#windows = new Uint16Array(2 * (geometry.pmdOrder + 1));
  }

  /** Adds a range, and what page faults leave of it; false where it has to be judged on its own. */
  add(tally: Tally, range: RangeState, { vma, eligibility, restartOrders }: CountedVma): boolean {
    if (!this.#canCount || !coversRange(vma, range.address, this.#geometry)) return false;
    if (range.sharedRuns && range.sharedRuns.length > 0) return false;
    const unknown = this.#plain.unknownOf(range);
    if (unknown === undefined) return false;
    const { pmdOrder } = this.#geometry;
    const counts = this.#counts;
    countWindows(range.facts.present, this.#geometry, counts);
    const { pages } = counts;
    tally.ranges++;
    tally.residentPages += pages;
    tally.pagesBefore[0] += pages;
    tally.pagesAfter[0] += pages;
    const restarted = largestOrder(restartOrders, pmdOrder);
    const windows = restarted === pmdOrder ? Number(pages > 0) : counts.any[restarted];
    tally.restart.touchedPages += pages;
    tally.restart.pagesByOrder[restarted] += restarted === 0 ? pages : windows * 2 ** restarted;
    if (eligibility.ineligible) {
      refuse(tally, eligibility.ineligible, pages);
      return true;
    }
    tally.scanned++;
    this.#note(tally, range, unknown);
    const refusal = countRange(
      tally,
      pages,
      this.#lists(),
      eligibility.orders,
      this.#maxPtesNone,
      this.#outcome,
    );
    if (refusal) refuse(tally, refusal, pages);
    return true;
  }

  #lists() {
    const { full, any } = this.#counts;
    this.#windows.set(full);
    this.#windows.set(any, full.length);
    return { counts: this.#windows, full: 0, any: full.length };
  }

  #note(tally: Tally, range: RangeState, unknown: number): void {
    if (this.#noted?.tally === tally && this.#noted.unknown === unknown) return;
    for (const fact of unknownFacts(range)) tally.unknown.add(fact);
    this.#noted = { tally, unknown };
  }
}
