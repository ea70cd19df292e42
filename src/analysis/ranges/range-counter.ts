import { countWindows, emptyWindowCounts } from '../../core/digest/window-counts.ts';
import { largestOrder } from '../../core/fault/restart-counts.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import type { OrderSet } from '../../core/memory/order.ts';
import { type RangeState, unknownOfMask } from '../../core/memory/range-state.ts';
import { createFolioWindows, type FolioWindows } from '../../core/plan/folio-windows.ts';
import { coversRange, type Eligibility, spanFrom, type Vma } from '../../core/rules/vma.ts';
import { ALGORITHMS } from '../../core/search/algorithms.ts';
import { addCollapses, canCount, countRange, emptyCollapseSums } from './counted-range.ts';
import { addStandingFolios, countFolioRange } from './folio-range.ts';
import { RANGE_KIND, type RangeKind, RangeKinds } from './range-kinds.ts';
import { residentPages } from './resident-pages.ts';
import { countSharedRange, isUndecided } from './shared-range.ts';
import { addRestart, type Refusal, refuse, type Tally } from './tally.ts';
import type { RunPolicy } from './verdict.ts';

/** A VMA and what may happen in it. */
interface CountedVma {
  readonly vma: Vma;
  readonly eligibility: Eligibility;
  readonly restartOrders: OrderSet;
}

/**
 * Adds ranges to tallies without planning them, as judging them one by one does: those of which the counts of
 * their windows (docs/digest.md) and their folios say all.
 */
export class RangeCounter {
  readonly #geometry: Geometry;
  readonly #settings;
  readonly #canCount: boolean;
  readonly #isWalk: boolean;
  readonly #kinds = new RangeKinds();
  readonly #counts;
  readonly #windows: Uint16Array;
  readonly #outcome = { mainOrder: 0, growthPages: 0 };
  readonly #sums;
  #folios: FolioWindows | undefined;
  /** The tally that knows what is unknown of these ranges, and what that is. */
  #noted: { readonly tally: Tally; readonly unknown: number } | undefined;

  constructor(geometry: Geometry, runPolicy: RunPolicy) {
    this.#geometry = geometry;
    this.#settings = runPolicy.settings;
    this.#canCount = canCount(runPolicy);
    this.#isWalk = this.#canCount && runPolicy.algorithm === ALGORITHMS.walk;
    this.#counts = emptyWindowCounts(geometry);
    this.#sums = emptyCollapseSums(geometry);
    this.#windows = new Uint16Array(2 * (geometry.pmdOrder + 1));
  }

  /** Adds a range, and what page faults leave of it; false where it has to be judged on its own. */
  add(tally: Tally, range: RangeState, vma: CountedVma): boolean {
    if (!this.#canCount || !coversRange(vma.vma, range.address, this.#geometry)) return false;
    if (range.sharedRuns && range.sharedRuns.length > 0) return false;
    const kind = this.#kinds.of(range);
    const { unknown } = this.#kinds;
    if (kind === RANGE_KIND.walked) return false;
    if (kind === RANGE_KIND.pmdMapped) {
      addMapped(tally, range, vma);
      this.#refuseMapped(tally, range, unknown, vma.eligibility);
      return true;
    }
    if (kind !== RANGE_KIND.counted && !this.#isWalk) return false;
    countWindows(range.facts.present, this.#geometry, this.#counts);
    const { pages } = this.#counts;
    const { orders, ineligible } = vma.eligibility;
    if (
      kind === RANGE_KIND.shared &&
      !ineligible &&
      isUndecided(pages, orders, this.#settings, this.#geometry)
    )
      return false;
    this.#addStanding(tally, range, kind, vma.restartOrders);
    let refusal: Refusal | undefined = ineligible;
    if (!refusal) {
      tally.scanned++;
      this.#note(tally, unknown);
      refusal = this.#count(tally, kind, orders);
    }
    if (refusal) refuse(tally, refusal, pages);
    return true;
  }

  #refuseMapped(tally: Tally, range: RangeState, unknown: number, { ineligible }: Eligibility): void {
    if (!ineligible) {
      tally.scanned++;
      this.#note(tally, unknown);
    }
    refuse(tally, ineligible ?? 'SCAN_PMD_MAPPED', residentPages(range).resident);
  }

  /** Adds a range whose windows are counted as it is, and as page faults leave it. */
  #addStanding(tally: Tally, range: RangeState, kind: RangeKind, restartOrders: OrderSet): void {
    const { pmdOrder } = this.#geometry;
    const { pages, any } = this.#counts;
    const restarted = largestOrder(restartOrders, pmdOrder);
    const windows = restarted === pmdOrder ? Number(pages > 0) : any[restarted];
    const { restart } = tally;
    tally.ranges++;
    tally.residentPages += pages;
    restart.touchedPages += pages;
    restart.pagesByOrder[restarted] += restarted === 0 ? pages : windows * 2 ** restarted;
    if (kind === RANGE_KIND.shared) restart.sharedPages += pages;
    if (kind !== RANGE_KIND.folios || !range.folioOrders) {
      tally.pagesBefore[0] += pages;
      tally.pagesAfter[0] += pages;
      return;
    }
    const folios = (this.#folios ??= createFolioWindows(this.#geometry));
    folios.read(range.facts.present, range.folioOrders);
    folios.map();
    addStandingFolios(tally, folios);
    for (let order = restarted + 1; order <= pmdOrder; order++)
      restart.largerFolioPages += folios.pagesByOrder[order];
  }

  #count(tally: Tally, kind: RangeKind, orders: OrderSet): Refusal | undefined {
    const { pages } = this.#counts;
    const { maxPtesNone } = this.#settings;
    if (kind === RANGE_KIND.folios && this.#folios)
      return countFolioRange(tally, this.#folios, pages, orders, maxPtesNone, this.#outcome);
    const [sums, lists, outcome] = [this.#sums, this.#lists(), this.#outcome];
    const refusal =
      kind === RANGE_KIND.shared
        ? countSharedRange(tally, sums, pages, lists, orders, this.#settings, outcome)
        : countRange(sums, pages, lists, orders, maxPtesNone, outcome);
    if (!refusal) addCollapses(tally, sums);
    return refusal;
  }

  #lists() {
    const { full, any } = this.#counts;
    this.#windows.set(full);
    this.#windows.set(any, full.length);
    return { counts: this.#windows, full: 0, any: full.length };
  }

  #note(tally: Tally, unknown: number): void {
    if (this.#noted?.tally === tally && this.#noted.unknown === unknown) return;
    for (const fact of unknownOfMask(unknown)) tally.unknown.add(fact);
    this.#noted = { tally, unknown };
  }
}

/** Adds a range that a PMD entry maps as it is, and as page faults leave it. */
function addMapped(tally: Tally, range: RangeState, { vma, restartOrders }: CountedVma): void {
  const { geometry } = range;
  const { resident } = residentPages(range);
  tally.ranges++;
  tally.residentPages += resident;
  for (const pages of [tally.pagesBefore, tally.pagesAfter]) pages[geometry.pmdOrder] += resident;
  tally.pmdMappedPages.before += resident;
  tally.pmdMappedPages.after += resident;
  addRestart(tally, range, spanFrom(vma, range.address, geometry), restartOrders);
}
