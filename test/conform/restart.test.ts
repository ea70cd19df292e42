import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { restartSuiteJson } from '../../src/cli/conform/json.ts';
import { restartTable } from '../../src/cli/conform/restart-table.ts';
import { RESTART_POLICIES } from '../../src/conform/restart/restart-programs.ts';
import { runRestart } from '../../src/conform/restart/restart-suite.ts';
import { succeed } from '../../src/core/base/failure.ts';
import { valueOf } from '../support/ranges.ts';
import { expectSchema } from '../support/schemas.ts';
import { guestAnswering, KERNEL, SERVER } from './fake-guest.ts';

/** A guest whose programs have 12K of anonymous memory, and 8K of a file. */
function fakeGuest() {
  return guestAnswering((line) => {
    if (line.startsWith('start ')) return ['| ready', 'done pid=7'];
    if (line.startsWith('memory ')) return ['40064000 40400000 12 anon', '50001000 50003000 8 file', 'done'];
    if (line.startsWith('run node -p')) return [`| ${btoa('recorded')}`, 'done exit=0'];
    if (line.startsWith('run ')) return ['| {}', 'done exit=0'];
    return ['done'];
  });
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'thpscope-restart-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('a program is recorded with no size, and predicted from that under each policy', async () => {
  const guest = fakeGuest();
  const asked: { snapshot: string; sizes: number; words: string[] }[] = [];
  // Three pages were touched; a restart fills one more for each size.
  const askBuilt = async (...words: string[]) => {
    const [, file, , policy] = words;
    const sizes = Object.keys(JSON.parse(readFileSync(policy, 'utf8')).sizes).length;
    asked.push({ snapshot: readFileSync(file, 'utf8'), sizes, words });
    const totals = { restart: { touchedPages: 3, residentPages: 3 + sizes } };
    return succeed({ geometry: { pageShift: 12, pmdOrder: 9 }, totals });
  };
  const lab = { guest, kernel: KERNEL, programs: [SERVER], askBuilt, folder };
  const cases = valueOf(await runRestart(lab, () => {}));
  expect(cases.map(({ program, policy, predicted }) => [program, policy, predicted / 4096])).toEqual([
    ['server', 'none', 3],
    ['server', '64K', 4],
    ['server', '16K-64K', 6],
    ['server', '16K-1M', 10],
    ['server', '2M', 4],
    ['server', '16K-2M', 11],
  ]);
  // Memory of files is in none of the figures.
  expect(cases[0]).toMatchObject({ touched: 3 * 4096, real: 12 * 1024 });
  expectSchema('conform', JSON.parse(restartSuiteJson([{ kernel: '7.3.4', answer: cases }])));

  expect(asked.map(({ snapshot }) => snapshot)).toEqual(RESTART_POLICIES.map(() => 'recorded'));
  expect(asked[0].words).toContain('linux-7.3');
  const first = (pattern: RegExp) => guest.lines.findIndex((line) => pattern.test(line));
  const steps = [/scan_sleep_millisecs 1000000000$/, /enabled never$/, /^start server$/, /^run fill$/];
  const places = [...steps, /capture -p 7 -o/, /^end 7$/, /enabled always$/].map(first);
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(places).not.toContain(-1);
  expect(guest.lines.filter((line) => line === 'run fill').length).toBe(1 + RESTART_POLICIES.length);
});

test('the table states errors in percent of what is real', () => {
  const mib = 2 ** 20;
  const table = restartTable([
    { program: 'node', policy: '2M', touched: 40 * mib, predicted: 56 * mib, real: 50 * mib },
    { program: 'node', policy: '64K', touched: 40 * mib, predicted: 40 * mib, real: 40.4 * mib },
  ]);
  expect(table).toEqual([
    'PROGRAM  SIZES  TOUCHED  PREDICTED   REAL   ERROR',
    'node     2M         40M        56M    50M  +12.0%',
    'node     64K        40M        40M  40.4M   -1.0%',
  ]);
});
