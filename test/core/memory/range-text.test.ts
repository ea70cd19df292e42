import { expect, test } from 'vitest';
import { geometryOfPmdOrder } from '../../../src/core/memory/geometry.ts';
import { rangeOfText, rangeText, type RangeText } from '../../../src/core/memory/range-text.ts';
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
  [{ folioOrders: { 5: '0' } }, /folio order 5 is not one of this geometry/],
  [{ folioOrders: { two: '0' } }, /folio order two/],
  [{ folioOrders: { 2: '0-99' } }, /out of range/],
] satisfies [RangeText, RegExp][])('%j is refused', (text, message) => {
  expect(messageOf(rangeOfText(text, geometry))).toMatch(message);
});
