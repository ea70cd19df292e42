import type { Geometry } from './geometry.ts';
import { pagesPerRange } from './geometry.ts';
import type { Offset, Order } from './order.ts';

/**
 * A bitmap of 2^pmdOrder bits over a PMD range: bit i % 32 of word i / 32 stands for PTE i.
 * It may be a view into a larger array; ranges with fewer than 32 PTEs use the low bits of one word.
 */
export type Occupancy = Uint32Array;

/** 32-bit words in the bitmap of one PMD range. */
export function wordsPerRange(geometry: Geometry): number {
  return Math.max(1, pagesPerRange(geometry) >>> 5);
}

export function emptyOccupancy(geometry: Geometry): Occupancy {
  return new Uint32Array(wordsPerRange(geometry));
}

export function fullOccupancy(geometry: Geometry): Occupancy {
  const occupancy = emptyOccupancy(geometry);
  setPages(occupancy, 0, pagesPerRange(geometry));
  return occupancy;
}

export function hasPage(occupancy: Occupancy, page: number): boolean {
  return ((occupancy[page >>> 5] >>> (page & 31)) & 1) === 1;
}

export function setPage(occupancy: Occupancy, page: number): void {
  occupancy[page >>> 5] |= 1 << (page & 31);
}

export function clearPage(occupancy: Occupancy, page: number): void {
  occupancy[page >>> 5] &= ~(1 << (page & 31));
}

export function setPages(occupancy: Occupancy, first: number, count: number): void {
  for (let page = first; page < first + count; ) {
    const pages = Math.min(32 - (page & 31), first + count - page);
    occupancy[page >>> 5] |= pagesOfWord(page, pages);
    page += pages;
  }
}

export function clearPages(occupancy: Occupancy, first: number, count: number): void {
  for (let page = first; page < first + count; ) {
    const pages = Math.min(32 - (page & 31), first + count - page);
    occupancy[page >>> 5] &= ~pagesOfWord(page, pages);
    page += pages;
  }
}

/** So many pages from one on, all of them in one word. */
function pagesOfWord(page: number, pages: number): number {
  return (pages === 32 ? -1 : (1 << pages) - 1) << (page & 31);
}

/** The pages without those in [first, first + count); undefined if there are none. */
export function withoutBlock(occupancy: Occupancy, first: number, count: number): Occupancy | undefined {
  const kept = occupancy.slice();
  clearPages(kept, first, count);
  return kept.every((word, i) => word === occupancy[i]) ? undefined : kept;
}

export function isEmpty(occupancy: Occupancy): boolean {
  for (let i = 0; i < occupancy.length; i++) if (occupancy[i] !== 0) return false;
  return true;
}

// Loops, not calls of map: every planned range asks for some of them.

export function union(a: Occupancy, b: Occupancy): Occupancy {
  const pages = new Uint32Array(a.length);
  for (let i = 0; i < pages.length; i++) pages[i] = a[i] | b[i];
  return pages;
}

export function intersection(a: Occupancy, b: Occupancy): Occupancy {
  const pages = new Uint32Array(a.length);
  for (let i = 0; i < pages.length; i++) pages[i] = a[i] & b[i];
  return pages;
}

export function difference(a: Occupancy, b: Occupancy): Occupancy {
  const pages = new Uint32Array(a.length);
  for (let i = 0; i < pages.length; i++) pages[i] = a[i] & ~b[i];
  return pages;
}

export function countPages(occupancy: Occupancy): number {
  let count = 0;
  for (let i = 0; i < occupancy.length; i++) count += countBits(occupancy[i]);
  return count;
}

/** Set bits in [offset, offset + 2^order); the window must be naturally aligned. */
export function countWindow(occupancy: Occupancy, offset: Offset, order: Order): number {
  const word = offset >>> 5;
  if (order < 5) {
    const mask = ((1 << (1 << order)) - 1) << (offset & 31);
    return countBits(occupancy[word] & mask);
  }
  let count = 0;
  const end = word + (1 << (order - 5));
  for (let i = word; i < end; i++) count += countBits(occupancy[i]);
  return count;
}

/** Set bits of a 32-bit word. */
export function countBits(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
