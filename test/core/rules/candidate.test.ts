import { describe, expect, test } from 'vitest';
import { costOf } from '../../../src/core/plan/cost.ts';
import { LruBatch } from '../../../src/core/rules/lru-batch.ts';
import { attemptTexts, collapseText, outcomesOf, plan, rangeOf } from '../../support/ranges.ts';

const NONE = 'SCAN_EXCEED_NONE_PTE';
const SWAP = 'SCAN_EXCEED_SWAP_PTE';
const SHARED = 'SCAN_EXCEED_SHARED_PTE';
const HUGE = 'SCAN_PTE_MAPPED_HUGEPAGE';
const COUNT = 'SCAN_PAGE_COUNT';
const OLD = 'SCAN_LACK_REFERENCED_PAGE';

describe('swap entries (__collapse_huge_page_swapin)', () => {
  test('one fails its window below the PMD order, and lower orders are tried', () => {
    const { attempts, ...rest } = plan({ present: '0-4,6-299', swap: '5' }, { orders: '2-4' });
    expect(attemptTexts({ attempts, ...rest }).slice(0, 5)).toEqual([
      `0:4 ${SWAP}`,
      `0:3 ${SWAP}`,
      '0:2',
      `4:2 ${SWAP}`,
      '8:3',
    ]);
    expect(rest).toMatchObject({ result: 'SCAN_SUCCEED', swappedInPages: 0 });
  });

  test('the PMD order counts them as occupied and swaps them in', () => {
    const result = plan({ present: '0-479', swap: '480-511' }, { maxPtesNone: 0 });
    expect(attemptTexts(result)).toEqual(['0:9']);
    expect(result).toMatchObject({ swappedInPages: 32, attempts: [{ pages: 512 }] });
  });

  test('pages that a failed PMD attempt swapped in stay in, but the search does not learn of them', () => {
    const range = { present: '0-447', swap: '448-479', uffdArmed: true };
    const result = plan(range, { orders: '4,5,9' });
    expect(attemptTexts(result)[0]).toBe(`0:9 ${NONE}`);
    expect(collapseText(result)).not.toContain('448:');
    expect(result).toMatchObject({ swappedInPages: 32, result: 'SCAN_SUCCEED' });
    const { before, after } = costOf(rangeOf(range), result);
    const resident = (counts: readonly number[]) => counts.reduce((sum, pages) => sum + pages);
    expect([resident(before.pagesByOrder), resident(after.pagesByOrder)]).toEqual([448, 480]);
  });

  test('a guard marker makes the PMD attempt fail and stops the search; pages before it are in', () => {
    const range = { present: '0-479', swap: '480-511', guard: '500' };
    const result = plan(range, {});
    expect(attemptTexts(result)).toEqual(['0:9 SCAN_FAIL']);
    expect(result).toMatchObject({ result: 'SCAN_FAIL', swappedInPages: 20 });
    expect(costOf(rangeOf(range), result).after.pagesByOrder[0]).toBe(500);
  });

  test('a guard marker fails a smaller window as a swap entry', () => {
    expect(attemptTexts(plan({ present: '1-299', swap: '0', guard: '0' }, { orders: '2' }))[0]).toBe(
      `0:2 ${SWAP}`,
    );
  });

  test('what a source says about entries that are not present means nothing once they are in', () => {
    const result = plan(
      { present: '0-479', swap: '480-511', zero: '480', shared: '481', unreferenced: '480-511' },
      { maxPtesNone: 0, maxPtesShared: 0 },
    );
    expect(result).toMatchObject({ result: 'SCAN_SUCCEED', attempts: [{ pages: 512 }] });
  });
});

describe('isolation (__collapse_huge_page_isolate)', () => {
  test('one shared page fails its window below the PMD order, and lower orders are tried', () => {
    expect(attemptTexts(plan({ present: '0-15', shared: '0' }, { orders: '2-4' }))).toEqual([
      `0:4 ${SHARED}`,
      `0:3 ${SHARED}`,
      `0:2 ${SHARED}`,
      '4:2',
      '8:3',
    ]);
  });

  test('shared pages up to max_ptes_shared do not fail the PMD order', () => {
    expect(attemptTexts(plan({ present: 'all', shared: '0-255' }, {}))).toEqual(['0:9']);
  });

  test('a folio of the same order skips the window', () => {
    const result = plan({ present: '0-31', folios: ['4@0-15'] }, { orders: '2-4' });
    expect(attemptTexts(result)).toEqual([`0:4 ${HUGE}`, '16:4']);
  });

  test('a folio of a larger order, partially mapped, skips each window that holds a page of it', () => {
    const result = plan({ present: '0-15', folios: ['9@5'] }, { orders: '2,3', maxPtesNone: 0 });
    expect(attemptTexts(result)).toEqual([`0:3 ${HUGE}`, '8:3']);
  });

  test('a folio of the same order with a page unmapped skips the window', () => {
    const result = plan({ present: '0-6', folios: ['3@0-6'] }, { orders: '2,3' });
    expect(attemptTexts(result)).toEqual([`0:3 ${HUGE}`]);
  });

  test('smaller folios are absorbed', () => {
    const result = plan({ present: '0-15', folios: ['3@0-7', '2@8-11'] }, { orders: '4' });
    expect(attemptTexts(result)).toEqual(['0:4']);
  });

  test('the PMD order takes folios of any order, its own included', () => {
    expect(attemptTexts(plan({ present: '0-510', folios: ['9@0-510'] }, {}))).toEqual(['0:9']);
  });

  test('a shared page is met before its large folio, a large folio on a lower page before a shared page', () => {
    const policy = { orders: '3', maxPtesNone: 0 };
    expect(attemptTexts(plan({ present: '0-7', shared: '0-7', folios: ['3@0-7'] }, policy))).toEqual([
      `0:3 ${SHARED}`,
    ]);
    expect(attemptTexts(plan({ present: '0-7', shared: '1', folios: ['3@0'] }, policy))).toEqual([
      `0:3 ${HUGE}`,
    ]);
  });

  test('a window without a referenced page fails, others do not', () => {
    const result = plan({ present: '0-31', unreferenced: '0-15' }, { orders: '4' });
    expect(attemptTexts(result)).toEqual([`0:4 ${OLD}`, '16:4']);
  });

  test('one referenced page is enough for a window', () => {
    expect(attemptTexts(plan({ present: '0-15', unreferenced: '0-14' }, { orders: '4' }))).toEqual(['0:4']);
  });

  test('an armed VMA allows no hole at any order', () => {
    const result = plan({ present: '4-15', uffdArmed: true }, { orders: '3,4,9' });
    expect(attemptTexts(result)).toEqual([`0:9 ${NONE}`, `0:4 ${NONE}`, `0:3 ${NONE}`, '8:3']);
  });
});

describe('the LRU batch (observed on real kernels)', () => {
  test('orders 2 and 4, page 7 shared: the pages before it wait until the first success', () => {
    const texts = attemptTexts(plan({ present: 'all', shared: '7' }, { orders: '2,4' }));
    expect(texts.slice(0, 7)).toEqual([
      `0:4 ${SHARED}`,
      `0:2 ${COUNT}`,
      `4:2 ${COUNT}`,
      '8:2',
      '12:2',
      '16:4',
      '32:4',
    ]);
  });

  test('a batch of 30 pages waits, the 31st drains it', () => {
    const policy = { orders: '4,5', maxPtesNone: 0 };
    expect(attemptTexts(plan({ present: '0-31', shared: '30' }, policy))).toEqual([
      `0:5 ${SHARED}`,
      `0:4 ${COUNT}`,
      `16:4 ${COUNT}`,
    ]);
    expect(attemptTexts(plan({ present: '0-31', shared: '31' }, policy))).toEqual([
      `0:5 ${SHARED}`,
      '0:4',
      `16:4 ${SHARED}`,
    ]);
  });

  test('it fills from the highest page down: of 40 pages the lowest 9 stay', () => {
    expect(
      attemptTexts(plan({ present: '0-63', shared: '40' }, { orders: '3,6', maxPtesNone: 0 })).slice(0, 5),
    ).toEqual([`0:6 ${SHARED}`, `0:3 ${COUNT}`, `8:3 ${COUNT}`, '16:3', '24:3']);
  });

  test('a window that lacks references puts all its pages back', () => {
    const result = plan({ present: '0-15,100', unreferenced: '0-15' }, { orders: '2,4', maxPtesNone: 0 });
    expect(attemptTexts(result)).toEqual([
      `0:4 ${OLD}`,
      `0:2 ${COUNT}`,
      `4:2 ${COUNT}`,
      `8:2 ${COUNT}`,
      `12:2 ${COUNT}`,
    ]);
  });

  test('a large folio that is put back drains it', () => {
    const range = { present: '0-15', shared: '15', folios: ['2@0-3'] };
    expect(attemptTexts(plan(range, { orders: '3,4' }))).toEqual([`0:4 ${SHARED}`, '0:3', `8:3 ${SHARED}`]);
  });

  test('a success drains it: the slots count from zero again', () => {
    const policy = { orders: '4,5', maxPtesNone: 0 };
    expect(attemptTexts(plan({ present: '0-63', shared: '7,62' }, policy))).toEqual([
      `0:5 ${SHARED}`,
      `0:4 ${COUNT}`,
      '16:4',
      `32:5 ${SHARED}`,
      `32:4 ${COUNT}`,
      `48:4 ${COUNT}`,
    ]);
  });

  test('swapping in drains it, once: what the same attempt puts back waits', () => {
    const lruBatch = new LruBatch();
    plan({ present: '0-15', shared: '15' }, { orders: '4' }, { lruBatch });
    const range = { present: '0-19,21-479', swap: '480', uffdArmed: true };
    const texts = attemptTexts(plan(range, { orders: '2,9' }, { lruBatch }));
    expect(texts.slice(0, 3)).toEqual([`0:9 ${NONE}`, `0:2 ${COUNT}`, `4:2 ${COUNT}`]);
  });

  test('pages of an earlier range fill slots, and are not mistaken for those of a later one at any address', () => {
    const lruBatch = new LruBatch();
    plan({ present: '0-15', shared: '15' }, { orders: '4' }, { lruBatch });
    const later = plan({ present: '0-31', shared: '16' }, { orders: '4,5' }, { lruBatch });
    expect(attemptTexts(later)).toEqual([`0:5 ${SHARED}`, '0:4', `16:4 ${SHARED}`]);
  });

  test('an earlier range without enough pages to fill the batch leaves the later one waiting', () => {
    const lruBatch = new LruBatch();
    plan({ present: '0-15', shared: '14' }, { orders: '4' }, { lruBatch });
    const later = plan({ present: '0-31', shared: '16' }, { orders: '4,5' }, { lruBatch });
    expect(attemptTexts(later)).toEqual([`0:5 ${SHARED}`, `0:4 ${COUNT}`, `16:4 ${SHARED}`]);
  });
});

describe('outcomes decided in advance', () => {
  test('take the place of what the state of the range would decide; other windows are judged', () => {
    const range = { present: '0-31', shared: '16' };
    const outcomes = outcomesOf(['0:4=SCAN_ALLOC_HUGE_PAGE_FAIL'], rangeOf(range).geometry);
    expect(attemptTexts(plan(range, { orders: '3,4' }, { outcomes }))).toEqual([
      '0:4 SCAN_ALLOC_HUGE_PAGE_FAIL',
      '0:3',
      '8:3',
      `16:4 ${SHARED}`,
      `16:3 ${SHARED}`,
      '24:3',
    ]);
  });

  test('do not matter when the scan fails', () => {
    const range = { present: '0-31', pinned: '16' };
    const outcomes = outcomesOf(['2-9=SCAN_SUCCEED'], rangeOf(range).geometry);
    expect(plan(range, {}, { outcomes })).toMatchObject({
      result: 'SCAN_PAGE_COUNT',
      attempts: [],
      swappedInPages: 0,
    });
  });
});
