import { describe, expect, test } from 'vitest';
import { expectSchema } from '../support/schemas.ts';
import { thpscope, words } from '../support/thpscope.ts';

/** The vectors of docs/khugepaged.md#page-faults: orders, VMA, history, folios, resident and zero pages. */
const VECTORS = [
  ['2-9', '0-1024', 'w37', ['0:9'], 512, 0],
  ['2-9', '3-1024', 'w3', [], 1, 0],
  ['2-9', '3-1024', 'w37', ['32:5'], 32, 0],
  ['2-9', '3-1024', 'w261', ['256:8'], 256, 0],
  ['2-9', '5-25', 'w9', ['8:3'], 8, 0],
  ['4', '5-25', 'w9', [], 1, 0],
  ['2,4', '5-25', 'w9', ['8:2'], 4, 0],
  ['4,9', '3-1024', 'w261', ['256:4'], 16, 0],
  ['9', '0-507', 'w506', [], 1, 0],
  ['2-6', '0-1024', 'r100 w100 w37', ['0:6'], 65, 0],
  ['2-6', '0-1024', 'r100 w100 w37 w101', ['0:6'], 66, 0],
  ['2-6', '0-1024', 'r100 w100 w37 w101 w103 w98', ['0:6', '96:2'], 71, 0],
  ['2-6', '0-1024', 'r100 w37', ['0:6'], 64, 1],
] as const;

interface Answer {
  readonly id?: string;
  readonly folios: { readonly offset: number; readonly order: number }[];
  readonly present: number;
  readonly zero: number;
}

const namesOf = ({ folios }: Answer) => folios.map(({ offset, order }) => `${offset}:${order}`);

test.each(VECTORS)('orders %s, VMA %s, %s', async (orders, vma, history, folios, present, zero) => {
  const { stdout, code } = await thpscope([
    'faults',
    ...words(`--vma ${vma} --orders ${orders} --json`),
    '--history',
    history,
  ]);
  expect(code).toBe(0);
  const answer = JSON.parse(stdout) as Answer;
  expectSchema('faults', answer);
  expect([namesOf(answer), answer.present, answer.zero]).toEqual([folios, present, zero]);
});

test('--json prints the documented fields and nothing else', async () => {
  const { stdout } = await thpscope(['faults', ...words('--vma 3-1024 --orders 2-9 --json --history w37')]);
  expect(JSON.parse(stdout)).toEqual({ folios: [{ offset: 32, order: 5 }], present: 32, zero: 0 });
});

test('--histories answers line by line, in order, with the ids', async () => {
  const lines = VECTORS.map(([orders, vma, history], id) =>
    JSON.stringify({ id: `v${id}`, vma, history, orders }),
  );
  const { stdout, code } = await thpscope(words('faults --histories -'), `${lines.join('\n')}\n`);
  expect(code).toBe(0);
  const answers = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Answer);
  for (const answer of answers) expectSchema('faults', answer);
  expect(answers.map((answer) => [answer.id, namesOf(answer), answer.present, answer.zero])).toEqual(
    VECTORS.map(([, , , folios, present, zero], id) => [`v${id}`, folios, present, zero]),
  );
});

test('the huge zero page can be off, for all lines or for one', async () => {
  const line = '{"vma":"0-512","history":"r9"}\n{"vma":"0-512","history":"r9","zeroPage":true}\n';
  const { stdout } = await thpscope(words('faults --histories - --no-zero-page --orders 9'), line);
  expect(
    stdout
      .split('\n')
      .slice(0, 2)
      .map((text) => (JSON.parse(text) as Answer).present),
  ).toEqual([512, 0]);
});

test('the text shows each window that was considered, and why it was not taken', async () => {
  const { stdout } = await thpscope([
    'faults',
    '--vma',
    '3-1024',
    '--orders',
    '2-9',
    '--history',
    'w37 w101 r5 d0-511',
  ]);
  expect(stdout).toMatchSnapshot();
});

describe('bad input is one sentence and its exit code', () => {
  test.each([
    [['faults'], 2, 'give --vma START-END and --history ACTS'],
    [words('faults --vma 5 --history w5'), 2, 'write START-END'],
    [words('faults --vma 9-5 --history w5'), 2, 'ends before it begins'],
    [words('faults --vma 0-99999999 --history w5'), 2, 'more than'],
    [words('faults --vma 3-10 --history w2'), 2, 'outside of the VMA'],
    [words('faults --vma 3-10 --history x5'), 2, 'none of wPAGE'],
    [words('faults --vma 3-10 --history w9-5'), 2, 'backwards'],
    [words('faults --vma 3-10 --history w5 --orders 1'), 2, 'not an order'],
    [words('faults --vma 3-10 --histories -'), 2, 'leave out --vma'],
  ])('%s', async (args, code, message) => {
    const run = await thpscope(args);
    expect(run.stderr).toContain(message);
    expect([run.code, run.stdout]).toEqual([code, '']);
  });

  test('a bad line ends the answers, and those before it stand', async () => {
    const { stdout, stderr, code } = await thpscope(
      words('faults --histories -'),
      '{"id":1,"vma":"0-512","history":"w0"}\n{"vma":"0-512"}\n',
    );
    expect(stdout).toBe('{"id":1,"folios":[{"offset":0,"order":9}],"present":512,"zero":0}\n');
    expect([code, stderr]).toEqual([5, expect.stringContaining("line 2: field 'history'")]);
  });
});

test('a range line with a VMA, or --restart, says what a restart makes of the range', async () => {
  const ask = async (line: object, ...flags: string[]) => {
    const { stdout, stderr } = await thpscope(
      ['predict', '--ranges', '-', ...flags],
      `${JSON.stringify(line)}\n`,
    );
    return stdout === '' ? stderr : JSON.parse(stdout);
  };
  const inside = await ask({ present: '37', orders: '2-9' }, '--restart');
  expectSchema('range-answer', inside);
  expect(inside.restart).toEqual({ folios: [{ offset: 0, order: 9 }], present: 512 });
  const edge = await ask({ present: '37', orders: '2-9', vma: '3-1024' });
  expect(edge.restart).toEqual({ folios: [{ offset: 32, order: 5 }], present: 32 });
  const before = await ask({ present: '0-1', zero: '9', swap: '100', orders: '2-4', vma: '-700-101' });
  expect(before.restart).toEqual({ folios: [{ offset: 0, order: 4 }], present: 17 });
  // khugepaged of 6.18 has the PMD size alone; its page faults have them all.
  const old = await ask({ present: '37', orders: '2-8' }, '--restart', '--kernel', 'linux-6.18');
  expect([old.collapses, old.restart.folios]).toEqual([[], [{ offset: 0, order: 8 }]]);
  expect(await ask({ present: '37', orders: '2-9' })).not.toHaveProperty('restart');
  expect(await ask({ present: '37', vma: '38-512' })).toContain('page 37 lies outside of the VMA 38-512');
});
