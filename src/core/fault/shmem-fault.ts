import type { CacheRange } from '../memory/cache-range.ts';
import { type Geometry, pageBytes } from '../memory/geometry.ts';
import { type Order, ordersOf } from '../memory/order.ts';
import { holdsWindow, type PageSpan } from '../memory/page-span.ts';
import type { CachedFile, FileMapping } from '../rules/page-cache.ts';
import { allowedShmemOrders } from '../rules/shmem-orders.ts';
import type { ShmemSettings } from '../rules/shmem-settings.ts';
import { refusalOfVma, type Vma } from '../rules/vma.ts';
import { filledBlocks, type RestartedRange } from './restart.ts';

/** Shared memory that a VMA maps, and under which settings; its places are pages of the file. */
export class ShmemFaults {
  readonly #file: CachedFile;
  readonly #settings: ShmemSettings;
  readonly #geometry: Geometry;
  /** The pages that the VMA maps. */
  readonly #mapped: PageSpan;
  /** Pages by which addresses lie behind places in the file. */
  readonly #skew: number;
  readonly #advised: boolean;
  readonly #refused: boolean;

  constructor(
    vma: Pick<Vma, 'start' | 'end' | 'flags'> & { readonly mapping: FileMapping },
    file: CachedFile,
    settings: ShmemSettings,
    geometry: Geometry,
    thpDisabled: boolean | undefined,
  ) {
    const page = pageBytes(geometry);
    const start = Math.floor(vma.mapping.offset / page);
    this.#file = file;
    this.#settings = settings;
    this.#geometry = geometry;
    this.#mapped = { start, end: start + Math.ceil((vma.end - vma.start) / page) };
    this.#skew = vma.start / page - start;
    this.#advised = vma.flags.includes('hg');
    this.#refused = refusalOfVma(vma, thpDisabled) !== undefined;
  }

  /**
   * The order of the folio that a page fault, of a read or a write, allocates for a page that is not in
   * memory; undefined for a small page: the largest of `ordersAt`.
   */
  orderAt(page: number, isEmpty: (first: number, pages: number) => boolean): Order | undefined {
    return this.ordersAt(page, isEmpty)[0];
  }

  /**
   * The orders that a page fault tries, the largest first, before it takes a small page: those that the
   * settings allow whose aligned window lies in the VMA, is aligned there as in the file, and holds no page
   * and no swap entry yet. Source: shmem_get_folio_gfp and shmem_suitable_orders,
   * docs/khugepaged.md#faults-of-shared-memory.
   */
  ordersAt(page: number, isEmpty: (first: number, pages: number) => boolean): readonly Order[] {
    if (this.#refused) return [];
    const allowed = allowedShmemOrders(this.#file, page, this.#advised, this.#settings, this.#geometry);
    return ordersOf(allowed)
      .filter((order) => {
        const pages = 2 ** order;
        const first = Math.floor(page / pages) * pages;
        return this.#skew % pages === 0 && holdsWindow(this.#mapped, first, order) && isEmpty(first, pages);
      })
      .reverse();
  }

  /**
   * What page faults through this VMA leave of a range whose pages are touched again after
   * its memory was given back, in whatever order; only where within_size meets the end of the file does the
   * order count, and is taken for that of the pages. Pages that `read` and `write` of the file bring in are
   * not modelled: on a tmpfs those of one call come in folios as large as the call.
   */
  restart({ geometry, offset, present }: CacheRange): RestartedRange {
    const first = offset / pageBytes(geometry);
    return filledBlocks(
      present,
      (page) => this.orderAt(first + page, (from) => from >= first + page),
      geometry,
    );
  }
}
