import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { vectors } from '../core/search/vectors.ts';
import { PROGRAM, SCRIPT, SHELL_COMMAND } from '../support/built-command.ts';
import { expectSchema } from '../support/schemas.ts';
import { thpscope, words } from '../support/thpscope.ts';

const BOTH = ['predict', 'explain'] as const;

for (const vector of vectors) {
  test(`vector ${vector.number} of the walk through predict and explain`, async () => {
    const flags = [
      ...words(`--pattern ${vector.present} --orders ${vector.orders} --max-ptes-none ${vector.maxPtesNone}`),
      ...words(`--pmd-order ${vector.pmdOrder} --json`),
      ...(vector.swap ? ['--swap', vector.swap] : []),
      ...vector.outcomes.flatMap((outcome) => ['--outcome', outcome]),
    ];
    for (const command of BOTH) {
      const { stdout, code } = await thpscope([command, ...flags]);
      expect(code).toBe(0);
      const json = JSON.parse(stdout);
      expectSchema(command, json);
      const plan = command === 'predict' ? json.ranges[0] : json;
      expect(
        plan.attempts.map(({ offset, order }: { offset: number; order: number }) => [offset, order]),
      ).toEqual(vector.attempts);
      expect(plan.result).toBe(vector.result);
    }
  });
}

test('predict prints the documented JSON for one range', async () => {
  const { stdout } = await thpscope(words('predict --pattern 0-15 --orders all --max-ptes-none 0 --json'));
  expect(JSON.parse(stdout)).toEqual({
    schema: 'thpscope/predict@1',
    model: 'linux-7.3',
    policy: { orders: [2, 3, 4, 5, 6, 7, 8, 9], maxPtesNone: 0, maxPtesSwap: 64, maxPtesShared: 256 },
    ranges: [
      {
        address: '0x0',
        scan: 'SCAN_SUCCEED',
        result: 'SCAN_SUCCEED',
        attempts: [{ offset: 0, order: 4, result: 'SCAN_SUCCEED' }],
        collapses: [{ offset: 0, order: 4 }],
      },
    ],
    totals: { ranges: 1, collapses: { 4: 1 }, coveredPages: 16, filledPages: 0 },
  });
});

test.each([
  ['--enabled never', 'settings', 'no size is enabled'],
  [
    '--orders 2-8 --kernel linux-6.18',
    'kernel-sizes',
    'no enabled size that this khugepaged makes: it makes the PMD size only',
  ],
])('a kernel that makes no enabled size does not scan: %s', async (flags, ignored, reason) => {
  for (const command of BOTH) {
    const asked = words(`${command} --pattern all ${flags}`);
    const { stdout, code } = await thpscope(asked);
    expect(code).toBe(0);
    expect(stdout).toContain(`result  khugepaged does not look at this range: ${reason}\n`);
    expect(stdout).not.toMatch(/scan {2}|SCAN_|occupied/);
    const json = JSON.parse((await thpscope([...asked, '--json'])).stdout);
    expectSchema(command, json);
    const plan = command === 'predict' ? json.ranges[0] : json;
    expect(plan).toMatchObject({ ignored, attempts: [], collapses: [] });
    // What programs rely on of a prediction stays (docs/results.md).
    expect('scan' in plan).toBe(command === 'predict');
  }
  const { stdout } = await thpscope(
    words(`predict --ranges - ${flags}`),
    '{"present":"all"}\n{"present":"all","orders":"9"}\n',
  );
  const answers = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  for (const answer of answers) expectSchema('range-answer', answer);
  expect(answers[0]).toMatchObject({ ignored, scan: 'SCAN_SUCCEED', result: 'SCAN_FAIL' });
  expect(answers[1]).not.toHaveProperty('ignored');
  expect(answers[1].collapses).toEqual([{ offset: 0, order: 9 }]);
});

test('a range without an ordinary page is asked about by its zero pages, swap, or none', async () => {
  const of = async (flags: string) =>
    (await thpscope(words(`explain ${flags} --orders 9 --max-ptes-none 511`))).stdout;
  expect(await of('--zero all')).toContain('0 occupied, 512 none or zero page');
  expect(await of('--swap 0-63')).toContain('0 occupied, 448 none or zero page, 64 not present');
  expect(await of('--pattern none --zero 3')).toBe(await of('--zero 3'));
  expect(await of('--pattern none')).toContain('SCAN_EXCEED_NONE_PTE at PTE 511');
});

test('facts of all pages are those of all pages that are present', async () => {
  const { stdout } = await thpscope(words('explain --pattern 0-3 --shared all --orders all'));
  expect(stdout).toContain('4 occupied, 508 none or zero page, 0 not present, 4 shared');
  const lines = ['"shared":"all"', '"unreferenced":"all"'].map((fact) => `{"present":"0-3",${fact}}`);
  const answers = await thpscope(words('predict --ranges - --orders all'), lines.join('\n'));
  const [shared, unreferenced] = answers.stdout.split('\n').map((line) => line && JSON.parse(line).scan);
  expect([shared, unreferenced]).toEqual(['SCAN_SUCCEED', 'SCAN_LACK_REFERENCED_PAGE']);
});

test('a page size and a PMD order that no machine has together are said to be that', async () => {
  const note = 'thpscope: no machine has PMD ranges of 8M with pages of 16K: their PMD order is 11\n';
  for (const asked of [
    'explain --pattern 0-3',
    'faults --vma 0-99 --history w3',
    'verify walk stack --pattern 0-3',
  ])
    for (const [shape, said] of [
      ['--page-size 16K --pmd-order 9', note],
      ['--page-size 64K --pmd-order 8', ''],
      ['--pmd-order 6', ''],
    ]) {
      const { stderr, code } = await thpscope(words(`${asked} ${shape}`));
      expect([code, stderr]).toEqual([0, said]);
    }
});

test('predict of one range says in words what it does', async () => {
  const { stdout, code } = await thpscope(words('predict --pattern 0-15 --orders 4,9 --max-ptes-none 511'));
  expect(code).toBe(0);
  expect(stdout).toContain('1 collapse: 0:9 (2M)');
  expect(stdout).toContain('512 pages covered: 16 copied, 496 filled; RSS +1.94M');
});

test('7.2 and 7.3 spell a userfaultfd result in their own way', async () => {
  for (const [kernel, name] of [
    ['linux-7.2', 'SCAN_PTE_UFFD_WP'],
    ['linux-7.3', 'SCAN_PTE_UFFD'],
  ]) {
    const line = '{"present":"0-15","uffd":"3"}\n';
    const { stdout } = await thpscope(
      words(`predict --ranges - --json --orders all --kernel ${kernel}`),
      line,
    );
    expect(JSON.parse(stdout).scan).toBe(name);
  }
});

test('--ranges answers line by line, in order, with the policy of each line', async () => {
  const lines = [
    '{"id":"a","present":"0-15","swap":"","zero":"","shared":"","unreferenced":"","pinned":"","lazyfree":"","folios":[{"offset":0,"order":4,"missing":"3"}],"orders":"2-9","maxPtesNone":0}',
    '{"id":2,"present":"0-15","orders":"2","maxPtesNone":0}',
    '',
    '{"present":"0xffff","zero":null,"folios":null}',
  ];
  for (const line of lines) if (line) expectSchema('range-line', JSON.parse(line));
  const { stdout, code } = await thpscope(
    words('predict --ranges - --json --orders 64K --max-ptes-none 0'),
    lines.join('\n'),
  );
  expect(code).toBe(0);
  const answers = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  for (const answer of answers) expectSchema('range-answer', answer);
  expect(answers).toEqual([
    {
      id: 'a',
      scan: 'SCAN_SUCCEED',
      result: 'SCAN_FAIL',
      attempts: [{ offset: 0, order: 4, result: 'SCAN_PTE_MAPPED_HUGEPAGE' }],
      collapses: [],
    },
    {
      id: 2,
      scan: 'SCAN_SUCCEED',
      result: 'SCAN_SUCCEED',
      attempts: [0, 4, 8, 12].map((offset) => ({ offset, order: 2, result: 'SCAN_SUCCEED' })),
      collapses: [0, 4, 8, 12].map((offset) => ({ offset, order: 2 })),
    },
    {
      scan: 'SCAN_SUCCEED',
      result: 'SCAN_SUCCEED',
      attempts: [{ offset: 0, order: 4, result: 'SCAN_SUCCEED' }],
      collapses: [{ offset: 0, order: 4 }],
      assumed: ['zero', 'folioOrders'],
    },
  ]);
});

test('--ranges answers while its input is still open', async () => {
  const child = spawn(PROGRAM, [...SCRIPT, ...words('predict --ranges - --json --orders all')]);
  let answered = '';
  child.stdout.on('data', (text) => (answered += text));
  const line = `${JSON.stringify({ present: '0-15' })}\n`;
  while (answered === '') {
    child.stdin.write(line.repeat(64));
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  child.stdin.end();
  await once(child, 'close');
  expect(answered).toContain('SCAN_SUCCEED');
});

test('a bad line of --ranges keeps the answers before it', async () => {
  const good = `${JSON.stringify({ present: '0-15' })}\n`;
  const { stdout, stderr, code } = await thpscope(
    words('predict --ranges - --json --orders all'),
    `${good.repeat(100)}{"present":"0-1`,
  );
  expect(code).toBe(5);
  expect(stdout.trim().split('\n')).toHaveLength(100);
  expect(stderr).toMatch(/^thpscope: standard input, line 101: not JSON .*cut off\?\n$/);
});

test('a reader that stops early ends the command quietly', async () => {
  const child = spawn('sh', [
    '-c',
    `yes '{"present":"0-511"}' | ${SHELL_COMMAND} predict --ranges - --orders all --json | head -n 3`,
  ]);
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => (stdout += text));
  child.stderr.on('data', (text) => (stderr += text));
  await once(child, 'close');
  expect(stdout.trim().split('\n')).toHaveLength(3);
  expect(stderr).not.toContain('Error');
});
