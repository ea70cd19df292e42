import { expect, test } from 'vitest';
import { x86_64 } from '../../../src/core/memory/geometry.ts';
import { formatOrders } from '../../../src/core/memory/order.ts';
import { collapsibleOrders, KERNEL_MODELS, resultName } from '../../../src/core/rules/kernel-model.ts';
import {
  actionAfter,
  type NextMove,
  SCAN_RESULTS,
  scanResultNamed,
  traceString,
} from '../../../src/core/rules/scan-result.ts';

test('results stand at their number in enum scan_result', () => {
  const numbers = {
    SCAN_FAIL: 0,
    SCAN_SUCCEED: 1,
    SCAN_PTE_UFFD: 8,
    SCAN_PAGE_ANON: 16,
    SCAN_DEL_PAGE_LRU: 23,
  };
  for (const [name, number] of Object.entries(numbers)) expect(SCAN_RESULTS[number]).toBe(name);
  expect(SCAN_RESULTS.at(-1)).toBe('SCAN_PAGE_DIRTY_OR_WRITEBACK');
  expect(SCAN_RESULTS).toHaveLength(32);
});

test('trace events print the kernel strings, their misspellings included', () => {
  expect(traceString('SCAN_CGROUP_CHARGE_FAIL')).toBe('ccgroup_charge_failed');
  expect(traceString('SCAN_PTE_UFFD')).toBe('pte_uffd_wp');
  expect(traceString('SCAN_PAGE_COUNT')).toBe('not_suitable_page_count');
});

test('every result leads where mthp_collapse goes after it', () => {
  const leadingTo = (action: NextMove) => SCAN_RESULTS.filter((result) => actionAfter(result) === action);
  expect(leadingTo('next-offset')).toEqual(['SCAN_SUCCEED', 'SCAN_PTE_MAPPED_HUGEPAGE']);
  expect(leadingTo('next-order')).toEqual([
    'SCAN_EXCEED_NONE_PTE',
    'SCAN_EXCEED_SWAP_PTE',
    'SCAN_EXCEED_SHARED_PTE',
    'SCAN_PTE_NON_PRESENT',
    'SCAN_PTE_UFFD',
    'SCAN_LACK_REFERENCED_PAGE',
    'SCAN_PAGE_NULL',
    'SCAN_PAGE_COUNT',
    'SCAN_PAGE_LOCK',
    'SCAN_PAGE_LAZYFREE',
    'SCAN_DEL_PAGE_LRU',
    'SCAN_ALLOC_HUGE_PAGE_FAIL',
  ]);
  expect(leadingTo('stop')).toHaveLength(18);
});

test('results are found by name, in the spelling of every version, and no others', () => {
  expect(scanResultNamed('SCAN_PAGE_LRU')).toBe('SCAN_PAGE_LRU');
  for (const { spellings } of Object.values(KERNEL_MODELS))
    for (const [result, spelling] of Object.entries(spellings))
      expect(scanResultNamed(spelling)).toBe(result);
  expect(scanResultNamed('SCAN_PTE_UFFD_WP')).toBe('SCAN_PTE_UFFD');
  for (const name of ['', 'scan_fail', 'constructor']) expect(scanResultNamed(name)).toBeUndefined();
});

test('7.2 and 7.3 name the userfaultfd result differently', () => {
  expect(resultName('SCAN_PTE_UFFD', KERNEL_MODELS['linux-7.2'])).toBe('SCAN_PTE_UFFD_WP');
  expect(resultName('SCAN_PTE_UFFD', KERNEL_MODELS['linux-7.3'])).toBe('SCAN_PTE_UFFD');
  expect(resultName('SCAN_PAGE_LRU', KERNEL_MODELS['linux-7.2'])).toBe('SCAN_PAGE_LRU');
});

test('every kernel model stands under its own name', () => {
  for (const [name, model] of Object.entries(KERNEL_MODELS)) expect(model.name).toBe(name);
});

test('6.18 collapses to the PMD order alone', () => {
  expect(formatOrders(collapsibleOrders(KERNEL_MODELS['linux-6.18'], x86_64))).toBe('9');
  expect(formatOrders(collapsibleOrders(KERNEL_MODELS['linux-7.2'], x86_64))).toBe('2-9');
});
