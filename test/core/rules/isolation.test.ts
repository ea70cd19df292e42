import { describe, expect, test } from 'vitest';
import { geometryOfPmdOrder } from '../../../src/core/memory/geometry.ts';
import { asOffset, asOrder } from '../../../src/core/memory/order.ts';
import { type IsolationFacts, isolateWindow } from '../../../src/core/rules/isolation.ts';
import { type PolicyText, policyOf } from '../../support/ranges.ts';

const geometry = geometryOfPmdOrder(4);

/**
 * Isolates the window 8:3 of present and referenced small pages, but for what is said; also which pages were
 * taken.
 */
function isolate(facts: Partial<IsolationFacts>, policy: PolicyText = {}, caller = 'khugepaged') {
  const taken: number[] = [];
  const all: IsolationFacts = {
    isNoneOrZero: () => false,
    isPresent: () => true,
    isTracked: () => false,
    isNull: () => false,
    isLazyfree: () => false,
    isShared: () => false,
    folioOrder: () => 0,
    isReferenced: () => true,
    take: (page) => void taken.push(page),
    ...facts,
  };
  const asked = { ...policyOf({ pmdOrder: 4, ...policy }), caller } as ReturnType<typeof policyOf>;
  const window = { offset: asOffset(8), order: asOrder(3) };
  return { ...isolateWindow(all, window, asked, geometry, false), taken };
}

const at = (wanted: number) => (page: number) => page === wanted;
const every = () => true;

test('a window whose pages are all there is taken page by page', () => {
  expect(isolate({})).toEqual({
    result: 'SCAN_SUCCEED',
    noneOrZero: 0,
    referenced: 8,
    stoppedAt: 16,
    taken: [8, 9, 10, 11, 12, 13, 14, 15],
  });
});

describe('a PTE ends it, and those before stay counted', () => {
  test.each([
    ['SCAN_EXCEED_NONE_PTE', { isNoneOrZero: at(11) }],
    ['SCAN_PTE_NON_PRESENT', { isPresent: (page: number) => page !== 11 }],
    ['SCAN_PTE_UFFD', { isTracked: at(11) }],
    ['SCAN_PAGE_NULL', { isNull: at(11) }],
    ['SCAN_PAGE_LAZYFREE', { isLazyfree: at(11) }],
    ['SCAN_EXCEED_SHARED_PTE', { isShared: at(11) }],
    ['SCAN_PTE_MAPPED_HUGEPAGE', { folioOrder: (page: number) => (page === 11 ? 3 : 2) }],
    ['SCAN_PAGE_LOCK', { take: (page: number) => (page === 11 ? 'SCAN_PAGE_LOCK' : undefined) }],
  ] as const)('%s', (result, facts) => {
    expect(isolate(facts, { maxPtesNone: 0 })).toMatchObject({ result, referenced: 3, stoppedAt: 11 });
  });
});

test('of what is wrong with one PTE, the first in the order of the rules is named', () => {
  const facts = { isTracked: every, isNull: every, isLazyfree: every, isShared: every };
  expect(isolate(facts).result).toBe('SCAN_PTE_UFFD');
  expect(isolate({ ...facts, isPresent: () => false }).result).toBe('SCAN_PTE_NON_PRESENT');
  expect(isolate({ ...facts, isTracked: () => false }).result).toBe('SCAN_PAGE_NULL');
});

test('references and MADV_FREE matter to khugepaged only', () => {
  const facts = { isReferenced: () => false, isLazyfree: at(9) };
  expect(isolate({ isReferenced: () => false }).result).toBe('SCAN_LACK_REFERENCED_PAGE');
  expect(isolate(facts, {}, 'madvise')).toMatchObject({ result: 'SCAN_SUCCEED', referenced: 0 });
});

test('empty PTEs count up to max_ptes_none, and are not taken', () => {
  const holes = { isNoneOrZero: (page: number) => page < 11 };
  expect(isolate(holes, { maxPtesNone: 15 })).toMatchObject({
    result: 'SCAN_SUCCEED',
    noneOrZero: 3,
    taken: [11, 12, 13, 14, 15],
  });
});
