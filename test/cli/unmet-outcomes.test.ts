import { expect, test } from 'vitest';
import { thpscope, words } from '../support/thpscope.ts';

const LIGHT = 'SCAN_ALLOC_LIGHT_MISS';
const NONE_0 = '--max-ptes-none 0';

test.each([
  ['--orders 2,3', '2*=SCAN_PAGE_COUNT', 'decides nothing: no such window is attempted'],
  ['--orders 2', '2*=SCAN_PAGE_COUNT', 'decides nothing: walk tries no such window again with reclaim'],
  ['--orders 2,3', '0:4=SCAN_PAGE_COUNT', 'decides nothing: orders 2-3 are enabled'],
  ['--orders 2,3', `2=${LIGHT}`, 'decides nothing: no such window is attempted'],
  ['--orders 2', `2=${LIGHT}`, `no attempt of walk ends in ${LIGHT}, which only the rebuild has (rounds)`],
  [
    '--orders 2 --swap 16-100',
    '2=SCAN_PAGE_COUNT',
    'decides nothing: the scan of the range fails, so that nothing is attempted',
  ],
])('%s --outcome %s: %s', async (flags, outcome, note) => {
  const asked = words(`--pattern 0-15 ${flags} ${NONE_0}`);
  for (const command of ['explain', 'predict'])
    for (const format of [[], ['--json']]) {
      const { stdout, stderr, code } = await thpscope([command, ...asked, '--outcome', outcome, ...format]);
      expect([code, stdout.length > 0]).toEqual([0, true]);
      expect(stderr).toMatch(/^thpscope: --outcome [^\n]+\n$/);
      expect(stderr).toContain(outcome);
      expect(stderr).toContain(note);
    }
});

test('of several rules those are named that decide nothing', async () => {
  const asked = words(`explain --pattern 0-15 --orders 2,3 ${NONE_0}`);
  const rules = ['3=SCAN_PAGE_LOCK', '0:3=SCAN_PAGE_COUNT', '8:3=SCAN_PAGE_COUNT'];
  const { stderr } = await thpscope([...asked, ...rules.flatMap((rule) => ['--outcome', rule])]);
  expect(stderr).toBe(
    'thpscope: --outcome 3=SCAN_PAGE_LOCK decides nothing: a later one decides all of these attempts\n',
  );
});

test('outcomes that decide are not spoken of', async () => {
  const asked = words(`explain --pattern 0-15 --orders 2,3 ${NONE_0} --outcome 0:3=SCAN_PAGE_COUNT`);
  expect((await thpscope(asked)).stderr).toBe('');
  const retried = words(`--outcome 3=${LIGHT} --outcome 3*=SCAN_PAGE_COUNT --algorithm rounds`);
  expect(
    (await thpscope([...words(`explain --pattern 0-15 --orders 2,3 ${NONE_0}`), ...retried])).stderr,
  ).toBe('');
});
