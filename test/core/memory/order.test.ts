import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { geometryOfPmdOrder, x86_64 } from '../../../src/core/memory/geometry.ts';
import {
  anonOrders,
  asOrder,
  formatOrder,
  formatOrders,
  hasLowerOrder,
  NO_ORDERS,
  orderSet,
  ordersOf,
  parseOrders,
} from '../../../src/core/memory/order.ts';
import { messageOf, valueOf } from '../../support/ranges.ts';
import '../../support/seed.ts';

const parsed = (text: string, pmdOrder = 9) =>
  ordersOf(valueOf(parseOrders(text, geometryOfPmdOrder(pmdOrder))));

describe('orders are read from', () => {
  test.for([
    ['all', [2, 3, 4, 5, 6, 7, 8, 9]],
    ['2-9', [2, 3, 4, 5, 6, 7, 8, 9]],
    ['4', [4]],
    ['9,4', [4, 9]],
    ['2-4,4-5,9', [2, 3, 4, 5, 9]],
    ['64K,2M', [4, 9]],
    ['64kB', [4]],
    ['16KiB-64k', [2, 3, 4]],
    ['9-9', [9]],
  ] as const)('%j', ([text, orders]) => expect(parsed(text)).toEqual(orders));

  test('sizes in the pages of the geometry', () => {
    expect(parsed('64K,32M', 11)).toEqual([2, 11]);
    expect(parsed('all', 13)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]);
  });
});

describe('orders are refused', () => {
  test.for([
    '1',
    '0',
    '10',
    '',
    '4,',
    '3-',
    '-3',
    '2-3-4',
    '12K',
    '8K',
    '4M',
    '0K',
    '64',
    'none',
    'large',
    '4 ',
    '1-9',
    '4.5',
  ])('%j', (text) => {
    expect(messageOf(parseOrders(text, x86_64))).toContain('orders 2 (16K) to 9 (2M)');
  });

  test('backwards ranges, with the right way to write them', () => {
    expect(messageOf(parseOrders('3-2', x86_64))).toBe("orders '3-2': '3-2' runs backwards; write 2-3");
  });

  test('sizes below the smallest order of larger pages', () => {
    expect(messageOf(parseOrders('16K', geometryOfPmdOrder(11)))).toContain('orders 2 (64K) to 11 (32M)');
  });
});

describe('orders are written', () => {
  test.for([
    [[], 'none'],
    [[4], '4'],
    [[4, 9], '4,9'],
    [[2, 3], '2-3'],
    [[2, 3, 4, 6, 8, 9], '2-4,6,8-9'],
  ] as const)('%j as %j', ([orders, text]) => expect(formatOrders(orderSet(orders))).toBe(text));

  test('so that reading gives them back', () => {
    const masks = fc.integer({ min: 1, max: anonOrders(x86_64) / 4 }).map((mask) => mask * 4);
    fc.assert(
      fc.property(masks, (mask) => valueOf(parseOrders(formatOrders(mask as never), x86_64)) === mask),
    );
  });

  test('one order as its size', () => {
    expect([2, 4, 9].map((order) => formatOrder(asOrder(order), x86_64))).toEqual(['16K', '64K', '2M']);
    expect(formatOrder(asOrder(13), geometryOfPmdOrder(13))).toBe('512M');
  });
});

test('a set has a lower order only if one lies strictly below', () => {
  const set = orderSet([4, 9]);
  expect([4, 5, 9].map((order) => hasLowerOrder(set, asOrder(order)))).toEqual([false, true, true]);
  expect(hasLowerOrder(NO_ORDERS, asOrder(13))).toBe(false);
});

test('anonymous memory has every order from 2 to the PMD order', () => {
  expect(formatOrders(anonOrders(x86_64))).toBe('2-9');
  expect(formatOrders(anonOrders(geometryOfPmdOrder(3)))).toBe('2-3');
  expect(formatOrders(anonOrders(geometryOfPmdOrder(13)))).toBe('2-13');
});
