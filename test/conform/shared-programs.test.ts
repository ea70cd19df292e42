import { expect, test } from 'vitest';
import { sharedProgramsJson } from '../../src/cli/conform/json.ts';
import { describeDifferences, sharedProgramsTable } from '../../src/cli/conform/shared-programs-table.ts';
import { SHARED_CHANGES } from '../../src/conform/shared-programs/changes.ts';
import { firstScans, parseScans } from '../../src/conform/shared-programs/file-scans.ts';
import { parseSmaps } from '../../src/conform/shared-programs/mapped-files.ts';
import { compareSharedFiles } from '../../src/conform/shared-programs/outcome.ts';
import { readSharedPrediction } from '../../src/conform/shared-programs/prediction.ts';
import { runSharedPrograms } from '../../src/conform/shared-programs/suite.ts';
import { valueOf } from '../support/ranges.ts';
import { expectSchema } from '../support/schemas.ts';
import { guestAnswering, KERNEL } from './fake-guest.ts';

const MEGA = 2 ** 20;
const HUGE = '9'.repeat(512);
const EMPTY = '.'.repeat(512);
const half = `${'0'.repeat(256)}${'.'.repeat(256)}`;

/** Three ranges: one half full, one empty, one that ends within the file. */
const BEFORE = [half, EMPTY, '0'.repeat(10)];
const COLLAPSED = [HUGE, EMPTY, '0'.repeat(10)];

const smaps = (rssKib: number, pmdKib = 2048) => [
  '7f0000200000-7f0000609000 rw-s 00000000 00:01 12                         /dev/zero (deleted)',
  `Rss:          ${rssKib} kB`,
  `ShmemPmdMapped:      ${pmdKib} kB`,
  'VmFlags: rd wr sh mr mw me ms sd',
  '7f0000700000-7f0000701000 rw-s 00000000 00:01 5                          /SYSV00000b43 (deleted)',
  'Rss:                 4 kB',
  '7f0000a00000-7f0000f00000 rw-p 00000000 00:00 0',
  'Rss:              5120 kB',
];

const scan = (mm: string, result: string) =>
  `      khugepaged-36      [000] .....   113.366242: mm_khugepaged_scan_file: mm=${mm}, scan_pfn=0xffffffffffffffff, filename=dev/zero, present=512, swap=0, result=${result}`;

/** The first process has its ranges collapsed, the next one meets what was made. */
const TRACE = [
  '#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION',
  scan('0000a', 'succeeded'),
  scan('0000a', 'exceed_none_pte'),
  scan('0000b', 'pte_mapped_hugepage'),
  scan('0000b', 'exceed_none_pte'),
  scan('0000a', 'pte_mapped_hugepage'),
];

/** What predict says of it: 256 pages are there, and 300 PTEs of both processes map them. */
function prediction(change: object = {}, assumed: readonly string[] = []) {
  const file = {
    id: '00:01:12',
    kind: 'shared-anonymous',
    name: '/dev/zero (deleted)',
    cachedPages: 256,
    collapses: 1,
    growthPages: 256,
    unmappedPages: 300,
    refused: {},
    assumed,
    ...change,
  };
  return { pageCache: { files: [file], unread: [] } };
}

function compared(json: object, after: readonly string[], rssKibAfter: number, trace = TRACE, pmdKib = 2048) {
  const file = (ranges: readonly string[], rssKib: number) => {
    const mapped = rssKib === rssKibAfter ? pmdKib : 2048;
    const vmas = parseSmaps(7, smaps(rssKib, mapped));
    return { id: '00:01:12', name: '/dev/zero (deleted)', ranges, vmas };
  };
  const scans = parseScans(trace);
  const [only] = compareSharedFiles(
    [file(BEFORE, 1200)],
    [file(after, rssKibAfter)],
    scans,
    readSharedPrediction(json),
  );
  return only;
}

test('of smaps, VMAs of files count that have room for a PMD range', () => {
  expect(parseSmaps(7, smaps(1200))).toEqual([
    {
      pid: 7,
      start: 0x7f0000200000,
      end: 0x7f0000609000,
      offset: 0,
      file: '00:01:12',
      name: '/dev/zero (deleted)',
      rssBytes: 1200 * 1024,
      pmdMappedBytes: 2 * MEGA,
    },
  ]);
});

test('how ranges were scanned is what the first process met, once', () => {
  const vmas = parseSmaps(7, smaps(0));
  expect(firstScans({ name: '/dev/zero (deleted)', vmas }, parseScans(TRACE))).toEqual({
    succeeded: 1,
    exceed_none_pte: 1,
  });
  expect(firstScans({ name: '/memfd:heap (deleted)', vmas }, parseScans(TRACE))).toBeUndefined();
});

test('a file agrees in ranges, growth, what its processes lose of RSS, and reasons', () => {
  expect(compared(prediction(), COLLAPSED, 0)).toMatchObject({
    real: { cachedPages: 266, collapses: 1, growthPages: 256, unmappedPages: 300 },
    outcome: 'agrees',
    differences: [],
  });
  expect(compared(prediction({ unmappedPages: 299 }), COLLAPSED, 0)).toMatchObject({
    outcome: 'unexplained',
    differences: ['unmappedPages: predicted 299, real 300'],
  });
  const refused = {
    collapses: 0,
    growthPages: 0,
    unmappedPages: 0,
    refused: { SCAN_EXCEED_SWAP_PTE: { ranges: 1 } },
  };
  const missing = [scan('0000a', 'exceed_none_pte'), scan('0000a', 'exceed_none_pte')];
  expect(compared(prediction(refused), BEFORE, 1200, missing)).toMatchObject({
    outcome: 'unexplained',
    differences: ['exceed_none_pte: predicted 0, real 1', 'exceed_swap_pte: predicted 1, real 0'],
  });
});

test('what processes touch again while khugepaged works is no error of the prediction', () => {
  expect(compared(prediction(), COLLAPSED, 2048, TRACE, 4096)).toMatchObject({
    real: { unmappedPages: 300 },
    outcome: 'agrees',
  });
});

test('a range that is huge and mapped by nobody is explained where its folios were assumed', () => {
  const said = { growthPages: 0, unmappedPages: 0 };
  const huge = [scan('0000a', 'pte_mapped_hugepage'), scan('0000a', 'exceed_none_pte')];
  expect(compared(prediction(said, ['folioOrders']), BEFORE, 1200, huge)).toMatchObject({
    outcome: 'assumed',
    because: 'folioOrders',
  });
  expect(compared(prediction(said), BEFORE, 1200, huge).outcome).toBe('unexplained');
  const locked = [scan('0000a', 'page_locked'), scan('0000a', 'exceed_none_pte')];
  expect(compared(prediction(said, ['folioOrders']), BEFORE, 1200, locked).outcome).toBe('unexplained');
});

test('that nobody comes by is explained where it was assumed, and only then', () => {
  expect(compared(prediction({}, ['registration']), BEFORE, 1200, []).outcome).toBe('assumed');
  expect(compared(prediction({}), BEFORE, 1200, []).outcome).toBe('unexplained');
  // It came by, and did nothing.
  const refused = [scan('0000a', 'page_locked'), scan('0000a', 'exceed_none_pte')];
  expect(compared(prediction({}, ['registration']), BEFORE, 1200, refused).outcome).toBe('unexplained');
});

const SERVER = { name: 'server', command: 'server', touch: 10, stop: 15 };

/** Two processes with shared memory that khugepaged makes huge, but where nothing allows it. */
function fakeGuest() {
  let done = false;
  return guestAnswering((line) => {
    if (line.startsWith('start ')) {
      done = false;
      return ['| ready 7 8', 'done pid=5'];
    }
    if (line.startsWith('run ')) return [`| ${JSON.stringify(prediction())}`, 'done exit=0'];
    if (line.startsWith('scans ')) done = true;
    if (line.startsWith('cached ')) return [...(done ? COLLAPSED : BEFORE), 'done bytes=4231168'];
    if (line === 'read /proc/meminfo') return [`| Shmem:      ${done ? 3000 : 1976} kB`, 'done'];
    if (/^read \/proc\/\d+\/smaps$/.test(line))
      return [...smaps(done ? 0 : 600).map((each) => `| ${each}`), 'done'];
    if (line.endsWith('/trace')) return [...TRACE.map((each) => `| ${each}`), 'done'];
    return line.startsWith('signal ') ? ['| read', 'done'] : ['done'];
  });
}

test('programs are predicted before settings change, and looked at when khugepaged has been round', async () => {
  const guest = fakeGuest();
  const cases = valueOf(await runSharedPrograms(guest, KERNEL, [SERVER], () => {}));
  expect(cases).toHaveLength(SHARED_CHANGES.length);
  expect(cases[0]).toMatchObject({
    program: 'server',
    change: 'advise -> always, 511',
    shmemGrowth: MEGA,
    before: { rssBytes: 1200 * 1024 },
    after: { rssBytes: 0 },
    files: [{ outcome: 'agrees' }],
  });
  expectSchema('conform', JSON.parse(sharedProgramsJson([{ kernel: '7.3.4', answer: cases }])));
  expect(sharedProgramsTable(cases.slice(0, 1))).toEqual([
    'PROGRAM  CHANGE                 FILE       CACHED  PREDICTED  REAL  GROWTH  REAL  RSS FALLS BY   REAL  OUTCOME',
    'server   advise -> always, 511  /dev/zero   1.04M          1     1      1M    1M         1.17M  1.17M  agrees',
  ]);
  expect(describeDifferences(cases[0])).toEqual([
    'server, advise -> always, 511: RSS of files 1.17M (4M by PMDs), then 0B (4M by PMDs), used again 0B (4M by PMDs); Shmem grows by 1M',
  ]);

  const places = [
    /scan_sleep_millisecs 1000000000$/,
    /\/shmem_enabled advise$/,
    /^start server$/,
    /predict -p 7,8 --set shmem_enabled=always --set khugepaged\/max_ptes_none=511 --kernel linux-7.3 --json$/,
    /^cached 7 7f0000200000-7f0000609000$/,
    /\/shmem_enabled always$/,
    /tracing_on 1$/,
    /^scans 4$/,
    /tracing_on 0$/,
    /^signal 5 10$/,
    /^signal 5 15$/,
    /^end 5$/,
  ].map((pattern) => guest.lines.findIndex((line) => pattern.test(line)));
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(places).not.toContain(-1);
});
