import { hasPage, type Occupancy } from '../memory/occupancy.ts';

/**
 * The per-CPU batch of folios on their way to the LRU list. A page in it carries one reference more than its
 * mappings, so a collapse attempt over it fails with SCAN_PAGE_COUNT until the batch drains.
 * Source: folio_add_lru, docs/khugepaged.md#lru-batch.
 */
export class LruBatch {
  /** Slots of the batch; the entry that fills the last one drains it. */
  static readonly SLOTS = 31;

  /** Small pages of the current range that wait, by their offset. */
  readonly #pages = new Set<number>();

  /** Slots that pages of earlier ranges fill. */
  #earlier = 0;

  /** The pages that wait stay, but are none of the range that begins. */
  startRange(): void {
    this.#earlier += this.#pages.size;
    this.#pages.clear();
  }

  /** Whether no page of the current range waits. */
  get isEmpty(): boolean {
    return this.#pages.size === 0;
  }

  /** Whether the small page at this offset of the current range waits in the batch. */
  has(page: number): boolean {
    return this.#pages.size > 0 && this.#pages.has(page);
  }

  addSmallPage(page: number): void {
    this.#pages.add(page);
    if (this.#earlier + this.#pages.size === LruBatch.SLOTS) this.drain();
  }

  /**
   * What was isolated of the pages of the current range from `first` up to `end` goes back to the LRU list,
   * the last page first (release_pte_pages, docs/khugepaged.md#lru-batch).
   */
  putBack(mapped: Occupancy, folioOrders: Uint8Array, first: number, end: number): void {
    let large = false;
    for (let page = end - 1; page >= first; page--) {
      if (!hasPage(mapped, page)) continue;
      if (folioOrders[page] > 0) large = true;
      else this.addSmallPage(page);
    }
    if (large) this.drain();
  }

  /** A large folio never waits: it drains the batch. So does every wake-up of khugepaged. */
  drain(): void {
    // Each collapse drains it, and it is empty mostly.
    if (this.#pages.size > 0) this.#pages.clear();
    this.#earlier = 0;
  }
}
