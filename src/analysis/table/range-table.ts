import { sum } from '../../core/base/sum.ts';
import { countWindows, emptyWindowCounts } from '../../core/digest/window-counts.ts';
import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import { emptyOccupancy, type Occupancy, wordsPerRange } from '../../core/memory/occupancy.ts';
import { pageFacts, type RangeState, unknownOfMask } from '../../core/memory/range-state.ts';
import { costOf, type Mapping } from '../../core/plan/cost.ts';
import { createFolioWindows, type FolioWindows } from '../../core/plan/folio-windows.ts';
import type { MemoryItem, Process } from '../../core/rules/memory-source.ts';
import { coversRange, type Vma } from '../../core/rules/vma.ts';
import { RANGE_KIND, type RangeKind, RangeKinds } from '../ranges/range-kinds.ts';
import { RepeatedPages } from '../ranges/repeated-pages.ts';
import { KeptFacts } from './kept-facts.ts';

/** A VMA that has ranges in a table, in rows from `first` up to `end`. */
export interface TableVma {
  readonly vma: Vma;
  /** Index of its process. */
  readonly process: number;
  readonly first: number;
  end: number;
  residentPages: number;
  /** Its ranges as they are, added up. */
  readonly pagesByOrder: Float64Array;
  pmdMappedPages: number;
  readonly wholeFolios: Float64Array;
}

const FIRST_CAPACITY = 4096;

/**
 * All anonymous PMD ranges of some memory, a row each, in columns: what draws and judges a whole machine at
 * once. A plain range of 512 PTEs takes 118 bytes; what is unusual about others is kept packed
 * (kept-facts.ts): 8 bytes, 64 for each list that is not empty, two for each run of folio orders.
 */
export class RangeTable {
  readonly geometry: Geometry;
  readonly processes: Process[] = [];
  readonly vmas: TableVma[] = [];
  rows = 0;
  addresses = new Float64Array(0);
  /** Index of the VMA. */
  vmaOf = new Uint32Array(0);
  /** What is unknown of the range, a bit for each of `OBSERVABLE_FACTS`. */
  unknown = new Uint16Array(0);
  kinds = new Uint8Array(0);
  residentPages = new Uint16Array(0);
  /** The order whose folios hold most resident pages. */
  mainOrders = new Uint8Array(0);
  /** The order of the largest folio of rows with folios and small pages. */
  largestOrders = new Uint8Array(0);
  /**
   * Full and occupied windows of rows that are not walked, from order 2 to one below the PMD order: full ones
   * first.
   */
  windows = new Uint16Array(0);
  /** Numbers that a row takes in `windows`. */
  readonly windowStride: number;
  #present = new Uint32Array(0);
  readonly #words: number;
  readonly #none: Occupancy;
  readonly #small: Uint8Array;
  readonly #counts;
  readonly #folios: FolioWindows;
  readonly #kept: KeptFacts;
  /** Where the other facts of a range are kept; -1 for a plain one, which has none. */
  #placeOf = new Float64Array(0);
  readonly #kinds = new RangeKinds();
  #vma: Vma | undefined;
  readonly #repeated = new RepeatedPages();

  /** `capacity` is how many rows there may be, if known. */
  constructor(geometry: Geometry, capacity = FIRST_CAPACITY) {
    this.geometry = geometry;
    this.windowStride = 2 * Math.max(0, geometry.pmdOrder - 2);
    this.#words = wordsPerRange(geometry);
    this.#kept = new KeptFacts(geometry);
    this.#folios = createFolioWindows(geometry);
    this.#none = emptyOccupancy(geometry);
    this.#small = new Uint8Array(pagesPerRange(geometry));
    this.#counts = emptyWindowCounts(geometry);
    this.#grow(Math.max(1, capacity));
  }

  /** Takes the items of a source in their order; memory that is not anonymous is left out. */
  add(item: MemoryItem): void {
    if (item.kind === 'process') {
      this.processes.push(item.process);
      this.#vma = undefined;
    } else if (item.kind === 'vma') {
      this.#vma = item.vma;
    } else if (item.kind === 'ranges') {
      if (!this.#vma || this.processes.length === 0) throw new Error('a source sent ranges outside of a VMA');
      if (!this.#vma.anonymous) return;
      const vma = this.#openVma(this.#vma);
      for (const range of item.ranges) {
        this.#repeated.add(range);
        this.#addRange(vma, range);
      }
      vma.end = this.rows;
    }
  }

  /** See RepeatedPages. */
  get repeatedPages(): number | undefined {
    return this.#repeated.of(this.processes.length);
  }

  /** The state of a row. Its bitmaps may be views into the table. */
  range(row: number): RangeState {
    const [address, place] = [this.addresses[row], this.#placeOf[row]];
    const present = this.present(row);
    if (place >= 0) return this.#kept.range(place, address, present);
    const unknown = unknownOfMask(this.unknown[row]);
    const facts = pageFacts({ present, swap: this.#none }, (fact) =>
      unknown.includes(fact) ? undefined : this.#none,
    );
    return {
      geometry: this.geometry,
      address,
      facts,
      folioOrders: unknown.includes('folioOrders') ? undefined : this.#small,
      pmdMapped: unknown.includes('pmdMapped') ? undefined : false,
      uffdArmed: false,
    };
  }

  /** Has the folios of a row read that holds folios and small pages. */
  readFolios(row: number, into: FolioWindows): void {
    this.#kept.readFolios(this.#placeOf[row], this.#present, row * this.#words, into);
  }

  /** Whether a row is a huge page that a PMD entry maps, all of it in use by nobody else. */
  isOwnHugePage(row: number): boolean {
    if (this.kinds[row] !== RANGE_KIND.pmdMapped) return false;
    const place = this.#placeOf[row];
    return !this.#kept.holds(place, 'zero') && !this.#kept.holds(place, 'shared');
  }

  /** Windows of an order with a page in them, from order 2 on, in a row whose windows are counted. */
  touchedWindows(row: number, order: number): number {
    if (order === this.geometry.pmdOrder) return this.residentPages[row] > 0 ? 1 : 0;
    return this.windows[row * this.windowStride + this.windowStride / 2 + order - 2];
  }

  present(row: number): Occupancy {
    return this.#present.subarray(row * this.#words, (row + 1) * this.#words);
  }

  #openVma(vma: Vma): TableVma {
    const last = this.vmas.at(-1);
    const process = this.processes.length - 1;
    if (last?.vma === vma && last.process === process) return last;
    const opened = {
      vma,
      process,
      first: this.rows,
      end: this.rows,
      residentPages: 0,
      pagesByOrder: new Float64Array(this.geometry.pmdOrder + 1),
      pmdMappedPages: 0,
      wholeFolios: new Float64Array(this.geometry.pmdOrder + 1),
    };
    this.vmas.push(opened);
    return opened;
  }

  #addRange(vma: TableVma, range: RangeState): void {
    if (this.rows === this.addresses.length) this.#grow(2 * this.rows);
    const row = this.rows++;
    this.addresses[row] = range.address;
    this.vmaOf[row] = this.vmas.length - 1;
    this.#present.set(range.facts.present, row * this.#words);
    const kind = this.#kinds.of(range);
    this.unknown[row] = this.#kinds.unknown;
    this.kinds[row] = kind;
    if (kind === RANGE_KIND.walked || kind === RANGE_KIND.pmdMapped) this.#describe(vma, row, range);
    else if (kind === RANGE_KIND.folios) this.#countFolios(vma, row, range);
    else vma.pagesByOrder[0] += this.#count(row, range);
    this.#placeOf[row] = this.#keep(kind, range);
    if (!coversRange(vma.vma, range.address, this.geometry)) this.kinds[row] = RANGE_KIND.edge;
    vma.residentPages += this.residentPages[row];
  }

  /** Where its other facts are kept, once its folios are read. */
  #keep(kind: RangeKind, range: RangeState): number {
    if (kind === RANGE_KIND.counted) return -1;
    return this.#kept.add(range, kind === RANGE_KIND.folios ? this.#folios.packRuns() : undefined);
  }

  /** Counts the windows of a row; returns its pages. */
  #count(row: number, { facts: { present } }: { facts: Pick<RangeState['facts'], 'present'> }): number {
    const { pmdOrder } = this.geometry;
    countWindows(present, this.geometry, this.#counts);
    const { pages, full, any } = this.#counts;
    this.residentPages[row] = pages;
    const stride = this.windowStride;
    for (let order = 2; order < pmdOrder; order++) {
      this.windows[row * stride + order - 2] = full[order];
      this.windows[row * stride + stride / 2 + order - 2] = any[order];
    }
    return pages;
  }

  #countFolios(vma: TableVma, row: number, { facts: { present }, folioOrders }: RangeState): void {
    this.#count(row, { facts: { present } });
    const folios = this.#folios;
    folios.read(present, folioOrders ?? this.#small);
    folios.map();
    const { pagesByOrder, wholeFolios } = folios;
    this.mainOrders[row] = mainOrder(pagesByOrder);
    for (let order = 0; order <= this.geometry.pmdOrder; order++) {
      if (pagesByOrder[order] > 0) this.largestOrders[row] = order;
      vma.pagesByOrder[order] += pagesByOrder[order];
      vma.wholeFolios[order] += wholeFolios[order];
    }
  }

  #describe(vma: TableVma, row: number, range: RangeState): void {
    const { before } = costOf(range, undefined);
    this.residentPages[row] = sum(before.pagesByOrder);
    this.mainOrders[row] = mainOrder(before.pagesByOrder);
    addMapping(vma, before);
  }

  #grow(capacity: number): void {
    const grown = <T extends { set(from: T): void }>(
      make: new (length: number) => T,
      from: T,
      each = 1,
    ): T => {
      const into = new make(capacity * each);
      into.set(from);
      return into;
    };
    this.addresses = grown(Float64Array, this.addresses);
    this.vmaOf = grown(Uint32Array, this.vmaOf);
    this.unknown = grown(Uint16Array, this.unknown);
    this.#placeOf = grown(Float64Array, this.#placeOf);
    this.kinds = grown(Uint8Array, this.kinds);
    this.residentPages = grown(Uint16Array, this.residentPages);
    this.mainOrders = grown(Uint8Array, this.mainOrders);
    this.largestOrders = grown(Uint8Array, this.largestOrders);
    this.windows = grown(Uint16Array, this.windows, this.windowStride);
    this.#present = grown(Uint32Array, this.#present, this.#words);
  }
}

/** The order with most pages, the larger of two that have as many. */
export function mainOrder(pagesByOrder: ArrayLike<number>): number {
  let main = 0;
  for (let order = 1; order < pagesByOrder.length; order++)
    if (pagesByOrder[order] > 0 && pagesByOrder[order] >= pagesByOrder[main]) main = order;
  return main;
}

function addMapping(vma: TableVma, before: Mapping): void {
  for (const [order, pages] of before.pagesByOrder.entries()) vma.pagesByOrder[order] += pages;
  vma.pmdMappedPages += before.pmdMappedPages;
  for (const [order, folios] of before.wholeFolios.entries()) vma.wholeFolios[order] += folios;
}
