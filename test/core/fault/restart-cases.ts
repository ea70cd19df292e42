import fc from 'fast-check';
import { type Geometry, geometryOfPmdOrder, pagesPerRange } from '../../../src/core/memory/geometry.ts';
import { clearPages, emptyOccupancy, type Occupancy } from '../../../src/core/memory/occupancy.ts';
import type { OrderSet } from '../../../src/core/memory/order.ts';

export interface RestartCase {
  readonly geometry: Geometry;
  readonly touched: Occupancy;
  readonly vma: { readonly start: number; readonly end: number };
  readonly orders: OrderSet;
}

/** A random range, VMA around, across or inside of it, touched pages and orders. */
export function restartCases(pmdOrders: number[]): fc.Arbitrary<RestartCase> {
  return fc
    .record({
      pmdOrder: fc.constantFrom(...pmdOrders),
      start: fc.integer({ min: -3, max: 1000000 }),
      length: fc.nat(),
      reach: fc.constantFrom(0, 1, 2),
      words: fc.array(fc.nat(0xffffffff), { minLength: 256, maxLength: 256 }),
      sparse: fc.nat(5),
      bits: fc.nat(2 ** 14 - 1),
    })
    .map(({ pmdOrder, start, length, reach, words, sparse, bits }) => {
      const geometry = geometryOfPmdOrder(pmdOrder);
      const pages = pagesPerRange(geometry);
      const first = reach === 0 ? -pages : start % pages;
      const end = reach === 1 ? 2 * pages : Math.max(first, 0) + 1 + (length % pages);
      const touched = emptyOccupancy(geometry).map((_, i) => {
        let word = words[i];
        for (let n = 0; n < sparse; n++) word &= words[(i + 17 * (n + 1)) % 256];
        return pages < 32 ? word & (2 ** pages - 1) : word;
      });
      const vma = { start: first, end: Math.max(end, first + 1) };
      if (vma.start > 0) clearPages(touched, 0, vma.start);
      if (vma.end < pages) clearPages(touched, Math.max(vma.end, 0), pages - Math.max(vma.end, 0));
      return { geometry, touched, vma, orders: (bits & ((2 << pmdOrder) - 1) & ~3) as OrderSet };
    });
}
