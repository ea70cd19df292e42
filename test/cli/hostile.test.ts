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
  ])('%s', async (name, complaint) => {
    const path = `test/fixtures/hostile/${name}.parquet`;
    for (const command of ['predict', 'sweep', 'report -o /dev/null']) {
      const { stdout, stderr, code } = await thpscope([...command.split(' '), path]);
      expect(stderr).toBe(`thpscope: ${path}: ${complaint}\n`);
      expect(stdout).toBe('');
      expect(code).toBe(5);
    }
  });
});
