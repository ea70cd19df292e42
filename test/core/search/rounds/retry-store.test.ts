import { expect, test } from 'vitest';
import { asOffset, asOrder } from '../../../../src/core/memory/order.ts';
import { RetryStore } from '../../../../src/core/search/rounds/retry-store.ts';

const entry = (offset: number, end: number) => ({
  offset: asOffset(offset),
  end,
  order: asOrder(2),
  reclaim: false,
});

test('the last entry is on top until it is used up', () => {
  const store = new RetryStore(4);
  const [first, second] = [entry(0, 4), entry(8, 16)];
  store.push(first);
  store.push(second);
  expect(store.top()).toBe(second);
  second.offset = asOffset(12);
  expect(store.top()).toBe(second);
  second.offset = asOffset(16);
  expect(store.top()).toBe(first);
  first.offset = asOffset(4);
  expect(store.top()).toBeUndefined();
});

test('no more fit than its capacity; what was used up makes room', () => {
  const store = new RetryStore(2);
  store.push(entry(0, 4));
  store.push(entry(8, 8));
  expect(() => store.push(entry(4, 8))).toThrow('more than 2 retry entries');
  store.top();
  store.push(entry(4, 8));
  expect(store.top()?.end).toBe(8);
  store.clear();
  expect(store.top()).toBeUndefined();
});
