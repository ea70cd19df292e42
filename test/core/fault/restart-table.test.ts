import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import '../../support/seed.ts';
import { restartRange } from '../../../src/core/fault/restart.ts';
import {
  addRestartCounts,
  addRestartedRange,
  emptyRestartCounts,
  type RestartCounts,
} from '../../../src/core/fault/restart-counts.ts';
import {
  addRestartRange,
  addRestartTable,
  emptyRestartTable,
  type RestartTable,
  readRestart,
} from '../../../src/core/fault/restart-table.ts';
import { geometryOfPmdOrder } from '../../../src/core/memory/geometry.ts';
import { countPages, emptyOccupancy, setPages } from '../../../src/core/memory/occupancy.ts';
import type { OrderSet } from '../../../src/core/memory/order.ts';
import { plainRange, type RangeState } from '../../../src/core/memory/range-state.ts';
import { type RestartCase, restartCases } from './restart-cases.ts';

/** The counts of a range that is read window by window. */
function counted({ geometry, touched, vma, orders }: RestartCase): RestartCounts {
  const { folios, present } = restartRange(touched, vma, orders, geometry);
  const counts = emptyRestartCounts(geometry);
  for (const { order } of folios) counts.pagesByOrder[order] += 2 ** order;
  counts.pagesByOrder[0] = present - counts.pagesByOrder.reduce((sum, pages) => sum + pages, 0);
  counts.touchedPages = countPages(touched);
  return counts;
}

function rangeOf({ geometry, touched }: RestartCase): RangeState {
  return plainRange(geometry, touched, undefined);
}

/** The same, many windows at a time. */
function countedFast(each: RestartCase): RestartCounts {
  const counts = emptyRestartCounts(each.geometry);
  addRestartedRange(counts, rangeOf(each), each.vma, each.orders);
  return counts;
}

function read(table: RestartTable, orders: OrderSet): RestartCounts {
  const counts = emptyRestartCounts(table.geometry);
  readRestart(table, orders, counts);
  return counts;
}

function tableOf(each: RestartCase): RestartTable {
  const table = emptyRestartTable(each.geometry);
  addRestartRange(table, rangeOf(each), each.vma);
  return table;
}

describe('counts and tables say what windows one by one give', () => {
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
            expect(countedFast(each)).toEqual(counted(each));
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
      fc.property(restartCases([5, 9, 11, 13]), (each) => {
        expect(countedFast(each)).toEqual(counted(each));
        expect(read(tableOf(each), each.orders)).toEqual(counted(each));
      }),
    );
  });

  test('and tables add up in any order', () => {
    const list = fc.array(restartCases([5]), { minLength: 2, maxLength: 5 });
    fc.assert(
      fc.property(list, fc.nat(63), (ranges, bits) => {
        const orders = (bits & ~3) as OrderSet;
        const forward = emptyRestartTable(geometryOfPmdOrder(5));
        const backward = emptyRestartTable(geometryOfPmdOrder(5));
        for (const each of ranges) addRestartTable(forward, tableOf(each));
        for (const each of [...ranges].reverse()) addRestartTable(backward, tableOf(each));
        expect(forward).toEqual(backward);
        const expected = emptyRestartCounts(geometryOfPmdOrder(5));
        for (const each of ranges) addRestartCounts(expected, counted({ ...each, orders }));
        expect(read(forward, orders)).toEqual(expected);
      }),
    );
  });
});

test('pages that are swapped were touched; zero pages and guard markers were not', () => {
  const geometry = geometryOfPmdOrder(5);
  const range = (
    facts: Partial<Record<'present' | 'swap' | 'zero' | 'guard' | 'shared', [number, number]>>,
  ) => {
    const plain = plainRange(geometry, emptyOccupancy(geometry), undefined);
    const bitmaps = Object.entries(facts).map(([fact, [first, pages]]) => {
      const bitmap = emptyOccupancy(geometry);
      setPages(bitmap, first, pages);
      return [fact, bitmap];
    });
    return { ...plain, facts: { ...plain.facts, ...Object.fromEntries(bitmaps) } };
  };
  const state = range({ present: [0, 8], zero: [4, 4], shared: [2, 4], swap: [16, 8], guard: [20, 4] });
  const vma = { start: 0, end: 32 };
  const none = emptyRestartCounts(geometry);
  addRestartedRange(none, state, vma, 0 as OrderSet);
  expect(none).toMatchObject({ touchedPages: 8, sharedPages: 2, pagesByOrder: [8, 0, 0, 0, 0, 0] });
  const order3 = emptyRestartCounts(geometry);
  addRestartedRange(order3, state, vma, (1 << 3) as OrderSet);
  expect(order3.pagesByOrder).toEqual([0, 0, 0, 16, 0, 0]);
});

test('pages of folios larger than every order of the faults are told apart', () => {
  const geometry = geometryOfPmdOrder(5);
  const touched = emptyOccupancy(geometry);
  setPages(touched, 0, 12);
  const orders = Uint8Array.from({ length: 32 }, (_, page) => (page < 8 ? 3 : page < 12 ? 2 : 0));
  const range = plainRange(geometry, touched, orders);
  const table = emptyRestartTable(geometry);
  addRestartRange(table, range, { start: 0, end: 32 });
  for (const [mask, pages] of [
    [0, 12],
    [1 << 2, 8],
    [1 << 3, 0],
  ]) {
    const counts = emptyRestartCounts(geometry);
    addRestartedRange(counts, range, { start: 0, end: 32 }, mask as OrderSet);
    expect(counts.largerFolioPages).toBe(pages);
    expect(read(table, mask as OrderSet)).toEqual(counts);
  }
});
