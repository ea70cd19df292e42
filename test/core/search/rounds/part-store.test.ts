import { expect, test } from 'vitest';
import { asOffset, asOrder } from '../../../../src/core/memory/order.ts';
import { PartStore } from '../../../../src/core/search/rounds/part-store.ts';

const part = (offset: number, end: number) => ({
  offset: asOffset(offset),
  end,
  order: asOrder(2),
  largest: asOrder(2),
  reclaim: false,
});

test('the last part is on top until nothing is left of it', () => {
  const store = new PartStore(4);
  const [first, second, rest] = [part(0, 4), part(8, 16), part(12, 16)];
  store.push(first);
  store.push(second);
  expect(store.top()).toBe(second);
  store.replaceTop(rest);
  expect(store.top()).toBe(rest);
  store.replaceTop(undefined);
  expect(store.top()).toBe(first);
  store.replaceTop(undefined);
  expect(store.top()).toBeUndefined();
});

test('no more fit than its capacity; what was used up makes room', () => {
  const store = new PartStore(2);
  store.push(part(0, 4));
  store.push(part(8, 12));
  expect(() => store.push(part(4, 8))).toThrow('more than 2 retry entries');
  store.replaceTop(undefined);
  store.push(part(4, 8));
  expect(store.top()?.end).toBe(8);
});
