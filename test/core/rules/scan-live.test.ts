import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import '../../support/seed.ts';
import { scanRange } from '../../../src/core/rules/scan.ts';
import { pages, policyOf, rangeOf } from '../../support/ranges.ts';

describe('what only a running system knows', () => {
  const range = rangeOf({ present: 'all' });
  const policy = policyOf();

  test('stops the scan in the order of docs/khugepaged.md#scan-rows', () => {
    const facts = { noPage: pages('9'), offLru: pages('7') };
    expect(scanRange(range, policy, facts)).toMatchObject({
      result: 'SCAN_PAGE_LRU',
      failedAt: 7,
      looked: 8,
    });
    const locked = rangeOf({ present: 'all', locked: '7', pinned: '7', lazyfree: '9' });
    expect(scanRange(locked, policy, { offLru: pages('7') }).result).toBe('SCAN_PAGE_LRU');
    expect(scanRange(locked, policy).result).toBe('SCAN_PAGE_LOCK');
    expect(scanRange(rangeOf({ present: 'all', lazyfree: '9' }), policy, { noPage: pages('9') }).result).toBe(
      'SCAN_PAGE_NULL',
    );
  });

  test('a page that is too far sets its bit and fails before the LRU is looked at', () => {
    const counted: number[] = [];
    const countNode = (page: number) => counted.push(page) < 4;
    const report = scanRange(range, policy, { countNode, offLru: pages('3') });
    expect(report).toMatchObject({ result: 'SCAN_SCAN_ABORT', failedAt: 3, looked: 4 });
    expect(report.occupied[0]).toBe(0b1111);
    expect(counted).toEqual([0, 1, 2, 3]);
  });
});

test('pages judged a word at a time are judged as one by one', () => {
  const list = fc.uniqueArray(fc.nat(511), { maxLength: 5 }).map((numbers) => numbers.join(','));
  const present = fc.tuple(fc.nat(511), fc.nat(511)).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
  const rare = fc.oneof({ weight: 3, arbitrary: fc.constant('') }, { weight: 1, arbitrary: list });
  const ranges = fc.record({
    present,
    zero: list,
    shared: list,
    unreferenced: fc.oneof(list, present),
    swap: list.map((text) => (text === '' ? '' : text.split(',')[0])),
    pinned: rare,
    offLru: rare,
    noPage: rare,
  });
  fc.assert(
    fc.property(ranges, fc.nat(511), fc.nat(5), fc.boolean(), (text, maxPtesNone, maxPtesShared, isMixed) => {
      const range = rangeOf(text);
      for (let i = 0; i < 16; i++) range.facts.present[i] &= ~range.facts.swap[i];
      const policy = policyOf({ maxPtesNone, maxPtesShared, orders: isMixed ? '4,9' : '9' });
      const live = { offLru: pages(text.offLru), noPage: pages(text.noPage) };
      const oneByOne = scanRange(range, policy, { ...live, countNode: () => true });
      expect(scanRange(range, policy, live)).toEqual(oneByOne);
    }),
    { numRuns: 1000 },
  );
});
