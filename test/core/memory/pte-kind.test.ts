import fc from 'fast-check';
import { expect, test } from 'vitest';
import '../../support/seed.ts';
import { geometryOfPmdOrder, pagesPerRange } from '../../../src/core/memory/geometry.ts';
import {
  CODE_EMPTY,
  CODE_SWAP,
  CODE_ZERO,
  codeOfOrder,
  orderOfCode,
  writePteCodes,
} from '../../../src/core/memory/pte-code.ts';
import { pteKind } from '../../../src/core/memory/pte-kind.ts';
import { costOf } from '../../../src/core/plan/cost.ts';
import { ranges } from '../../analysis/arbitraries.ts';
import { rangeOf } from '../../support/ranges.ts';

test('PTEs hold what is counted of their range', () => {
  fc.assert(
    fc.property(fc.constantFrom(3, 9, 11).map(geometryOfPmdOrder).chain(ranges), (range) => {
      const counted = Array.from({ length: range.geometry.pmdOrder + 1 }, () => 0);
      for (let page = 0; page < pagesPerRange(range.geometry); page++) {
        const kind = pteKind(range, page);
        if (typeof kind === 'number') counted[kind]++;
      }
      expect(counted).toEqual(costOf(range, undefined).before.pagesByOrder);
    }),
  );
});

test('a code says the kind of its PTE', () => {
  const codes = { empty: CODE_EMPTY, zero: CODE_ZERO, swap: CODE_SWAP };
  fc.assert(
    fc.property(fc.constantFrom(3, 9, 11).map(geometryOfPmdOrder).chain(ranges), (range) => {
      const written = new Uint8Array(pagesPerRange(range.geometry)).fill(255);
      writePteCodes(range, written);
      const kinds = Array.from(written.keys(), (page) => pteKind(range, page));
      const expected = kinds.map((kind) => (typeof kind === 'string' ? codes[kind] : codeOfOrder(kind)));
      expect([...written]).toEqual(expected);
      expect([...written].map(orderOfCode)).toEqual(
        kinds.map((kind) => (typeof kind === 'string' ? undefined : kind)),
      );
    }),
  );
});

test('swap, the zero page, folios and nothing', () => {
  const range = rangeOf({ present: '0-1,4-7', swap: '2', zero: '0', folios: ['2@4-7'] });
  expect([0, 1, 2, 3, 4].map((page) => pteKind(range, page))).toEqual(['zero', 0, 'swap', 'empty', 2]);
});

test('a range that a PMD maps is one folio, also where folios cannot be seen', () => {
  const range = { ...rangeOf({ present: '0-511' }), folioOrders: undefined, pmdMapped: true };
  expect(pteKind(range, 100)).toBe(9);
});
