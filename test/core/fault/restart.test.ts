import fc from 'fast-check';
import { expect, test } from 'vitest';
import '../../support/seed.ts';
import { sum } from '../../../src/core/base/sum.ts';
import { restartedState, restartRange } from '../../../src/core/fault/restart.ts';
import { addRestartedRange, emptyRestartCounts } from '../../../src/core/fault/restart-counts.ts';
import { VmaPages } from '../../../src/core/fault/vma-pages.ts';
import { pagesPerRange } from '../../../src/core/memory/geometry.ts';
import { emptyOccupancy, hasPage, setPage } from '../../../src/core/memory/occupancy.ts';
import { orderSet } from '../../../src/core/memory/order.ts';
import { plainRange } from '../../../src/core/memory/range-state.ts';
import { listPages, rangeOf } from '../../support/ranges.ts';
import { restartCases } from './restart-cases.ts';

test('a restart is what page faults leave, in whatever order pages are touched', () => {
  fc.assert(
    fc.property(
      restartCases([3, 4, 5, 9]),
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
    fc.property(restartCases([3, 4, 9]), ({ geometry, touched, vma, orders }) => {
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

test('what a forked process adds is at most what is counted around the pages that it shares', () => {
  fc.assert(
    fc.property(
      restartCases([3, 4, 5, 9]),
      restartCases([3, 4, 5, 9]),
      ({ geometry, touched, vma, orders }, { touched: others }) => {
        const all = Array.from({ length: pagesPerRange(geometry) }, (_, i) => i);
        const inVma = (page: number) => vma.start <= page && page < vma.end;
        const ofParent = all.filter((page) => hasPage(touched, page));
        const ofChild = all.filter((page) => hasPage(others, page) && inVma(page));
        const memory = new VmaPages(geometry, vma, { orders, hugeZeroPage: true });
        for (const page of ofParent) memory.touch(page, 'write');
        const before = memory.present;
        const isMapped = (page: number) => memory.pteAt(page) === 'page' || memory.pmdAt(0) === 'folio';
        // A write to a page of the parent copies one page; others fault as in any process.
        const copies = ofChild.filter(isMapped);
        for (const page of ofChild.filter((each) => !copies.includes(each))) memory.touch(page, 'write');

        const parent = plainRange(geometry, touched, undefined);
        const bitmap = emptyOccupancy(geometry);
        for (const page of [...ofParent, ...ofChild]) setPage(bitmap, page);
        const stillShared = emptyOccupancy(geometry);
        for (const page of ofParent) if (!ofChild.includes(page)) setPage(stillShared, page);
        const child = plainRange(geometry, bitmap, undefined);
        const counted = emptyRestartCounts(geometry);
        addRestartedRange(counted, parent, vma, orders);
        expect(sum(counted.pagesByOrder)).toBe(before);
        addRestartedRange(counted, child, vma, orders, stillShared);
        expect(memory.present + copies.length).toBeLessThanOrEqual(sum(counted.pagesByOrder));

        const apart = emptyRestartCounts(geometry);
        addRestartedRange(apart, child, vma, orders);
        expect(sum(counted.pagesByOrder)).toBeLessThanOrEqual(before + sum(apart.pagesByOrder));
      },
    ),
    { numRuns: 500 },
  );
});
