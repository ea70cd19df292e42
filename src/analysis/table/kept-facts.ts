import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import { emptyOccupancy, isEmpty, type Occupancy, wordsPerRange } from '../../core/memory/occupancy.ts';
import { packRuns, unpackRuns } from '../../core/memory/order-runs.ts';
import { hasLargeFolio, PAGE_FACTS, pageFacts, type RangeState } from '../../core/memory/range-state.ts';
import type { FolioWindows } from '../../core/plan/folio-windows.ts';

/** Words of a piece of memory: enough that pieces are few, not so many that the last one wastes much. */
const CHUNK_WORDS = 2 ** 18;

/** What the first word of a record says besides. */
const PMD_MAPPED = 1 << 0;
const PMD_UNKNOWN = 1 << 1;
const UFFD_ARMED = 1 << 2;
const FOLIOS_UNKNOWN = 1 << 3;
/** From here on a bit for each fact of pages: which have words. */
const HAS_WORDS = 4;
/** From here on a bit for each: which are unknown. */
const IS_UNKNOWN = HAS_WORDS + PAGE_FACTS.length;

/** What ranges hold besides their present pages, record after record: what holds nothing takes no room. */
export class KeptFacts {
  readonly #geometry: Geometry;
  readonly #none: Occupancy;
  readonly #small: Uint8Array;
  readonly #runs: Uint16Array;
  readonly #chunks: Uint32Array[] = [];
  #used = CHUNK_WORDS;

  constructor(geometry: Geometry) {
    this.#geometry = geometry;
    this.#none = emptyOccupancy(geometry);
    this.#small = new Uint8Array(pagesPerRange(geometry));
    this.#runs = new Uint16Array(pagesPerRange(geometry));
  }

  /**
   * Keeps a copy of the facts of a range but for its present pages; returns their place. `packed` are the
   * runs of its folio orders, where they are known already.
   */
  add({ facts, folioOrders, pmdMapped, uffdArmed }: RangeState, packed?: Uint16Array): number {
    let head = pmdMapped ? PMD_MAPPED : pmdMapped === undefined ? PMD_UNKNOWN : 0;
    if (uffdArmed) head |= UFFD_ARMED;
    if (!folioOrders) head |= FOLIOS_UNKNOWN;
    const runs = packed ?? this.#runsOf(folioOrders);
    const words = wordsPerRange(this.#geometry);
    let size = 2 + ((runs.length + 1) >>> 1);
    for (let bit = 0; bit < PAGE_FACTS.length; bit++) {
      const pages = facts[PAGE_FACTS[bit]];
      if (!pages) head |= 1 << (IS_UNKNOWN + bit);
      else if (PAGE_FACTS[bit] !== 'present' && !isEmpty(pages)) {
        head |= 1 << (HAS_WORDS + bit);
        size += words;
      }
    }
    const { chunk, at, place } = this.#room(size);
    chunk[at] = head;
    chunk[at + 1] = runs.length;
    let next = at + 2;
    for (let bit = 0; bit < PAGE_FACTS.length; bit++) {
      const pages = facts[PAGE_FACTS[bit]];
      if (!pages || !((head >>> (HAS_WORDS + bit)) & 1)) continue;
      chunk.set(pages, next);
      next += words;
    }
    for (let run = 0; run < runs.length; run += 2)
      chunk[next++] = runs[run] | (run + 1 < runs.length ? runs[run + 1] << 16 : 0);
    return place;
  }

  /** The range whose facts lie at a place. What it holds may be views, and must not be changed. */
  range(place: number, address: number, present: Occupancy): RangeState {
    const chunk = this.#chunks[Math.floor(place / CHUNK_WORDS)];
    const at = place % CHUNK_WORDS;
    const [head, runs] = [chunk[at], chunk[at + 1]];
    const words = wordsPerRange(this.#geometry);
    let next = at + 2;
    const lists = PAGE_FACTS.map((_, bit) => {
      if ((head >>> (IS_UNKNOWN + bit)) & 1) return undefined;
      if (!((head >>> (HAS_WORDS + bit)) & 1)) return this.#none;
      next += words;
      return chunk.subarray(next - words, next);
    });
    const swap = lists[PAGE_FACTS.indexOf('swap')] ?? this.#none;
    return {
      geometry: this.#geometry,
      address,
      facts: pageFacts({ present, swap }, (fact) => lists[PAGE_FACTS.indexOf(fact)]),
      folioOrders: head & FOLIOS_UNKNOWN ? undefined : this.#unpackRuns(chunk, next, runs),
      pmdMapped: head & PMD_UNKNOWN ? undefined : (head & PMD_MAPPED) !== 0,
      uffdArmed: (head & UFFD_ARMED) !== 0,
    };
  }

  /**
   * Has the folios of a range read of which nothing else is kept, and of which the present pages are from
   * `first` on. Nothing is made for it: half a million ranges are read at once.
   */
  readFolios(place: number, present: Occupancy, first: number, into: FolioWindows): void {
    const chunk = this.#chunks[Math.floor(place / CHUNK_WORDS)];
    const at = place % CHUNK_WORDS;
    into.readRuns(present, first, chunk, at + 2, chunk[at + 1]);
  }

  /** Whether a fact is known to be true of a page of the range. */
  holds(place: number, fact: (typeof PAGE_FACTS)[number]): boolean {
    const head = this.#chunks[Math.floor(place / CHUNK_WORDS)][place % CHUNK_WORDS];
    return ((head >>> (HAS_WORDS + PAGE_FACTS.indexOf(fact))) & 1) === 1;
  }

  #runsOf(folioOrders: Uint8Array | undefined): Uint16Array {
    const some = folioOrders && hasLargeFolio(folioOrders);
    return this.#runs.subarray(0, some ? packRuns(folioOrders, this.#runs) : 0);
  }

  #room(size: number) {
    if (this.#used + size > CHUNK_WORDS) {
      this.#chunks.push(new Uint32Array(CHUNK_WORDS));
      this.#used = 0;
    }
    const at = this.#used;
    this.#used += size;
    const last = this.#chunks.length - 1;
    return { chunk: this.#chunks[last], at, place: last * CHUNK_WORDS + at };
  }

  #unpackRuns(chunk: Uint32Array, at: number, runs: number): Uint8Array {
    if (runs === 0) return this.#small;
    const orders = new Uint8Array(pagesPerRange(this.#geometry));
    unpackRuns(chunk, at, runs, orders);
    return orders;
  }
}
