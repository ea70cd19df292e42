import type { Order } from './order.ts';

/** Page size and page-table shape of a machine. Nothing in thpscope assumes 512 PTEs of 4 KiB. */
export interface Geometry {
  /** log2 of the base page size in bytes: 12 for 4 KiB. */
  readonly pageShift: number;
  /** log2 of the PTEs in one PMD range (HPAGE_PMD_ORDER): 9 for 512 PTEs. */
  readonly pmdOrder: number;
}

/** 4 KiB pages and 2 MiB PMD ranges: x86-64, arm64 with 4K pages, riscv64. */
export const x86_64: Geometry = { pageShift: 12, pmdOrder: 9 };

export const MIN_PMD_ORDER = 3;
export const MAX_PMD_ORDER = 13;

/** log2 of the page size, where it is not 4K: of ppc64 with a radix tree, and of arm64. */
const PAGE_SHIFTS: Readonly<Record<number, number>> = { 5: 16, 11: 14, 13: 16 };

/**
 * The geometry that goes with a PMD order: 64K pages for 5 and 13, 16K pages for 11, else 4K pages. Source:
 * docs/khugepaged.md#geometry.
 */
export function geometryOfPmdOrder(pmdOrder: number): Geometry {
  return { pageShift: PAGE_SHIFTS[pmdOrder] ?? 12, pmdOrder };
}

/** Log2 of the smallest and the largest page size: 4K and 64K. */
export const MIN_PAGE_SHIFT = 12;
export const MAX_PAGE_SHIFT = 16;

/**
 * The geometry of machines with such pages whose page tables fill a page with entries of 8 bytes: PMD order 9
 * for 4K, 11 for 16K, 13 for 64K, which is arm64 and not ppc64. Source: docs/khugepaged.md#geometry.
 */
export function geometryOfPageShift(pageShift: number): Geometry {
  return { pageShift, pmdOrder: pageShift - 3 };
}

/** PMD orders of the machines that there are, by log2 of their page size: docs/khugepaged.md#geometry. */
const PLATFORMS: Readonly<Record<number, readonly number[]>> = { 12: [8, 9], 14: [11], 16: [5, 8, 13] };

/** PMD orders that machines with pages of this size have; none where no machine has such pages. */
export function pmdOrdersOfPageShift(pageShift: number): readonly number[] {
  return PLATFORMS[pageShift] ?? [];
}

/** PTEs in one PMD range (HPAGE_PMD_NR). */
export function pagesPerRange(geometry: Geometry): number {
  return 1 << geometry.pmdOrder;
}

const NONE_BY_ORDER = Array.from({ length: MAX_PMD_ORDER + 1 }, () => 0);

/** A zero for each order up to the PMD order: index = order. */
export function noneByOrder({ pmdOrder }: Geometry): number[] {
  return NONE_BY_ORDER.slice(0, pmdOrder + 1);
}

/** Bytes in one base page (PAGE_SIZE). */
export function pageBytes(geometry: Geometry): number {
  return 1 << geometry.pageShift;
}

/** Bytes in one PMD range (PMD_SIZE). */
export function rangeBytes(geometry: Geometry): number {
  return (1 << geometry.pageShift) * (1 << geometry.pmdOrder);
}

/** Bytes in a folio of this order. */
export function orderBytes(order: Order, geometry: Geometry): number {
  return 2 ** (geometry.pageShift + order);
}
