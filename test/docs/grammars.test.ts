import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseAddress } from '../../src/cli/shared/flags/asked-address.ts';
import { parseGrowthLimit } from '../../src/cli/shared/flags/growth-limit.ts';
import { parseCpuBudget } from '../../src/cli/shared/memory/cpu-budget.ts';
import { parseBytes } from '../../src/core/base/bytes.ts';
import { parseDuration } from '../../src/core/base/duration.ts';
import type { Result } from '../../src/core/base/failure.ts';
import { historyText, parseHistory } from '../../src/core/fault/history.ts';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { formatOrders, parseOrders } from '../../src/core/memory/order.ts';
import { formatPages, parsePages } from '../../src/core/memory/page-list.ts';
import { formatOutcome, parseOutcome } from '../../src/core/rules/outcome.ts';
import { thpscope, words } from '../support/thpscope.ts';

const PAGE = readFileSync('docs/reference/grammars.md', 'utf8');

function section(title: string): string {
  const [, text] = PAGE.split(`\n## ${title}\n`);
  expect(text, `docs/reference/grammars.md has no section ${title}`).toBeDefined();
  return text.split('\n## ')[0];
}

/** What a section shows in backticks, in order; of its table alone what is written. */
function written(title: string, table = false): string[] {
  const text = section(title).replaceAll(/^```[\s\S]*?^```$/gm, '');
  const shown = table
    ? text
        .split('\n')
        .filter((line) => line.startsWith('| `'))
        .map((line) => line.split(' | ')[0])
        .join('\n')
    : text;
  return (shown.match(/`[^`]+`/g) ?? []).map((word) => word.slice(1, -1));
}

function valueOf<Value>(result: Result<Value>): Value {
  if (!result.ok) throw new Error(result.failure.message);
  return result.value;
}

/** What each word of the page means; a word that is added there wants its meaning here. */
const MEANINGS: readonly [title: string, read: (word: string) => string, meanings: Record<string, string>][] =
  [
    [
      'PATTERN',
      (word) => formatPages(valueOf(parsePages(word, x86_64))),
      {
        '0-15,100': '0-15,100',
        all: '0-511',
        none: '',
        N: '511',
        '500-N': '500-511',
        '0-511:1/4': Array.from({ length: 128 }, (_, i) => 4 * i).join(','),
        '0xffff': '0-15',
      },
    ],
    [
      'SET',
      (word) => (word === 'none' ? 'none' : formatOrders(valueOf(parseOrders(word, x86_64)))),
      { all: '2-9', '2M': '9', '9': '9', '64K,2M': '4,9', '2-4,9': '2-4,9', none: 'none' },
    ],
    [
      '--outcome',
      (word) => formatOutcome(valueOf(parseOutcome(word, x86_64))),
      {
        '7-9=SCAN_ALLOC_HUGE_PAGE_FAIL': '7-9=SCAN_ALLOC_HUGE_PAGE_FAIL',
        '64:6=SCAN_PAGE_COUNT': '64:6=SCAN_PAGE_COUNT',
        '0:2*=SCAN_SUCCEED': '0:2*=SCAN_SUCCEED',
      },
    ],
  ];

describe('words of docs/reference/grammars.md mean what it says', () => {
  test.each(MEANINGS)('%s', (title, read, meanings) => {
    expect(Object.fromEntries(written(title, true).map((word) => [word, read(word)]))).toEqual(meanings);
  });

  test('SIZE', () => {
    const [first, ...others] = written('SIZE');
    expect([first, ...others]).toEqual(['16K', '64K', '2M', '64kB', '64KiB', 'T']);
    expect(['16K', '64K', '2M', '64kB', '64KiB', '1T'].map(parseBytes)).toEqual([
      2 ** 14,
      2 ** 16,
      2 ** 21,
      2 ** 16,
      2 ** 16,
      2 ** 40,
    ]);
  });

  test('Addresses', () => {
    const [word, prefix, range] = written('Addresses');
    expect([prefix, range]).toEqual(['0x', 'START-END']);
    expect(valueOf(parseAddress('--vma', word))).toEqual(
      valueOf(parseAddress('--vma', word.slice(prefix.length))),
    );
    expect(valueOf(parseAddress('--vma', '7f00-7fff'))).toEqual({ start: 0x7f00, end: 0x7fff });
  });

  test('times, shares and budgets', () => {
    const ns = ['500ms', '90s', '10m', '2h 5m', '1d'];
    const [budget, growth] = [
      ['2%', '500ms'],
      ['2%', '512M', 'none'],
    ];
    expect(written('Times and budgets').filter((word) => !word.startsWith('--'))).toEqual([
      ...ns,
      budget[0],
      ...growth,
    ]);
    expect(ns.map(parseDuration)).toEqual([0.5e9, 90e9, 600e9, 7500e9, 86_400e9]);
    for (const word of budget) expect(parseCpuBudget(word, 1000).ok).toBe(true);
    const pages = growth.map((word) => valueOf(parseGrowthLimit(word))(1000, 4096));
    expect(pages).toEqual([20, 131_072, Number.POSITIVE_INFINITY]);
  });

  test('HISTORY', () => {
    const acts = written('HISTORY').filter((word) => /^[wrd]\d/.test(word));
    expect(acts.length).toBe(3);
    const read = valueOf(parseHistory(acts.join(' '), { start: 0, end: 512 }));
    expect(historyText(read)).toBe(acts.join(' '));
    expect(read.map(({ kind }) => kind)).toEqual(['write', 'read', 'dontneed']);
  });
});

test('--policy, --set: what the page shows is taken', async () => {
  const [, json] = /```json\n(.*)\n```/.exec(section('--policy')) ?? [];
  const pattern = 'predict --pattern 0-15 --json';
  const { stdout, stderr } = await thpscope([...words(pattern), '--policy', '-'], json);
  expect(stderr).toBe('');
  expect(JSON.parse(stdout).policy).toMatchObject({ orders: [4, 9], maxPtesNone: 0 });
  const set = section('--set').match(/--set \S+/g) ?? [];
  expect(set.length).toBe(2);
  for (const line of ['--policy default', ...set]) {
    const { code } = await thpscope(words(`${pattern} ${line}`));
    expect(code, line).toBe(0);
  }
});

test('no size is for verify alone', async () => {
  expect((await thpscope(words('predict --pattern 0-15 --orders none'))).code).toBe(2);
  const verify = 'verify walk --pmd-order 3 --pattern 0 --orders none --max-ptes-none 0';
  expect((await thpscope(words(verify))).code).toBe(0);
});
