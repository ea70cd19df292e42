import { describe, expect, test } from 'vitest';
import { definitionsOf } from '../../../src/verify/c/c-definitions.ts';
import { entryOf } from '../../../src/verify/c/c-entry.ts';

const entry = (text: string, asked?: string) => entryOf('a.c', definitionsOf(text), asked);

test('each parameter of the signatures that searches had is given what it means', () => {
  const merged = entry(
    'enum scan_result mthp_collapse(struct mm_struct *mm, unsigned long address, int referenced, int unmapped, struct collapse_control *cc, unsigned long enabled_orders) { }',
  );
  expect(merged).toEqual({
    ok: true,
    value: {
      name: 'mthp_collapse',
      values: [
        '&mm',
        'THPSCOPE_ADDRESS',
        'HPAGE_PMD_NR',
        'thpscope_range->unmapped',
        '&cc',
        'thpscope_range->enabled_orders',
      ],
    },
  });
  const earlier = entry(
    'int collapse_scan_bitmap(struct mm_struct *mm, struct vm_area_struct *vma, unsigned long haddr, struct collapse_control *cc, bool *mmap_locked, unsigned long orders) { }',
  );
  expect(earlier).toMatchObject({
    value: {
      values: ['&mm', '&vma', 'THPSCOPE_ADDRESS', '&cc', '&mmap_locked', 'thpscope_range->enabled_orders'],
    },
  });
});

test("the function that is asked for comes before a known name, and thpscope's own name before the kernel's", () => {
  const both = 'int mthp_collapse(void) { } int thpscope_walk(void) { } int other(void) { }';
  expect(entry(both)).toMatchObject({ value: { name: 'thpscope_walk' } });
  expect(entry(both, 'other')).toMatchObject({ value: { name: 'other' } });
});

describe('a sentence for', () => {
  test.each([
    [
      'no function',
      '',
      undefined,
      'a.c: no mthp_collapse or collapse_scan_bitmap in it (it defines no function as a whole; of a patch to a part, paste the function as it is then)',
    ],
    ['another function', 'int f(void) { }', undefined, '(it defines f); name the search with --function'],
    ['a name that is not there', 'int f(void) { }', 'g', 'a.c: no function g in it (it defines f)'],
    ['a function that returns nothing', 'static void f(void) { }', 'f', 'f returns nothing'],
    ['a parameter that nobody knows', 'int f(struct foo *foo) { }', 'f', "pass for 'struct foo *foo' of f"],
    ['a number that nobody knows', 'int f(int budget) { }', 'f', "pass for 'int budget' of f"],
    [
      'an attempt of its own',
      'int collapse_huge_page(void) { } int mthp_collapse(void) { }',
      undefined,
      'a.c: leave collapse_huge_page out',
    ],
  ])('%s', (_, text, asked, message) => {
    const result = entry(text, asked);
    expect(result.ok ? '' : result.failure.message).toContain(message);
    expect(result.ok ? '' : result.failure.kind).toBe('usage');
  });
});
