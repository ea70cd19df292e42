import { expect, test } from 'vitest';
import { restartSuiteJson } from '../../src/cli/conform/json.ts';
import { restartTable } from '../../src/cli/conform/restart-table.ts';
import type { Guest } from '../../src/conform/guest.ts';
import { RESTART_POLICIES, RESTART_PROGRAMS } from '../../src/conform/restart-programs.ts';
import { runRestart } from '../../src/conform/restart-suite.ts';
import { succeed } from '../../src/core/base/failure.ts';
import { valueOf } from '../support/ranges.ts';
import { expectSchema } from '../support/schemas.ts';

const NONE = '.'.repeat(512);
const at = (page: number, text: string) => NONE.slice(0, page) + text + NONE.slice(page + text.length);

/**
 * A guest whose programs have one VMA of anonymous memory, from page 100 of a PMD range on through the next
 * one, and 8K of a file. Around the VMA, in the same range, lie pages of another.
 */
function fakeGuest(): Guest & { readonly lines: string[] } {
  const lines: string[] = [];
  const answer = (line: string): string[] => {
    lines.push(line);
    if (line.startsWith('start ')) return ['| ready', 'done pid=7'];
    if (line.startsWith('memory ')) return ['40064000 40400000 12 anon', '50001000 50003000 8 file', 'done'];
    if (line === 'pages 7 40000000 2') return [at(98, '0000z0'), at(40, 's'), 'done'];
    if (line.startsWith('pages 7 ')) return [at(1, '00'), 'done'];
    return ['done'];
  };
  return { lines, features: new Set(), ask: async ([line]) => succeed(answer(line)), stop: async () => {} };
}

test('what a program touched says what page faults bring when it starts again', async () => {
  const guest = fakeGuest();
  const cases = valueOf(await runRestart(guest, () => {}));
  expect(cases.length).toBe(RESTART_PROGRAMS.length * RESTART_POLICIES.length);
  // Pages 100, 101 and 103 in a VMA from 100 on, page 552 beyond the next border, and two of a file.
  const pages = cases
    .slice(0, 5)
    .map(({ policy, touched, predicted }) => [policy, touched / 4096, predicted / 4096]);
  expect(pages).toEqual([
    ['64K', 5, 3 + 16 + 2],
    ['16K-64K', 5, 4 + 16 + 2],
    ['16K-1M', 5, 4 + 256 + 2],
    ['2M', 5, 3 + 512 + 2],
    ['16K-2M', 5, 4 + 512 + 2],
  ]);
  expect(cases[0].real).toBe(5 * 4096);
  // It was recorded while no size was enabled, and khugepaged slept.
  const beforeStart = guest.lines.slice(
    0,
    guest.lines.findIndex((line) => line.startsWith('start ')),
  );
  expect(beforeStart.filter((line) => line.endsWith(' never')).length).toBe(8);
  expect(beforeStart[0]).toMatch(/scan_sleep_millisecs 1000000000$/);
  expectSchema('conform', JSON.parse(restartSuiteJson([{ kernel: '7.3.4', answer: cases }])));
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
