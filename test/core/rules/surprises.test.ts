import { describe, expect, test } from 'vitest';
import { costOf } from '../../../src/core/plan/cost.ts';
import { attemptEach } from '../../../src/core/search/algorithm.ts';
import { walk } from '../../../src/core/search/walk.ts';
import {
  attemptTexts,
  collapseText,
  outcomesOf,
  plan,
  policyOf,
  rangeOf,
  scannedOf,
} from '../../support/ranges.ts';
import { trace } from '../search/reference-search.ts';

/** Those of docs/khugepaged.md#surprises that a prediction of one range meets, in their order. */
describe('one bad page anywhere stops every order of the range', () => {
  const bad = {
    pinned: 'SCAN_PAGE_COUNT',
    locked: 'SCAN_PAGE_LOCK',
    lazyfree: 'SCAN_PAGE_LAZYFREE',
    uffd: 'SCAN_PTE_UFFD',
  };
  for (const [fact, result] of Object.entries(bad)) {
    test(`${fact}`, () => {
      expect(plan({ present: 'all', [fact]: '511' }, {})).toMatchObject({ result, attempts: [] });
    });
  }
});

test('the swap and shared limits of the whole range hold when only 16K is enabled', () => {
  expect(plan({ present: '0-446', swap: '447-511' }, { orders: '2' }).result).toBe('SCAN_EXCEED_SWAP_PTE');
  expect(plan({ present: '0-447', swap: '448-511' }, { orders: '2' }).result).toBe('SCAN_SUCCEED');
  expect(plan({ present: 'all', shared: '255-511' }, { orders: '2' }).result).toBe('SCAN_EXCEED_SHARED_PTE');
  expect(plan({ present: 'all', shared: '256-511' }, { orders: '2' }).result).toBe('SCAN_SUCCEED');
});

test('the lifted none limit is 511, so an all-empty table still fails, at its last PTE', () => {
  expect(plan({}, { orders: '2-9' })).toMatchObject({
    result: 'SCAN_EXCEED_NONE_PTE',
    scan: { looked: 512 },
  });
  expect(plan({ present: '511' }, { orders: '2-9', maxPtesNone: 0 }).scan.result).toBe('SCAN_SUCCEED');
});

test('enabling one size beside the PMD size changes how the range is scanned', () => {
  const range = { present: '0,16-31' };
  const alone = plan(range, { orders: '9', maxPtesNone: 0 });
  expect(alone).toMatchObject({ result: 'SCAN_EXCEED_NONE_PTE', scan: { looked: 2 } });
  const both = plan(range, { orders: '4,9', maxPtesNone: 0 });
  expect(both).toMatchObject({ result: 'SCAN_SUCCEED', scan: { looked: 512 } });

  const armed = { present: '0-30', uffdArmed: true };
  expect(plan(armed, { orders: '9' })).toMatchObject({ result: 'SCAN_EXCEED_NONE_PTE', attempts: [] });
  expect(collapseText(plan(armed, { orders: '4,9' }))).toBe('0:4');
});

test('an armed VMA with holes wastes attempts, for the walk does not see userfaultfd', () => {
  const range = { present: '0-30', uffdArmed: true };
  expect(attemptTexts(plan(range, { orders: '4-9' }))).toEqual([
    '0:9 SCAN_EXCEED_NONE_PTE',
    '0:8 SCAN_EXCEED_NONE_PTE',
    '0:7 SCAN_EXCEED_NONE_PTE',
    '0:6 SCAN_EXCEED_NONE_PTE',
    '0:5 SCAN_EXCEED_NONE_PTE',
    '0:4',
    '16:4 SCAN_EXCEED_NONE_PTE',
  ]);
  expect(attemptTexts(plan(range, { orders: '4-9', model: 'v18' }))).toEqual(['0:4']);
});

test('unmapped entries count towards the threshold of the PMD order alone, wherever they are', () => {
  const range = { present: '0-255,260-507', swap: '256-259,508-511' };
  expect(attemptTexts(plan(range, { maxPtesNone: 0 }))).toEqual(['0:9']);
  expect(collapseText(plan(range, { orders: '2-8', maxPtesNone: 0 }))).toBe(
    '0:8 260:2 264:3 272:4 288:5 320:6 384:6 448:5 480:4 496:3 504:2',
  );
  expect(plan(range, { orders: '9', maxPtesNone: 0, model: 'v18' }).attempts).toEqual([]);
});

test('a window with a same-sized folio is skipped at its order and leaves no reason behind', () => {
  const range = { present: 'all', folios: ['4@all'] };
  expect(attemptTexts(plan(range, { orders: '2,4', maxPtesNone: 0 }))).toHaveLength(32);
  expect(plan(range, { orders: '2,4' }).result).toBe('SCAN_FAIL');

  const outcomes = outcomesOf(['0:4=SCAN_PAGE_COUNT'], rangeOf(range).geometry);
  expect(plan(range, { orders: '4' }, { outcomes }).result).toBe('SCAN_PAGE_COUNT');
});

test('small pages beside a large folio are not collapsed at lower orders in this scan', () => {
  const range = { present: '0-31', folios: ['4@31'] };
  expect(attemptTexts(plan(range, { orders: '2-4' }))).toEqual(['0:4', '16:4 SCAN_PTE_MAPPED_HUGEPAGE']);
  expect(attemptTexts(plan(range, { orders: '2-5' }))).toEqual(['0:5']);
});

test('after a step the order is that of the lowest set bit of the offset', () => {
  const policy = policyOf({ maxPtesNone: 0 });
  const visits: string[] = [];
  walk.collapse(
    scannedOf({ present: 'all' }),
    policy,
    attemptEach(() => 'SCAN_PAGE_COUNT'),
    ({ next }) => next && visits.push(`${next.offset}:${next.order}`),
  );
  expect(visits.slice(7, 15)).toEqual(['4:2', '8:3', '8:2', '12:2', '16:4', '16:3', '16:2', '20:2']);
  expect(visits.find((visit) => visit.startsWith('256:'))).toBe('256:8');
});

test('the next order after the lowest enabled one is a step by its size, not by 4 pages', () => {
  const policy = policyOf({ orders: '4', maxPtesNone: 0 });
  const failing = trace(
    walk,
    scannedOf({ present: '0-63' }),
    policy,
    attemptEach(() => 'SCAN_PAGE_COUNT'),
  );
  expect(failing).toBe('0:4 16:4 32:4 48:4 SCAN_PAGE_COUNT');
});

test('references are demanded of the range by the scan, of each window by isolation', () => {
  const range = { present: '0-63', unreferenced: '0-15,17-63' };
  expect(attemptTexts(plan(range, { orders: '4', maxPtesNone: 0 }))).toEqual([
    '0:4 SCAN_LACK_REFERENCED_PAGE',
    '16:4',
    '32:4 SCAN_LACK_REFERENCED_PAGE',
    '48:4 SCAN_LACK_REFERENCED_PAGE',
  ]);
  const withSwap = { present: '0-254', swap: '500' };
  expect(plan(withSwap, { orders: '2' })).toMatchObject({
    result: 'SCAN_LACK_REFERENCED_PAGE',
    attempts: [],
  });
});

test('zero-page PTEs are holes, and collapse turns them into private pages', () => {
  const range = { present: '0-15', zero: '8-15' };
  expect(plan(range, { orders: '4', maxPtesNone: 0 }).attempts).toEqual([]);
  const filled = plan(range, { orders: '4' });
  expect(collapseText(filled)).toBe('0:4');
  expect(costOf(rangeOf(range), filled)).toMatchObject({ filledPages: 8, copiedPages: 8 });
});

test('max_ptes_none between 1 and 510 is exact for the PMD order and 0 below it', () => {
  for (const maxPtesNone of [1, 255, 256, 510]) {
    const enough = `0-${511 - maxPtesNone}`;
    expect(collapseText(plan({ present: enough }, { orders: '9', maxPtesNone }))).toBe('0:9');
    const tooFew = { present: `1-${511 - maxPtesNone}` };
    expect(plan(tooFew, { orders: '9', maxPtesNone }).result).toBe('SCAN_EXCEED_NONE_PTE');
    expect(collapseText(plan({ present: '0-14' }, { orders: '4', maxPtesNone }))).toBe('');
    expect(collapseText(plan({ present: '0-15' }, { orders: '4', maxPtesNone }))).toBe('0:4');
  }
});

test('with the default max_ptes_none and the PMD order enabled smaller sizes are only a fallback', () => {
  const outcomes = outcomesOf(['9=SCAN_ALLOC_HUGE_PAGE_FAIL'], rangeOf({}).geometry);
  expect(attemptTexts(plan({ present: '300' }, {}))).toEqual(['0:9']);
  expect(collapseText(plan({ present: '300' }, {}, { outcomes }))).toBe('256:8');
});
