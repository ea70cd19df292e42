import { describe, expect, test } from 'vitest';
import { formatPages } from '../../../src/core/memory/page-list.ts';
import { scanRange } from '../../../src/core/rules/scan.ts';
import { type PolicyText, policyOf, type RangeText, rangeOf } from '../../support/ranges.ts';

function scan(range: RangeText, policy: PolicyText = {}) {
  const { pmdOrder } = range;
  return scanRange(rangeOf(range), policyOf(pmdOrder === undefined ? policy : { pmdOrder, ...policy }));
}

/** The result and the PTE that caused it: "SCAN_PAGE_LOCK at 3". */
function verdict(range: RangeText, policy: PolicyText = {}): string {
  const { result, failedAt } = scan(range, policy);
  return failedAt === undefined ? result : `${result} at ${failedAt}`;
}

describe('before the PTEs (check_pmd_state)', () => {
  test('a PMD-mapped range is looked at once and left', () => {
    expect(scan({ present: 'all', pmdMapped: true })).toMatchObject({ result: 'SCAN_PMD_MAPPED', looked: 1 });
  });

  test('no enabled order is no failure of the scan', () => {
    expect(verdict({ present: '0' }, { orders: '', maxPtesNone: 0 })).toBe('SCAN_SUCCEED');
  });
});

describe('the none limit of a scan', () => {
  test('is max_ptes_none exactly when the PMD order is the only enabled one', () => {
    const policy = { orders: '9', maxPtesNone: 100 };
    expect(verdict({ present: '0-411' }, policy)).toBe('SCAN_SUCCEED');
    expect(verdict({ present: '0-410' }, policy)).toBe('SCAN_EXCEED_NONE_PTE at 511');
  });

  for (const orders of ['4', '2-9', '8,9', '2-8', '']) {
    test(`is lifted to 511 with orders '${orders}'`, () => {
      expect(verdict({ present: '511' }, { orders, maxPtesNone: 0 })).toBe('SCAN_SUCCEED');
    });
  }

  test('is 0 for an armed VMA when the PMD order is the only enabled one', () => {
    expect(verdict({ present: '0-510', uffdArmed: true }, { orders: '9' })).toBe(
      'SCAN_EXCEED_NONE_PTE at 511',
    );
    expect(verdict({ present: 'all', uffdArmed: true }, { orders: '9' })).toBe('SCAN_SUCCEED');
  });

  test('is lifted for an armed VMA as well when another order is enabled', () => {
    expect(verdict({ present: '0', uffdArmed: true }, { orders: '2,9' })).toBe('SCAN_SUCCEED');
  });

  for (const pmdOrder of [3, 9, 11, 13]) {
    test(`fails an all-empty table at the last of 2^${pmdOrder} PTEs under every mask`, () => {
      for (const orders of ['all', '2', `${pmdOrder}`]) {
        expect(scan({ pmdOrder }, { orders })).toMatchObject({
          result: 'SCAN_EXCEED_NONE_PTE',
          failedAt: 2 ** pmdOrder - 1,
          looked: 2 ** pmdOrder,
        });
      }
    });
  }
});

describe('one PTE (docs/khugepaged.md#scan-rows)', () => {
  test('row 1: none and zero-page PTEs count together', () => {
    const policy = { orders: '9', maxPtesNone: 2 };
    expect(verdict({ present: '0-510', zero: '7' }, policy)).toBe('SCAN_SUCCEED');
    expect(verdict({ present: '0-510', zero: '7,9' }, policy)).toBe('SCAN_EXCEED_NONE_PTE at 511');
    expect(verdict({ present: '2-511', zero: '9' }, policy)).toBe('SCAN_EXCEED_NONE_PTE at 9');
  });

  test('row 1: an all-zero-page table is an empty one', () => {
    expect(verdict({ present: 'all', zero: 'all' })).toBe('SCAN_EXCEED_NONE_PTE at 511');
  });

  test('row 1: what else is true of a zero-page PTE does not matter', () => {
    const odd = { zero: '5', shared: '5', pinned: '5', locked: '5', lazyfree: '5', uffd: '5' };
    expect(verdict({ present: 'all', ...odd }, { maxPtesShared: 0 })).toBe('SCAN_SUCCEED');
  });

  test('row 2: swap entries up to max_ptes_swap pass, one more fails', () => {
    expect(verdict({ present: '64-511', swap: '0-63' })).toBe('SCAN_SUCCEED');
    expect(verdict({ present: '65-511', swap: '0-64' })).toBe('SCAN_EXCEED_SWAP_PTE at 64');
    expect(verdict({ present: '1-511', swap: '0' }, { maxPtesSwap: 0 })).toBe('SCAN_EXCEED_SWAP_PTE at 0');
  });

  test('row 2 before 3: a swap entry over the limit fails as swap, whatever userfaultfd tracks', () => {
    expect(verdict({ present: '1-511', swap: '0', uffd: '0' }, { maxPtesSwap: 0 })).toBe(
      'SCAN_EXCEED_SWAP_PTE at 0',
    );
  });

  test('row 3: a swap entry that userfaultfd tracks fails', () => {
    expect(verdict({ present: '1-511', swap: '0', uffd: '0' })).toBe('SCAN_PTE_UFFD at 0');
  });

  test('row 5: a present PTE that userfaultfd tracks fails', () => {
    expect(verdict({ present: 'all', uffd: '9' })).toBe('SCAN_PTE_UFFD at 9');
  });

  test('row 7: a clean MADV_FREE page fails', () => {
    expect(verdict({ present: 'all', lazyfree: '9' })).toBe('SCAN_PAGE_LAZYFREE at 9');
  });

  test('row 7: not in 6.18', () => {
    expect(verdict({ present: 'all', lazyfree: '9' }, { orders: '9', model: 'linux-6.18' })).toBe(
      'SCAN_SUCCEED',
    );
  });

  test('row 9: shared pages up to max_ptes_shared pass, one more fails', () => {
    expect(verdict({ present: 'all', shared: '0-255' })).toBe('SCAN_SUCCEED');
    expect(verdict({ present: 'all', shared: '0-256' })).toBe('SCAN_EXCEED_SHARED_PTE at 256');
    expect(verdict({ present: 'all', shared: '3' }, { maxPtesShared: 0 })).toBe(
      'SCAN_EXCEED_SHARED_PTE at 3',
    );
  });

  test('row 14: a locked page fails', () => {
    expect(verdict({ present: 'all', locked: '9' })).toBe('SCAN_PAGE_LOCK at 9');
  });

  test('row 15: a page with more references than mappings fails', () => {
    expect(verdict({ present: 'all', pinned: '9' })).toBe('SCAN_PAGE_COUNT at 9');
  });

  const checks = [
    ['uffd', 'SCAN_PTE_UFFD'],
    ['lazyfree', 'SCAN_PAGE_LAZYFREE'],
    ['shared', 'SCAN_EXCEED_SHARED_PTE'],
    ['locked', 'SCAN_PAGE_LOCK'],
    ['pinned', 'SCAN_PAGE_COUNT'],
  ] as const;
  const policy = { maxPtesShared: 0 };
  for (const [i, [first, result]] of checks.entries()) {
    for (const [second, laterResult] of checks.slice(i + 1)) {
      test(`${first} is checked before ${second} at one PTE; the lower PTE wins between two`, () => {
        expect(verdict({ present: 'all', [first]: '9', [second]: '9' }, policy)).toBe(`${result} at 9`);
        expect(verdict({ present: 'all', [first]: '9', [second]: '8' }, policy)).toBe(`${laterResult} at 8`);
      });
    }
  }

  test('a hole, a swap entry and a bad page: the lowest that goes over its limit wins', () => {
    const limits = { orders: '9', maxPtesNone: 0, maxPtesSwap: 0 };
    expect(verdict({ present: '0-4,7-511', swap: '6', pinned: '7' }, limits)).toBe(
      'SCAN_EXCEED_NONE_PTE at 5',
    );
    expect(verdict({ present: '0-4,7-511', swap: '5', pinned: '7' }, limits)).toBe(
      'SCAN_EXCEED_SWAP_PTE at 5',
    );
    expect(verdict({ present: '0-4,7-511', swap: '6', pinned: '4' }, limits)).toBe('SCAN_PAGE_COUNT at 4');
  });

  test('bits of PTEs that are not present mean nothing, except those of userfaultfd on swap entries', () => {
    const range = {
      present: '0-299',
      swap: '300',
      shared: '300-511',
      pinned: '300-511',
      locked: '400',
      uffd: '500',
    };
    expect(verdict({ ...range, lazyfree: '300', zero: '300' }, { maxPtesShared: 0 })).toBe('SCAN_SUCCEED');
  });
});

describe('references that a scan demands', () => {
  test('one referenced page is enough without swap entries', () => {
    expect(verdict({ present: 'all', unreferenced: '0-510' })).toBe('SCAN_SUCCEED');
  });

  test('no referenced page fails, after all PTEs', () => {
    const report = scan({ present: 'all', unreferenced: 'all' });
    expect(report).toMatchObject({ result: 'SCAN_LACK_REFERENCED_PAGE', failedAt: undefined, looked: 512 });
  });

  test('a swap entry demands 256 referenced pages: 256 is enough, 255 is not', () => {
    expect(verdict({ present: '0-510', swap: '511', unreferenced: '256-510' })).toBe('SCAN_SUCCEED');
    expect(verdict({ present: '0-510', swap: '511', unreferenced: '255-510' })).toBe(
      'SCAN_LACK_REFERENCED_PAGE',
    );
  });

  test('without a swap entry 255 referenced pages are enough', () => {
    expect(verdict({ present: 'all', unreferenced: '255-511' })).toBe('SCAN_SUCCEED');
  });

  for (const pmdOrder of [11, 13]) {
    test(`a swap entry demands half of 2^${pmdOrder} pages`, () => {
      const half = 2 ** (pmdOrder - 1);
      expect(verdict({ pmdOrder, present: `1-${half}`, swap: '0' })).toBe('SCAN_SUCCEED');
      expect(verdict({ pmdOrder, present: `1-${half - 1}`, swap: '0' })).toBe('SCAN_LACK_REFERENCED_PAGE');
    });
  }

  test('zero-page PTEs are no referenced pages', () => {
    expect(verdict({ present: '0-9', zero: '0-8', unreferenced: '9' })).toBe('SCAN_LACK_REFERENCED_PAGE');
  });

  test('unknown references count as referenced', () => {
    expect(scan({ present: '0-9' }).referenced).toBe(10);
  });
});

describe('what it counts', () => {
  test('every kind of PTE of a range that passes', () => {
    const report = scan({
      present: '0-399',
      zero: '0-9',
      swap: '400-419',
      shared: '20-29',
      unreferenced: '30-39',
    });
    expect(report).toMatchObject({
      result: 'SCAN_SUCCEED',
      looked: 512,
      noneOrZero: 102,
      unmapped: 20,
      shared: 10,
      referenced: 380,
    });
    expect(formatPages(report.occupied)).toBe('10-399');
  });

  test('only the PTEs up to and including the one that fails', () => {
    const report = scan({
      present: '10-511',
      zero: '10',
      swap: '0-4',
      shared: '11',
      unreferenced: '12',
      pinned: '13',
    });
    expect(report).toMatchObject({ looked: 14, noneOrZero: 6, unmapped: 5, shared: 1, referenced: 1 });
    expect(formatPages(report.occupied)).toBe('11-13');
  });

  test('the failing entry counts towards its limit', () => {
    expect(scan({ present: '65-511', swap: '0-64' })).toMatchObject({ unmapped: 65, looked: 65 });
  });
});
