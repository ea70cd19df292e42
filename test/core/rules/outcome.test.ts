import { describe, expect, test } from 'vitest';
import { x86_64 } from '../../../src/core/memory/geometry.ts';
import { asOffset, asOrder } from '../../../src/core/memory/order.ts';
import { decidedOutcome, formatOutcome, parseOutcome } from '../../../src/core/rules/outcome.ts';
import { messageOf, outcomesOf } from '../../support/ranges.ts';

function decided(texts: readonly string[], offset: number, order: number) {
  return decidedOutcome(outcomesOf(texts, x86_64), asOffset(offset), asOrder(order));
}

describe('an outcome', () => {
  test('without an offset holds at every offset, for its orders alone', () => {
    const rule = ['7-9=SCAN_ALLOC_HUGE_PAGE_FAIL'];
    expect(decided(rule, 0, 9)).toBe('SCAN_ALLOC_HUGE_PAGE_FAIL');
    expect(decided(rule, 128, 7)).toBe('SCAN_ALLOC_HUGE_PAGE_FAIL');
    expect(decided(rule, 0, 6)).toBeUndefined();
  });

  test('with an offset holds at that offset alone', () => {
    const rule = ['64:6=SCAN_CGROUP_CHARGE_FAIL'];
    expect(decided(rule, 64, 6)).toBe('SCAN_CGROUP_CHARGE_FAIL');
    expect(decided(rule, 0, 6)).toBeUndefined();
    expect(decided(rule, 64, 5)).toBeUndefined();
    expect(decided(['0:6=SCAN_PAGE_COUNT'], 64, 6)).toBeUndefined();
  });

  test('that matches last wins, whether it is the special or the general one', () => {
    expect(decided(['all=SCAN_PAGE_COUNT', '64:6=SCAN_SUCCEED'], 64, 6)).toBe('SCAN_SUCCEED');
    expect(decided(['64:6=SCAN_SUCCEED', 'all=SCAN_PAGE_COUNT'], 64, 6)).toBe('SCAN_PAGE_COUNT');
    expect(decided(['6=SCAN_PAGE_LOCK', '7=SCAN_PAGE_COUNT'], 64, 6)).toBe('SCAN_PAGE_LOCK');
  });

  test('takes sizes and lists of orders', () => {
    expect(decided(['64K,2M=SCAN_PAGE_COUNT'], 16, 4)).toBe('SCAN_PAGE_COUNT');
  });

  test('takes the 7.2 name of SCAN_PTE_UFFD', () => {
    expect(decided(['4=SCAN_PTE_UFFD_WP'], 16, 4)).toBe('SCAN_PTE_UFFD');
  });
});

test.for(['64:6=SCAN_CGROUP_CHARGE_FAIL', '2-4,9=SCAN_PTE_UFFD', '0:4-9=SCAN_SUCCEED'])(
  'outcome %j is written as it is read',
  (text) => expect(outcomesOf([text], x86_64).map(formatOutcome)).toEqual([text]),
);

test('without rules nothing is decided', () => expect(decided([], 0, 9)).toBeUndefined());

test.for([
  ['', 'write [OFFSET:]ORDERS=SCAN_NAME'],
  ['4', 'write [OFFSET:]ORDERS=SCAN_NAME'],
  ['=SCAN_FAIL', 'write [OFFSET:]ORDERS=SCAN_NAME'],
  ['4=', 'write [OFFSET:]ORDERS=SCAN_NAME'],
  ['x:4=SCAN_FAIL', 'write [OFFSET:]ORDERS=SCAN_NAME'],
  ['4=SCAN_NOTHING', 'SCAN_NOTHING is not a result'],
  ['4=toString', 'toString is not a result'],
  ['1=SCAN_FAIL', 'is not an order or size'],
  ['512:4=SCAN_FAIL', 'offset 512 is out of range'],
])('outcome %j is refused: %s', ([text, reason]) => {
  expect(messageOf(parseOutcome(text, x86_64))).toContain(reason);
});
