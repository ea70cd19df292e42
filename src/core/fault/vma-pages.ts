import { type Geometry, pagesPerRange } from '../memory/geometry.ts';
import { emptyOccupancy, setPage } from '../memory/occupancy.ts';
import type { Order } from '../memory/order.ts';
import { type PageSpan, windowStart } from '../memory/page-span.ts';
import { plainRange, type RangeState } from '../memory/range-state.ts';
import { freesEmptyTables } from './empty-tables.ts';
import {
  type Access,
  type FaultPolicy,
  type FaultResult,
  type FaultRule,
  type FaultTables,
  type FaultVisit,
  faultPage,
  type PmdEntry,
  type PteEntry,
} from './fault.ts';

/** A folio of at least two pages, and the pages of it that are still mapped. */
export interface MappedFolio {
  readonly first: number;
  readonly order: Order;
  mapped: number;
}

const NONE = 0;
const PAGE = 1;
const ZERO = 2;

/**
 * The page tables of one anonymous VMA and what touching and giving back pages does to them: enough to follow
 * page faults, without frames, references or contents.
 */
export class VmaPages implements FaultTables {
  readonly geometry: Geometry;
  readonly vma: PageSpan;
  readonly #policy: FaultPolicy;
  readonly #rule: FaultRule;
  /** First page of the first PMD range. */
  readonly #base: number;
  readonly #pmds: PmdEntry[];
  readonly #ptes: Uint8Array;
  /** For each page the folio that it is a page of, counted from 1; 0 for small pages. */
  readonly #folioOf: Uint32Array;
  readonly #folios: MappedFolio[] = [];

  /**
   * All pages are empty. Another `rule` than that of the kernel is for tests and for other algorithms.
   */
  constructor(geometry: Geometry, vma: PageSpan, policy: FaultPolicy, rule: FaultRule = faultPage) {
    this.#rule = rule;
    this.geometry = geometry;
    this.vma = vma;
    this.#policy = policy;
    const pages = pagesPerRange(geometry);
    this.#base = windowStart(vma.start, geometry.pmdOrder);
    const ranges = Math.ceil((vma.end - this.#base) / pages);
    this.#pmds = Array.from({ length: ranges }, (): PmdEntry => 'none');
    this.#ptes = new Uint8Array(ranges * pages);
    this.#folioOf = new Uint32Array(ranges * pages);
  }

  pmdAt(rangeStart: number): PmdEntry {
    return this.#pmds[this.#rangeOf(rangeStart)];
  }

  pteAt(page: number): PteEntry {
    const pte = this.#ptes[page - this.#base];
    return pte === NONE ? 'none' : pte === PAGE ? 'page' : 'zero';
  }

  /** The PMD range around a page: what a page table of this VMA alone shows of it. */
  rangeAt(page: number): RangeState {
    const first = windowStart(page, this.geometry.pmdOrder);
    const present = emptyOccupancy(this.geometry);
    const zero = emptyOccupancy(this.geometry);
    const folioOrders = new Uint8Array(pagesPerRange(this.geometry));
    for (let i = 0; i < folioOrders.length; i++) {
      const at = first + i - this.#base;
      if (this.#ptes[at] === NONE) continue;
      setPage(present, i);
      if (this.#ptes[at] === ZERO) setPage(zero, i);
      folioOrders[i] = this.folioAt(first + i)?.order ?? 0;
    }
    const plain = plainRange(this.geometry, present, folioOrders);
    return { ...plain, facts: { ...plain.facts, zero } };
  }

  /** Whether a page lies in a huge zero page. */
  isHugeZero(page: number): boolean {
    return this.#pmds[this.#rangeOf(page)] === 'huge-zero';
  }

  /** Touches one page of the VMA; says what it got. */
  touch(page: number, access: Access, observe?: (visit: FaultVisit) => void): FaultResult {
    const result = this.#rule(this, page, access, this.#policy, observe);
    const range = this.#rangeOf(page);
    const rangeStart = windowStart(page, this.geometry.pmdOrder);
    switch (result.kind) {
      case 'mapped':
        break;
      case 'huge-zero-page':
        this.#pmds[range] = 'huge-zero';
        this.#fill(rangeStart, pagesPerRange(this.geometry), ZERO, 0);
        break;
      case 'zero-page':
        this.#pmds[range] = 'table';
        this.#fill(page, 1, ZERO, 0);
        break;
      case 'folio':
        this.#pmds[range] = result.order === this.geometry.pmdOrder ? 'folio' : 'table';
        this.#fill(result.first, 2 ** result.order, PAGE, this.#newFolio(result.first, result.order));
        break;
    }
    return result;
  }

  /**
   * MADV_DONTNEED of the pages [first, end) of the VMA. A PMD entry of which a part goes is split; a page
   * table without an entry is freed, where the kernel does that (x86-64 and arm64, not ppc64le).
   * Source: madvise_dontneed_single_vma, zap_pte_range; docs/khugepaged.md#page-faults.
   */
  dontneed(first: number, end: number): void {
    for (let page = first; page < end; page++) {
      const at = page - this.#base;
      const folio = this.#folioOf[at];
      if (folio !== 0) this.#folios[folio - 1].mapped--;
      this.#ptes[at] = NONE;
      this.#folioOf[at] = 0;
    }
    const pages = pagesPerRange(this.geometry);
    for (let range = this.#rangeOf(first); range <= this.#rangeOf(end - 1); range++) {
      if (this.#pmds[range] === 'none') continue;
      const isEmpty = this.#ptes.subarray(range * pages, (range + 1) * pages).every((pte) => pte === NONE);
      const isFreed = isEmpty && (freesEmptyTables(this.geometry) || this.#pmds[range] !== 'table');
      this.#pmds[range] = isFreed
        ? 'none'
        : this.#isUntouched(range, first, end)
          ? this.#pmds[range]
          : 'table';
    }
  }

  /** The folio of at least two pages that a page is a page of. */
  folioAt(page: number): MappedFolio | undefined {
    const folio = this.#folioOf[page - this.#base];
    return folio === 0 ? undefined : this.#folios[folio - 1];
  }

  /** Folios of at least two pages of which any page is mapped, by their first page. */
  folios(): MappedFolio[] {
    return this.#folios.filter(({ mapped }) => mapped > 0).sort((a, b) => a.first - b.first);
  }

  /** The pages of a folio that are not mapped any more, counted from its first. */
  missingOf(folio: MappedFolio): number[] {
    const id = this.#folios.indexOf(folio) + 1;
    const pages = Array.from({ length: 2 ** folio.order }, (_, i) => i);
    return pages.filter((i) => this.#folioOf[folio.first + i - this.#base] !== id);
  }

  /** Resident pages. */
  get present(): number {
    return count(this.#ptes, PAGE);
  }

  /** Pages that map the shared zero page, or lie in a huge zero page. */
  get zero(): number {
    return count(this.#ptes, ZERO);
  }

  #rangeOf(page: number): number {
    return Math.floor((page - this.#base) / pagesPerRange(this.geometry));
  }

  #isUntouched(range: number, first: number, end: number): boolean {
    const pages = pagesPerRange(this.geometry);
    const start = this.#base + range * pages;
    return end <= start || first >= start + pages;
  }

  #newFolio(first: number, order: Order): number {
    if (order === 0) return 0;
    return this.#folios.push({ first, order, mapped: 0 });
  }

  #fill(first: number, pages: number, pte: number, folio: number): void {
    const at = first - this.#base;
    this.#ptes.fill(pte, at, at + pages);
    this.#folioOf.fill(folio, at, at + pages);
    if (folio !== 0) this.#folios[folio - 1].mapped += pages;
  }
}

function count(ptes: Uint8Array, kind: number): number {
  let pages = 0;
  for (const pte of ptes) if (pte === kind) pages++;
  return pages;
}
