import { expect, test } from 'vitest';
import { factOfNoPage, impossibleRange, pageOutside } from '../../../src/core/memory/impossible-range.ts';
import { rangeOf } from '../../support/ranges.ts';

test('a page is present or in swap', () => {
  expect(impossibleRange(rangeOf({ present: '0-99', swap: '100-511' }))).toBeUndefined();
  expect(impossibleRange(rangeOf({ present: '0-99', swap: '99' }))).toMatch(/^page 99 is both/);
  expect(impossibleRange(rangeOf({ present: '63', swap: '63,64' }))).toMatch(/^page 63 is both/);
});

test('folios are no larger than the range', () => {
  const orders = (order: number) => new Uint8Array(512).fill(order, 500, 501).fill(1, 7, 8);
  const range = (order: number) => ({ ...rangeOf({ present: 'all' }), folioOrders: orders(order) });
  expect(impossibleRange(range(9))).toBeUndefined();
  expect(impossibleRange(range(10))).toBe('page 500, order 10: large folios have orders 1 to 9');
  expect(impossibleRange(range(255))).toMatch(/order 255/);
  // 8 and 2 together have the bits of 10.
  expect(impossibleRange({ ...range(8), folioOrders: orders(8).fill(2, 0, 3) })).toBeUndefined();
});

test('a page that is not there is unreferenced, and neither shared nor locked', () => {
  expect(factOfNoPage(rangeOf({ present: '0-99', unreferenced: 'all', shared: '0-99' }))).toBeUndefined();
  expect(factOfNoPage(rangeOf({ present: '0-99', locked: '100' }))).toBe(
    'page 100 is locked but not present',
  );
});

test('pages lie inside of the VMA', () => {
  const range = rangeOf({ present: '40-99', swap: '100' });
  expect(pageOutside(range, { start: 40, end: 101 })).toBeUndefined();
  expect(pageOutside(range, { start: -512, end: 1024 })).toBeUndefined();
  expect(pageOutside(range, { start: 41, end: 101 })).toBe(40);
  expect(pageOutside(range, { start: 64, end: 512 })).toBe(40);
  expect(pageOutside(range, { start: 0, end: 100 })).toBe(100);
  expect(pageOutside(range, { start: 0, end: 64 })).toBe(64);
  expect(pageOutside(range, { start: 0, end: 96 })).toBe(96);
});
