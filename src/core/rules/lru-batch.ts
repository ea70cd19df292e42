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

  /** A large folio never waits: it drains the batch. So does every wake-up of khugepaged. */
  drain(): void {
    this.#pages.clear();
    this.#earlier = 0;
  }
}
