import fc from 'fast-check';
import { expect, test } from 'vitest';
import '../../support/seed.ts';
import { geometryOfPmdOrder } from '../../../src/core/memory/geometry.ts';
import { formatPages } from '../../../src/core/memory/page-list.ts';
import { type RangeText, rangeOfText, rangeText, readRange } from '../../../src/core/memory/range-text.ts';
import { ranges } from '../../analysis/arbitraries.ts';
import { messageOf, rangeOf, valueOf } from '../../support/ranges.ts';

const geometry = geometryOfPmdOrder(4);

test('nothing is said of what is empty, false or small, and null of what is unknown', () => {
  const known = rangeOf({
    pmdOrder: 4,
    present: '0-3,8',
    shared: '8',
    zero: '',
    folios: ['2@0-3'],
    pmdMapped: false,
  });
  expect(rangeText(known)).toMatchObject({ present: '0-3,8', shared: '8', folioOrders: { 2: '0-3' } });
  expect(rangeText(known)).not.toHaveProperty('swap');
  expect(rangeText(known)).not.toHaveProperty('zero');
  expect(rangeText(known)).not.toHaveProperty('pmdMapped');
  expect(rangeText(known)).not.toHaveProperty('uffdArmed');
  expect(rangeText(known).pinned).toBe(null);
  expect(rangeText(rangeOf({ pmdOrder: 4 }))).toMatchObject({ folioOrders: null, pmdMapped: null });
});

test.each([
  {},
  { present: '0-15', folioOrders: { 3: '8-15', 2: '0-7' }, pmdMapped: true },
  { present: '0', swap: '1-2', guard: '2', uffdArmed: true, zero: null, folioOrders: null, pmdMapped: null },
] satisfies RangeText[])('the range of %j has that text', (text) => {
  const range = valueOf(rangeOfText(text, geometry));
  expect(range.address).toBe(0);
  expect(rangeText(range)).toEqual(text);
});

test.each([
  [{ present: '0-16' }, /0-16 is out of range/],
  [{ shared: '3-1' }, /runs backwards/],
  [{ folioOrders: { 5: '0' } }, /folios: order 5: large folios have orders 1 to 4/],
  [{ folioOrders: { two: '0' } }, /folios: order two/],
  [{ folioOrders: { 2: '0-99' } }, /out of range/],
] satisfies [RangeText, RegExp][])('%j is refused', (text, message) => {
  expect(messageOf(rangeOfText(text, geometry))).toMatch(message);
});

test('a text read is the range that it was written from', () => {
  fc.assert(
    fc.property(ranges(geometry), (range) => {
      const text = rangeText(range);
      expect(rangeText(valueOf(rangeOfText(text, geometry)))).toEqual(text);
    }),
  );
});

test('zero pages are present and guard markers in swap, listed there or not', () => {
  const { facts } = valueOf(rangeOfText({ present: '0', swap: '8', zero: '1', guard: '9' }, geometry));
  expect([facts.present, facts.swap].map(formatPages)).toEqual(['0-1', '8-9']);
});

test('what is null is unknown, what is left out is empty', () => {
  const { facts, folioOrders, pmdMapped } = valueOf(
    rangeOfText({ pinned: null, folioOrders: null }, geometry),
  );
  expect([facts.pinned, folioOrders, pmdMapped]).toEqual([undefined, undefined, false]);
  expect(formatPages(facts.locked ?? facts.present.fill(1))).toBe('');
});

test('folios are of present pages only, each page in one', () => {
  const { folioOrders } = valueOf(rangeOfText({ present: '0-4', folioOrders: { 3: '0-7' } }, geometry));
  expect([...(folioOrders ?? [])]).toEqual([3, 3, 3, 3, 3, ...Array<number>(11).fill(0)]);
  const twice = { present: '2', folioOrders: { 2: '0-3', 3: '0-7' } };
  expect(messageOf(rangeOfText(twice, geometry))).toBe(
    'folios: page 2 is in folios of two orders; a page can be in one',
  );
});

test('what cannot be read counts as empty, and a page that is two things as present', () => {
  const { range, problems } = readRange({ present: '0-3', swap: '3-4', pinned: '16' }, geometry);
  expect(rangeText(range)).toEqual({ present: '0-3', swap: '4' });
  expect(problems.map(({ list }) => list)).toEqual(['pinned', undefined]);
});
