import { describe, expect, test } from 'vitest';
import { thpscope } from '../support/thpscope.ts';

// Files with sound checksums that no thpscope wrote: test/fixtures/hostile. Those of digests are in
// digest-file.test.ts.
describe('snapshots that were made to be misread', () => {
  test.each([
    [
      'rle-bomb',
      'row group 1, process_thp_disabled: has a run of 1073741823 values where 265 are left; copy the file again or capture a new one',
    ],
    [
      'numvalues-bomb',
      'row group 1, process_thp_disabled: has a page of 2147483647 values in 265 rows where 265 are left; copy the file again or capture a new one',
    ],
    [
      'rows-2-60',
      'its footer says 1152921504606846976 rows and has row groups of 265; copy the file again or capture a new one',
    ],
    [
      'pid-undefined',
      'row 1 of row group 1 has no value of its dictionary in pid; copy the file again or capture a new one',
    ],
    [
      'command-undefined',
      'row 1 of row group 1 has no value of its dictionary in command; copy the file again or capture a new one',
    ],
    [
      'fuzz-no-bitmap',
      'row 1 of row group 1 has no value of its dictionary in pid; copy the file again or capture a new one',
    ],
    [
      'fuzz-range-address',
      'row 1: the range at 0x807f0000000000 lies outside of its VMA; capture the memory again',
    ],
    [
      'row-folio-10',
      'row 1: the range at 0x7f0000000000: page 0, order 10: large folios have orders 1 to 9; capture the memory again',
    ],
    ['row-no-vma-with-range', 'row 1: a range without a VMA; capture the memory again'],
    [
      'row-present-and-swap',
      'row 1: the range at 0x7f0000000000: page 0 is both present and in swap; a page can be one of them; capture the memory again',
    ],
    [
      'row-range-outside-vma',
      'row 1: the range at 0x1000000000 lies outside of its VMA; capture the memory again',
    ],
    [
      'row-vma-backwards',
      'row 1: the VMA at 0x7f0000000000 ends before it begins, at 0x1000; capture the memory again',
    ],
  ])('%s', async (name, complaint) => {
    const path = `test/fixtures/hostile/${name}.parquet`;
    for (const command of ['predict', 'sweep', 'report -o /dev/null']) {
      const { stdout, stderr, code } = await thpscope([...command.split(' '), path]);
      // Before memory is read, there may be a word on the settings.
      expect(stderr.split('\n').at(-2)).toBe(`thpscope: ${path}: ${complaint}`);
      expect(stdout).toBe('');
      expect(code).toBe(5);
    }
  });

  test('rows that can be are read: a folio of two pages is one that sources can see', async () => {
    for (const [name, huge] of [
      ['row-sound', 'huge now      nothing'],
      ['row-folio-1', '(100%): 400K in 8K'],
    ]) {
      const { stdout, code } = await thpscope(['predict', `test/fixtures/hostile/${name}.parquet`]);
      expect(code).toBe(0);
      expect(stdout).toContain(huge);
    }
  });
});
