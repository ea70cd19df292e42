import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { diffTable } from '../../src/cli/conform/diff-table.ts';
import { diffSuiteJson } from '../../src/cli/conform/json.ts';
import { DIFF_CHANGES } from '../../src/conform/diff/diff-settings.ts';
import { type DiffCase, runDiff } from '../../src/conform/diff/diff-suite.ts';
import { succeed } from '../../src/core/base/failure.ts';
import { valueOf } from '../support/ranges.ts';
import { expectSchema } from '../support/schemas.ts';
import { guestAnswering, KERNEL } from './fake-guest.ts';

const windows = (count: number) => ({ windows: count, pages: 16 * count });

/** What `diff --json` says, as far as the suite reads it. */
const DIFF = {
  counters: [{ name: 'khugepaged/full_scans', before: 5, after: 8 }],
  totals: {
    foretold: {
      predicted: windows(9),
      happened: windows(4),
      cut: windows(1),
      missed: { hidden: windows(1), waiting: windows(0), unlisted: windows(2), refused: windows(2) },
      refused: { SCAN_PAGE_LOCK: windows(2) },
      unforeseenPages: { refused: 3, 'left-alone': 0, changed: 7, later: 0 },
    },
  },
};

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'thpscope-diff-suite-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** One says which processes it has and is asked by a signal; a command puts the other to work. */
const PROGRAMS = [
  { name: 'forks', command: 'forks', work: 10 },
  { name: 'server', command: 'server', fill: 'fill', work: 'load' },
];

test('settings change while a program is at work, and both recordings are compared', async () => {
  let captures = 0;
  const guest = guestAnswering((line) => {
    if (line === 'start forks') return ['| ready 7 8', 'done pid=7'];
    if (line.startsWith('start ')) return ['| of no matter', 'done pid=9'];
    if (line.startsWith('run node -p')) return [`| ${btoa(`recorded ${captures++}`)}`, 'done exit=0'];
    if (line.startsWith('run ')) return ['| {}', 'done exit=0'];
    return ['done'];
  });
  const asked: { readings: string[]; words: string[] }[] = [];
  const askBuilt = async (...words: string[]) => {
    asked.push({ readings: words.slice(1, 3).map((file) => readFileSync(file, 'utf8')), words });
    return succeed(DIFF);
  };
  const cases = valueOf(
    await runDiff({ guest, kernel: KERNEL, programs: PROGRAMS, askBuilt, folder }, () => {}),
  );
  expect(cases).toHaveLength(PROGRAMS.length * DIFF_CHANGES.length);
  expect(cases[0]).toMatchObject({
    program: 'forks',
    change: '64K -> 2M',
    fullScans: 3,
    unexplainedPages: { hidden: 16, 'besides refused': 3 },
  });
  expectSchema('conform', JSON.parse(diffSuiteJson([{ kernel: '7.3.4', answer: cases }])));

  expect(asked[1]).toMatchObject({ readings: ['recorded 2', 'recorded 3'] });
  expect(asked[0].words).toEqual(expect.arrayContaining(['--policy', 'current', '--kernel', 'linux-7.3']));
  expect(guest.lines).toContain('signal 7 10');
  // One case of the server: khugepaged sleeps until the change, and is awake while the server works.
  const lines = guest.lines.slice(guest.lines.indexOf('start server'));
  const place = (pattern: RegExp) => lines.findIndex((line) => pattern.test(line));
  const steps = [/^run fill$/, /capture -p 9 -o/, /max_ptes_none 511$/, /2048kB\/enabled always$/];
  const then = [/scan_sleep_millisecs 30$/, /^run load$/, /^scans 2$/, /^end 9$/];
  const places = [...steps, ...then].map(place);
  expect(places).toEqual([...places].sort((a, b) => a - b));
  expect(places).not.toContain(-1);
  expect(guest.lines.some((line) => line.includes('capture -p 7,8 -o'))).toBe(true);
});

test('the table has the reasons, and what has none', () => {
  const { predicted, happened, cut, missed, refused, unforeseenPages } = DIFF.totals.foretold;
  const each: DiffCase = {
    program: 'server',
    change: '64K -> 2M',
    fullScans: 3,
    predicted,
    happened,
    cut,
    missed,
    refused,
    unforeseenPages,
    unexplainedPages: { hidden: 16 },
  };
  expect(diffTable([each])).toEqual([
    'PROGRAM  CHANGE     ROUNDS  PREDICTED  CAME TRUE  OTHERWISE  UNEXPLAINED  WHY',
    'server   64K -> 2M       3       576K       256K       320K          64K  hidden 64K, unlisted 128K, refused: SCAN_PAGE_LOCK 128K, besides refused 12K, besides changed 28K',
  ]);
});
