import { describe, expect, test } from 'vitest';
import { sum } from '../../../src/core/base/sum.ts';
import { x86_64 } from '../../../src/core/memory/geometry.ts';
import { costOf } from '../../../src/core/plan/cost.ts';
import { tlbEntries } from '../../../src/core/plan/tlb-entries.ts';
import { FOLIO_REACH } from '../../../src/core/rules/tlb-reach.ts';
import { type PolicyText, plan, type RangeText, rangeOf } from '../../support/ranges.ts';

function cost(range: RangeText, policy: PolicyText) {
  return costOf(rangeOf(range), plan(range, policy));
}

/** Pages by the order of their folio as "pages@order", orders without pages left out. */
function byOrder(counts: readonly number[]): string {
  return counts.flatMap((pages, order) => (pages > 0 ? [`${pages}@${order}`] : [])).join(' ');
}

function mappings(range: RangeText, policy: PolicyText): string[] {
  const { before, after } = cost(range, policy);
  return [before, after].map(({ pagesByOrder, pmdMappedPages, wholeFolios }) => {
    const mapped = { residentPages: sum(pagesByOrder), pmdMappedPages, wholeFolios };
    const entries = [FOLIO_REACH, 1].map((reach) => tlbEntries(mapped, reach, x86_64));
    return `${byOrder(pagesByOrder)} tlb ${entries.join('/')}`;
  });
}

describe('what a plan costs', () => {
  test('a full window is copied, nothing is filled', () => {
    expect(cost({ present: '0-15' }, { orders: '4' })).toMatchObject({
      attempts: 1,
      coveredPages: 16,
      filledPages: 0,
      copiedPages: 16,
      swappedInPages: 0,
    });
  });

  test('holes and zero-page PTEs are filled', () => {
    const result = cost({ present: '0-9', zero: '0-1' }, { orders: '4' });
    expect(result).toMatchObject({ coveredPages: 16, filledPages: 8, copiedPages: 8 });
  });

  test('swapped-in pages are copied and not filled', () => {
    const range = { present: '0-470', swap: '480-499' };
    const expected = { coveredPages: 512, filledPages: 21, copiedPages: 491, swappedInPages: 20 };
    expect(cost(range, { orders: '9' })).toMatchObject(expected);
  });

  test('failed attempts count as attempts alone', () => {
    expect(cost({ present: '0-31', unreferenced: '0-15' }, { orders: '4' })).toMatchObject({
      attempts: 2,
      coveredPages: 16,
    });
  });

  test('a scan that fails costs and changes nothing', () => {
    const result = cost({ present: 'all', pinned: '0' }, {});
    expect(result).toMatchObject({ attempts: 0, coveredPages: 0, filledPages: 0, copiedPages: 0 });
    expect(result.after).toBe(result.before);
  });

  test('no plan costs and changes nothing', () => {
    const result = costOf(rangeOf({ present: '0-3', swap: '4' }), undefined);
    expect(result).toMatchObject({ attempts: 0, coveredPages: 0, swappedInPages: 0 });
    expect(result.after).toBe(result.before);
  });
});

describe('how a range is mapped before and after', () => {
  test('small pages take an entry each, a folio takes one', () => {
    expect(mappings({ present: '0-19' }, { orders: '4' })).toEqual(['20@0 tlb 20/20', '32@4 tlb 2/32']);
  });

  test('a PMD entry maps the whole range', () => {
    expect(mappings({ present: 'all' }, {})).toEqual(['512@0 tlb 512/512', '512@9 tlb 1/1']);
  });

  test('a PMD-mapped range stays as it is', () => {
    const mapped = '512@9 tlb 1/1';
    expect(mappings({ present: 'all', pmdMapped: true }, {})).toEqual([mapped, mapped]);
  });

  test('a whole aligned folio takes one entry, a partly mapped one an entry a page', () => {
    expect(mappings({ present: '0-15', folios: ['4@0-15'] }, { orders: '' })[0]).toBe('16@4 tlb 1/16');
    expect(mappings({ present: '0-14', folios: ['4@0-14'] }, { orders: '' })[0]).toBe('15@4 tlb 15/15');
    expect(mappings({ present: '1-16', folios: ['4@1-16'] }, { orders: '' })[0]).toBe('16@4 tlb 16/16');
    expect(mappings({ present: '0-15', folios: ['4@0-7', '3@8-15'] }, { orders: '' })[0]).toBe(
      '8@3 8@4 tlb 9/16',
    );
  });

  test('zero-page PTEs hold no memory, until they are filled', () => {
    const range = { present: '0-15', zero: '0-7' };
    expect(mappings(range, { orders: '4' })).toEqual(['8@0 tlb 8/8', '16@4 tlb 1/16']);
  });

  test('swap entries hold no memory, until the PMD order swaps them in', () => {
    expect(mappings({ present: '0-479', swap: '480-511' }, { orders: '9' })).toEqual([
      '480@0 tlb 480/480',
      '512@9 tlb 1/1',
    ]);
  });

  test('an absorbed folio is replaced, its neighbours stay', () => {
    const range = { present: '0-31', folios: ['3@0-7', '2@16-19'] };
    const after = mappings(range, { orders: '4', maxPtesNone: 0 })[1];
    expect(after).toBe('32@4 tlb 2/32');
    const untouched = mappings({ present: '0-16', folios: ['3@0-7'] }, { orders: '4', maxPtesNone: 0 })[1];
    expect(untouched).toBe('1@0 16@4 tlb 2/17');
  });
});
