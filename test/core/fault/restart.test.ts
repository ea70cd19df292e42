import fc from 'fast-check';
import { expect, test } from 'vitest';
import '../../support/seed.ts';
import { restartedState, restartRange } from '../../../src/core/fault/restart.ts';
import { VmaPages } from '../../../src/core/fault/vma-pages.ts';
import { type Geometry, geometryOfPmdOrder, pagesPerRange } from '../../../src/core/memory/geometry.ts';
import { clearPages, emptyOccupancy, hasPage, type Occupancy } from '../../../src/core/memory/occupancy.ts';
import { type OrderSet, orderSet } from '../../../src/core/memory/order.ts';
import { plainRange } from '../../../src/core/memory/range-state.ts';
import { listPages, rangeOf } from '../../support/ranges.ts';

interface Case {
  readonly geometry: Geometry;
  readonly touched: Occupancy;
  readonly vma: { readonly start: number; readonly end: number };
  readonly orders: OrderSet;
}

/** A random range, VMA around, across or inside of it, touched pages and orders. */
function cases(pmdOrders: number[]): fc.Arbitrary<Case> {
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

test('a restart is what page faults leave, in whatever order pages are touched', () => {
  fc.assert(
    fc.property(
      cases([3, 4, 5, 9]),
      fc.infiniteStream(fc.nat()),
      ({ geometry, touched, vma, orders }, random) => {
        const memory = new VmaPages(geometry, vma, { orders, hugeZeroPage: true });
        const pages = Array.from({ length: pagesPerRange(geometry) }, (_, i) => i).filter((i) =>
          hasPage(touched, i),
        );
        for (let i = pages.length - 1; i > 0; i--) {
          const j = (random.next().value as number) % (i + 1);
          [pages[i], pages[j]] = [pages[j], pages[i]];
        }
        for (const page of pages) memory.touch(page, 'write');
        const { folios, present } = restartRange(touched, vma, orders, geometry);
        expect(memory.folios().map(({ first, order }) => ({ offset: first, order }))).toEqual(folios);
        expect(memory.present).toBe(present);
      },
    ),
    { numRuns: 300 },
  );
});

test('the state of a range after a restart holds what page faults leave, and nothing in swap', () => {
  fc.assert(
    fc.property(cases([3, 4, 9]), ({ geometry, touched, vma, orders }) => {
      const pages = Array.from({ length: pagesPerRange(geometry) }, (_, i) => i);
      const memory = new VmaPages(geometry, vma, { orders, hugeZeroPage: true });
      for (const page of pages) if (hasPage(touched, page)) memory.touch(page, 'write');
      const state = restartedState(plainRange(geometry, touched, undefined), vma, orders);
      const left = memory.rangeAt(0);
      expect(state.facts.present).toEqual(left.facts.present);
      expect(state.folioOrders).toEqual(left.folioOrders);
      expect(state.pmdMapped).toBe(memory.pmdAt(0) === 'folio');
    }),
  );
  const range = rangeOf({ present: '1-3,9', zero: '9', swap: '20' });
  const { facts, folioOrders, pmdMapped } = restartedState(range, { start: 1, end: 1024 }, orderSet([2]));
  expect(listPages(facts.present)).toEqual([1, 2, 3, 20, 21, 22, 23]);
  expect([facts.swap.some((word) => word !== 0), pmdMapped, folioOrders?.[20]]).toEqual([false, false, 2]);
});
