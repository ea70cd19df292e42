import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { describeAdvice } from '../../src/cli/conform/advice-table.ts';
import { adviceSuiteJson } from '../../src/cli/conform/json.ts';
import { breachesOf } from '../../src/conform/advice/advice-check.ts';
import { type AdviceCase, runAdvice } from '../../src/conform/advice/advice-suite.ts';
import { succeed } from '../../src/core/base/failure.ts';
import { valueOf } from '../support/ranges.ts';
import { expectSchema } from '../support/schemas.ts';
import { guestAnswering, KERNEL, SERVER } from './fake-guest.ts';

const ENABLE = { path: '/sys/kernel/mm/transparent_hugepage/hugepages-64kB/enabled', value: 'always' };

function adviceCase(change: Partial<AdviceCase>): AdviceCase {
  return {
    start: 'madvise',
    questions: [{ growth: 'both', budget: '5%' }],
    writes: [ENABLE],
    recorded: { 0: 1000 },
    said: { 0: 40, 4: 1000 },
    restarted: { 0: 60, 4: 960 },
    settled: { 0: 40, 4: 992 },
    budgetPages: 50,
    ...change,
  };
}

describe('a server that followed an advice', () => {
  test('may differ from itself, by 1% and one folio, and not by more', () => {
    expect(breachesOf(adviceCase({}))).toEqual([]);
    expect(breachesOf(adviceCase({ settled: { 0: 50, 4: 1016 } }))).toEqual([]);
    expect(breachesOf(adviceCase({ settled: { 0: 51, 4: 1016 } }))).toEqual(['more than said']);
    expect(breachesOf(adviceCase({ said: { 9: 2048 }, settled: { 0: 1077 } }))).toEqual(['over budget']);
    expect(breachesOf(adviceCase({ budgetPages: undefined, said: { 9: 2048 } }))).toEqual([]);
  });

  test('is shown with what asked for it, and its memory by the size of folios', () => {
    const questions: AdviceCase['questions'] = [
      { growth: 'both', budget: '5%' },
      { growth: 'both', budget: 'none' },
      { growth: 'both', budget: '1%', tlb: 'folio' },
    ];
    expect(describeAdvice(adviceCase({ questions, settled: { 0: 51, 4: 1016 } }))).toEqual([
      'madvise, --growth both --max-growth 5%|none, --growth both --tlb folio --max-growth 1%: write',
      `  echo always > ${ENABLE.path}`,
      'SIZE  RECORDED   SAID  RESTARTED  SETTLED',
      '4K       3.91M   160K       240K     204K',
      '64K         0B  3.91M      3.75M    3.97M',
      'all      3.91M  4.06M      3.98M    4.17M',
      'difference: more than said',
    ]);
  });
});

/**
 * A guest whose server has a page of its own and one of a file. Each time that khugepaged works it finds as
 * much as the time before it, until the second time.
 */
function fakeGuest() {
  let scans = 0;
  return guestAnswering((line) => {
    if (line.startsWith('start ')) {
      scans = 0;
      return ['| ready', 'done pid=7'];
    }
    if (line.startsWith('scans ')) scans++;
    if (line.startsWith('memory ')) return ['40001000 40009000 8 anon', '50000000 50001000 4 file', 'done'];
    // Of the first page of the range another VMA has it.
    if (line.startsWith('pages '))
      return [`0${'2'.repeat(4 * Math.min(scans, 2))}0`.padEnd(512, '.'), 'done'];
    if (line.startsWith('run node -p')) return [`| ${btoa('recorded')}`, 'done exit=0'];
    if (line.startsWith('run ')) return ['| {}', 'done exit=0'];
    return ['done'];
  });
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'thpscope-advice-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

test('a server is recorded once khugepaged is done, and started again under each advice of its own', async () => {
  const guest = fakeGuest();
  // No growth at a restart: leave the settings. Else 64K.
  const askBuilt = async (command: string, file: string, ...words: string[]) => {
    expect([command, readFileSync(file, 'utf8')]).toEqual(['advise', 'recorded']);
    const [growth, budget] = [words[words.indexOf('--growth') + 1], words[words.indexOf('--max-growth') + 1]];
    const isLeft = growth !== 'now' && budget === '0%';
    const growthPages = budget === 'none' ? null : Number.parseInt(budget, 10);
    const outcome = { restart: { pagesByOrder: { 0: isLeft ? 1 : 2 } } };
    return succeed({ budget: { growthPages }, advised: { outcome }, set: isLeft ? [] : [ENABLE] });
  };
  const cases = valueOf(
    await runAdvice({ guest, kernel: KERNEL, server: SERVER, askBuilt, folder }, () => {}),
  );
  expect(cases.map(({ start, writes, budgetPages }) => [start, writes.length, budgetPages])).toEqual([
    ['madvise', 1, 1],
    ['madvise', 0, 0],
    ['always', 1, 1],
    ['always', 0, 0],
  ]);
  expect(cases[1].questions).toEqual([
    { growth: 'restart', budget: '0%' },
    { growth: 'both', budget: '0%' },
    { growth: 'both', budget: '0%', tlb: 'folio' },
  ]);
  // Of the page before the VMA nothing counts, nor of the file.
  expect(cases[0]).toMatchObject({ recorded: { 2: 8 }, restarted: { 0: 1 }, settled: { 2: 8 } });
  expectSchema('conform', JSON.parse(adviceSuiteJson([{ kernel: '7.3.4', answer: cases }])));

  const put = `put ${ENABLE.path} always`;
  const starts = guest.lines.flatMap((line, i) => (line === 'start server' ? [i] : []));
  expect(starts.length).toBe(6);
  expect(starts.map((start) => guest.lines.slice(start - 2, start).includes(put))).toEqual([
    false,
    true,
    false,
    false,
    true,
    false,
  ]);
});
