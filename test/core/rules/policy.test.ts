import { describe, expect, test } from 'vitest';
import { geometryOfPmdOrder, x86_64 } from '../../../src/core/memory/geometry.ts';
import { asOrder } from '../../../src/core/memory/order.ts';
import { KERNEL_MODELS } from '../../../src/core/rules/kernel-model.ts';
import {
  checkLimits,
  defaultLimits,
  ignoresNoneLimit,
  madvisePolicy,
  noneLimit,
  scanNoneLimit,
  sharedLimit,
} from '../../../src/core/rules/policy.ts';
import { messageOf, type PolicyText, policyOf } from '../../support/ranges.ts';

/** The none limits of orders 2 to 9. */
function noneLimits(model: PolicyText['model'], maxPtesNone: number): number[] {
  const orders = [2, 3, 4, 5, 6, 7, 8, 9].map(asOrder);
  return orders.map((order) => noneLimit(policyOf({ model, maxPtesNone }), order, x86_64));
}

describe('the none limit of an attempt (collapse_max_ptes_none and earlier postings), orders 2 to 9', () => {
  const exact = [
    [0, [0, 0, 0, 0, 0, 0, 0, 0]],
    [1, [0, 0, 0, 0, 0, 0, 0, 1]],
    [256, [0, 0, 0, 0, 0, 0, 0, 256]],
    [510, [0, 0, 0, 0, 0, 0, 0, 510]],
    [511, [3, 7, 15, 31, 63, 127, 255, 511]],
  ] as const;
  for (const model of ['linux-7.2', 'linux-7.3', 'v18'] as const) {
    test.for(exact)(`${model}, max_ptes_none %i`, ([value, limits]) => {
      expect(noneLimits(model, value)).toEqual(limits);
    });
  }

  test.for([
    [0, [0, 0, 0, 0, 0, 0, 0, 0]],
    [255, [1, 3, 7, 15, 31, 63, 127, 255]],
    [256, [2, 4, 8, 16, 32, 64, 128, 256]],
    [511, [3, 7, 15, 31, 63, 127, 255, 511]],
  ] as const)('scaled, max_ptes_none %i', ([value, limits]) => {
    expect(noneLimits('scaled', value)).toEqual(limits);
  });

  test.for([
    [0, [0, 0, 0, 0, 0, 0, 0, 0]],
    [100, [0, 1, 3, 6, 12, 25, 50, 100]],
    [255, [1, 3, 7, 15, 31, 63, 127, 255]],
    [256, [1, 3, 7, 15, 31, 63, 127, 256]],
    [511, [1, 3, 7, 15, 31, 63, 127, 511]],
  ] as const)('capped below the PMD order, max_ptes_none %i', ([value, limits]) => {
    expect(noneLimits('capped', value)).toEqual(limits);
  });

  test('follows the geometry: 2047 is the end for 2048 PTEs, 511 is not', () => {
    const geometry = geometryOfPmdOrder(11);
    const limit = (maxPtesNone: number) =>
      noneLimit(policyOf({ pmdOrder: 11, maxPtesNone }), asOrder(9), geometry);
    expect([limit(2047), limit(511)]).toEqual([511, 0]);
  });
});

test('7.2 ignores every max_ptes_none but 0 and NR-1, below the PMD order', () => {
  const ignored = (model: PolicyText['model'], maxPtesNone: number, order: number) =>
    ignoresNoneLimit(policyOf({ model, maxPtesNone }), asOrder(order), x86_64);
  expect([0, 1, 256, 510, 511].map((none) => ignored('linux-7.2', none, 8))).toEqual([
    false,
    true,
    true,
    true,
    false,
  ]);
  expect([ignored('linux-7.2', 256, 9), ignored('scaled', 256, 8)]).toEqual([false, false]);
  const madvise = { ...madvisePolicy(KERNEL_MODELS['linux-7.2'], x86_64), maxPtesNone: 256 };
  expect(ignoresNoneLimit(madvise, asOrder(8), x86_64)).toBe(false);
});

test('MADV_COLLAPSE has no limit that 512 PTEs could exceed, but allows an armed VMA no hole', () => {
  const policy = madvisePolicy(KERNEL_MODELS['linux-7.2'], x86_64);
  const order = asOrder(9);
  expect(policy).toMatchObject({ orders: 1 << order, maxPtesSwap: 512, maxPtesShared: 512 });
  expect(noneLimit(policy, order, x86_64)).toBe(512);
  expect([scanNoneLimit(policy, x86_64, false), scanNoneLimit(policy, x86_64, true)]).toEqual([512, 0]);
});

test('shared pages are allowed at the PMD order alone', () => {
  const policy = policyOf({ maxPtesShared: 100 });
  expect([8, 9].map((order) => sharedLimit(policy, asOrder(order), x86_64))).toEqual([0, 100]);
});

test('the scan is strict only with exactly the PMD order', () => {
  const limit = (orders: string, armed = false) =>
    scanNoneLimit(policyOf({ orders, maxPtesNone: 3 }), x86_64, armed);
  expect(['9', '2-9', '8', ''].map((orders) => limit(orders))).toEqual([3, 511, 511, 511]);
  expect([limit('9', true), limit('2-9', true)]).toEqual([0, 511]);
});

test('default limits scale with the PTEs of a range', () => {
  expect(defaultLimits(x86_64)).toEqual({ maxPtesNone: 511, maxPtesSwap: 64, maxPtesShared: 256 });
  const large = { maxPtesNone: 8191, maxPtesSwap: 1024, maxPtesShared: 4096 };
  expect(defaultLimits(geometryOfPmdOrder(13))).toEqual(large);
});

describe('limits are checked as sysfs does', () => {
  const defaults = defaultLimits(x86_64);

  test('0 and 511 are accepted', () => {
    expect(checkLimits(defaults, x86_64)).toEqual({ ok: true, value: defaults });
    expect(checkLimits({ maxPtesNone: 0, maxPtesSwap: 511, maxPtesShared: 511 }, x86_64).ok).toBe(true);
  });

  for (const value of [512, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    test(`${value} is refused for each limit, by its sysfs name`, () => {
      expect(messageOf(checkLimits({ ...defaults, maxPtesNone: value }, x86_64))).toBe(
        `max_ptes_none ${value} is out of range: the kernel accepts 0 to 511`,
      );
      expect(messageOf(checkLimits({ ...defaults, maxPtesSwap: value }, x86_64))).toContain('max_ptes_swap');
      expect(messageOf(checkLimits({ ...defaults, maxPtesShared: value }, x86_64))).toContain(
        'max_ptes_shared',
      );
    });
  }

  test('the range follows the geometry', () => {
    expect(checkLimits({ ...defaults, maxPtesNone: 2047 }, geometryOfPmdOrder(11)).ok).toBe(true);
    expect(checkLimits({ ...defaults, maxPtesNone: 2048 }, geometryOfPmdOrder(11)).ok).toBe(false);
  });
});
