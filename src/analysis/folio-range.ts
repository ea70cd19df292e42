import { type Geometry, pagesPerRange } from '../core/memory/geometry.ts';
import { countWindow, type Occupancy } from '../core/memory/occupancy.ts';
import type { OrderSet } from '../core/memory/order.ts';
import { type PackedWindow, planWindows, unpackWindow } from '../core/plan/plan-windows.ts';
import { firstHeld } from '../core/rules/isolation.ts';
import type { CountedOutcome } from './counted-range.ts';
import { addFolioMapping, clearFolioMapping, emptyFolioMapping, type FolioMapping } from './folio-mapping.ts';
import { mainOrder } from './range-table.ts';
import type { Refusal, Tally } from './tally.ts';

/**
 * What the walk does to ranges of small pages and large folios and nothing else, without a plan for each:
 * attempts fail where a window holds a folio of its own order or larger (docs/digest.md), and nowhere else.
 */
export class FolioRangeCounter {
  readonly #geometry: Geometry;
  readonly #windows: PackedWindow[] = [];
  readonly #mapping: FolioMapping;
  readonly #replaced: FolioMapping;
  /** Folios by order. */
  readonly #made: Int32Array;

  constructor(geometry: Geometry) {
    this.#geometry = geometry;
    this.#mapping = emptyFolioMapping(geometry);
    this.#replaced = emptyFolioMapping(geometry);
    this.#made = new Int32Array(geometry.pmdOrder + 1);
  }

  /**
   * Adds to a tally what changes in a range that khugepaged scans. `tally` has the range as it is already.
   * Returns why nothing in it collapses; undefined if anything does, and then writes `into`.
   */
  count(
    tally: Tally,
    { present, folioOrders }: { readonly present: Occupancy; readonly folioOrders: () => Uint8Array },
    pages: number,
    orders: OrderSet,
    maxPtesNone: number,
    into: CountedOutcome,
  ): Refusal | undefined {
    const geometry = this.#geometry;
    const { pmdOrder } = geometry;
    const all = pagesPerRange(geometry);
    const scanLimit = orders === 1 << pmdOrder ? maxPtesNone : all - 1;
    if (all - pages > scanLimit) return 'SCAN_EXCEED_NONE_PTE';
    const windows = this.#windows;
    windows.length = 0;
    planWindows(present, orders, maxPtesNone, geometry, windows);
    if (windows.length === 0) return 'no-window';

    const folios = folioOrders();
    const replaced = this.#replaced;
    clearFolioMapping(replaced);
    const made = this.#made.fill(0);
    // Below the PMD order nothing but full windows qualify, unless one page is enough.
    const isFull = maxPtesNone < all - 1 && windows[0] !== pmdOrder;
    let held = 0;
    for (const packed of windows) {
      const window = unpackWindow(packed);
      const { offset, order } = window;
      if (firstHeld(present, folios, window, geometry) !== undefined) held++;
      else {
        const taken = isFull ? 1 << order : countWindow(present, offset, order);
        addFolioMapping(replaced, folios, offset, offset + (1 << order), taken);
        made[order]++;
      }
    }
    tally.attempts += windows.length;
    if (held > 0) {
      const failed = tally.failedAttempts.get('SCAN_PTE_MAPPED_HUGEPAGE') ?? 0;
      tally.failedAttempts.set('SCAN_PTE_MAPPED_HUGEPAGE', failed + held);
    }
    if (held === windows.length) return 'SCAN_PTE_MAPPED_HUGEPAGE';
    clearFolioMapping(this.#mapping);
    addFolioMapping(this.#mapping, folios, 0, all, pages);
    this.#replace(tally, into);
    return undefined;
  }

  /** Takes the folios that are replaced out of the range, and puts those in that are made. */
  #replace(tally: Tally, into: CountedOutcome): void {
    const { pmdOrder } = this.#geometry;
    const { pagesByOrder } = this.#mapping;
    const replaced = this.#replaced;
    let copied = 0;
    let covered = 0;
    for (let order = 0; order <= pmdOrder; order++) {
      const made = this.#made[order];
      const change = (made << order) - replaced.pagesByOrder[order];
      copied += replaced.pagesByOrder[order];
      covered += made << order;
      pagesByOrder[order] += change;
      tally.collapses[order] += made;
      tally.pagesAfter[order] += change;
      tally.wholeFoliosAfter[order] += (order < pmdOrder ? made : 0) - replaced.wholeFolios[order];
    }
    tally.pmdMappedPages.after += this.#made[pmdOrder] << pmdOrder;
    tally.coveredPages += covered;
    tally.copiedPages += copied;
    tally.filledPages += covered - copied;
    tally.leftSmallPages += pagesByOrder[0];
    into.mainOrder = mainOrder(pagesByOrder);
    into.growthPages = covered - copied;
  }
}
