/**
 * The per-CPU batch of folios on their way to the LRU list. A page in it carries one reference more than its mappings,
 * so a collapse attempt over it fails with SCAN_PAGE_COUNT until the batch drains.
 * Source: spec, observed-on-real-kernels, "The LRU batch".
 */
export class LruBatch {
  /** Slots of the batch; the entry that fills the last one drains it. */
  static readonly SLOTS = 31;

  readonly #pages = new Set<number>();

  /** Whether the small page at this virtual page number waits in the batch. */
  has(pageNumber: number): boolean {
    return this.#pages.size > 0 && this.#pages.has(pageNumber);
  }

  addSmallPage(pageNumber: number): void {
    this.#pages.add(pageNumber);
    if (this.#pages.size === LruBatch.SLOTS) this.drain();
  }

  /** A large folio never waits: it drains the batch. So does every wake-up of khugepaged. */
  drain(): void {
    this.#pages.clear();
  }
}
