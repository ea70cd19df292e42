import { expect, test } from 'vitest';
import { whatDiffers } from '../../src/conform/guest/what-differs.ts';

const COUNTERS = 'pages_collapsed=2 collapse_alloc=0,3 collapse_alloc_failed=0,0';

test.each([
  ['one counter', COUNTERS, COUNTERS.replace('collapsed=2', 'collapsed=3'), ['pages_collapsed']],
  [
    'two counters',
    COUNTERS,
    COUNTERS.replace('=2', '=3').replace('0,3', '1,3'),
    ['pages_collapsed', 'collapse_alloc'],
  ],
  ['errnos', `EINVAL,0 ${COUNTERS}`, `0,0 ${COUNTERS}`, ['errno']],
  ['pages at the end', '22..\n    2 succeeded,= succeeded', '....\n    2 succeeded,= succeeded', ['folios']],
  ['results', '22..\n    = failed', '22..\n    = succeeded', ['scans']],
  ['pages and results', '22..\n    = failed', '2200\n    = succeeded', ['folios', 'scans']],
  ['a visit of the daemon', 'visit 3: = succeeded; 4 1', 'visit 3: = failed; 4 1', ['visits']],
  ['a counter of the daemon', `full_scans=2 ${COUNTERS}`, `full_scans=3 ${COUNTERS}`, ['full_scans']],
])('a kernel and a model differ in %s', (_, real, model, what) => {
  expect(whatDiffers(real, model)).toEqual(what);
});
