import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import '../../seed.ts';
import { restartRange } from '../../../src/core/fault/restart.ts';
import {
  addRestartRange,
  addRestartTable,
  emptyRestartTable,
  readRestart,
  type RestartTable,
} from '../../../src/core/fault/restart-table.ts';
import { VmaPages } from '../../../src/core/fault/vma-pages.ts';
import { type Geometry, geometryOfPmdOrder, pagesPerRange } from '../../../src/core/memory/geometry.ts';
import { clearPages, emptyOccupancy, hasPage, type Occupancy } from '../../../src/core/memory/occupancy.ts';
import type { OrderSet } from '../../../src/core/memory/order.ts';

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

function counted({ geometry, touched, vma, orders }: Case) {
  const { folios, present } = restartRange(touched, vma, orders, geometry);
  const byOrder = Array.from({ length: geometry.pmdOrder + 1 }, () => 0);
  for (const { order } of folios) byOrder[order]++;
  byOrder[0] = present - folios.reduce((sum, { order }) => sum + 2 ** order, 0);
  return { present, folios: byOrder };
}

function read(table: RestartTable, orders: OrderSet) {
  const counts = { present: 0, folios: Array.from({ length: table.geometry.pmdOrder + 1 }, () => 0) };
  readRestart(table, orders, counts);
  return counts;
}

function tableOf({ geometry, touched, vma }: Case): RestartTable {
  const table = emptyRestartTable(geometry);
  addRestartRange(table, touched, vma);
  return table;
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

describe('the table reads what ranges one by one give', () => {
  test('of every range of 8 pages, every VMA and every set of orders', () => {
    const geometry = geometryOfPmdOrder(3);
    let compared = 0;
    for (let start = -1; start < 8; start++) {
      for (let end = Math.max(start, 0) + 1; end <= 9; end++) {
        for (let bits = 0; bits < 256; bits++) {
          const inside = ((2 ** Math.min(end, 8) - 1) & ~(2 ** Math.max(start, 0) - 1)) >>> 0;
          if ((bits & ~inside) !== 0) continue;
          for (const orders of [0, 4, 8, 12] as OrderSet[]) {
            const each = { geometry, touched: Uint32Array.of(bits), vma: { start, end }, orders };
            expect(read(tableOf(each), orders)).toEqual(counted(each));
            compared++;
          }
        }
      }
    }
    expect(compared).toBe(9120);
  });

  test('of random ranges at PMD orders 5, 9, 11 and 13', () => {
    fc.assert(
      fc.property(cases([5, 9, 11, 13]), (each) => {
        expect(read(tableOf(each), each.orders)).toEqual(counted(each));
      }),
    );
  });

  test('and tables add up in any order', () => {
    const list = fc.array(cases([5]), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(list, fc.nat(63), (ranges, bits) => {
        const orders = (bits & ~3) as OrderSet;
        const forward = emptyRestartTable(geometryOfPmdOrder(5));
        const backward = emptyRestartTable(geometryOfPmdOrder(5));
        for (const each of ranges) addRestartTable(forward, tableOf(each));
        for (const each of [...ranges].reverse()) addRestartTable(backward, tableOf(each));
        expect(forward).toEqual(backward);
        const sum = ranges.map((each) => counted({ ...each, orders }));
        expect(read(forward, orders).present).toBe(sum.reduce((total, { present }) => total + present, 0));
      }),
    );
  });
});
