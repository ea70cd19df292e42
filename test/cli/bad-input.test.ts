import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { thpscope, words } from '../support/thpscope.ts';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Words that every object of JavaScript has, where names of ours are looked up. */
const INHERITED = ['constructor', '__proto__', 'toString', 'valueOf'];

test.each(INHERITED)('%s is a word like any other', async (word) => {
  for (const line of [
    word,
    `predict ${word}`,
    `predict --${word}`,
    `predict --${word}=1 --pattern 0`,
    `predict --no-${word} --pattern 0`,
    `predict --pattern 0 --kernel ${word}`,
    `predict --pattern 0 --set ${word}=1`,
    `explain --pattern 0 --algorithm ${word}`,
    `explain --pattern 0 --outcome 9=${word}`,
    `simulate ${word}`,
    `verify walk ${word}`,
    `sweep examples/redis.parquet -L ${word} 1`,
    `sweep examples/redis.parquet -L kernel ${word}`,
    `completion ${word}`,
  ]) {
    const { stdout, stderr, code } = await thpscope(words(line));
    expect([2, 5]).toContain(code);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^[^\n]+\n(?! {4}at )/);
    expect(stderr).not.toMatch(/native code|\[object/);
  }
  const flag = await thpscope(words(`simulate redis-delete --${word} 1`));
  expect(flag.stderr).toBe(`No flag registered for --${word}\n`);
  // zod leaves __proto__ out.
  if (word === '__proto__') return;
  const scenario = { title: 't', machine: { memory: '1G' }, events: [], until: '1s' };
  const processes = [{ name: 'a', mappings: [{ name: 'm', size: '2M' }] }];
  const costs = JSON.stringify({ ...scenario, processes, costs: { [word]: 1 } });
  const { stderr, code } = await thpscope(['simulate', file('costs.json', costs)]);
  expect(stderr).toContain(`field 'costs': no cost '${word}'; there are wakeUp`);
  expect(code).toBe(5);
});

const CASES: readonly (readonly [line: string, code: number, message: RegExp])[] = [
  ['predict', 2, /no memory given: use -p PID, --all/],
  ['predict --pattern 0-512 --orders all', 2, /0-512 is out of range; a PMD range has pages 0 to 511/],
  ['predict --pattern 5-3 --orders all', 2, /5-3 runs backwards/],
  ['predict --pattern 1,x --orders all', 2, /'x' is not a page or a range/],
  ['predict --pattern 0x1g --orders all', 2, /not a hexadecimal number/],
  ['predict --pattern 0-15 --swap 15-20', 2, /page 15 is both present and in swap/],
  [
    'predict --pattern 0-15 --max-ptes-none 512',
    2,
    /max_ptes_none 512 is out of range: the kernel accepts 0 to 511/,
  ],
  ['predict --pattern 0-15 --max-ptes-none=-1', 2, /'-1' is not a whole number/],
  [
    'predict --pattern 0-15 --orders 1-9',
    2,
    /'1-9' is not an order or size; anonymous memory has orders 2 \(16K\) to 9 \(2M\)/,
  ],
  ['predict --pattern 0-15 --orders 10', 2, /'10' is not an order or size/],
  ['predict --pattern 0-15 --orders 48K', 2, /'48K' is not an order or size/],
  ['predict --pattern 0-15 --page-size 8K', 2, /--page-size 8K: write 4K, 16K or 64K/],
  ['faults --history w3 --page-size 32K', 2, /--page-size 32K: write 4K, 16K or 64K/],
  ['predict --pattern 0-15 --pmd-order 2', 2, /--pmd-order 2: thpscope knows PMD orders 3 to 13/],
  ...(
    [
      ['6.18', 'linux-6.18'],
      ['7.2', 'linux-7.2'],
      ['7.3.4', 'linux-7.3'],
      ['6.6', 'linux-6.6'],
      ['linux-6.12', 'linux-6.18'],
    ] as const
  ).map(
    ([typed, model]) =>
      [`predict --pattern 0-15 --kernel ${typed}`, 2, new RegExp(`did you mean "${model}", which`)] as const,
  ),
  ['predict --pattern 0-15 --kernel linux-5.4', 2, /to be one of \(linux-7.3\|linux-7.2\|/],
  ['predict --pattern 0-15 --algorithm quick', 2, /to be one of \(walk\|stack\|/],
  ['predict --pattern 0-15 --outcome 3=SCAN_WHAT', 2, /SCAN_WHAT is not a result/],
  ['predict --pattern 0-15 --outcome nonsense', 2, /write \[OFFSET:\]ORDERS=SCAN_NAME/],
  ['predict --pattern 0-15 --policy current', 2, /comes from no machine/],
  [
    'predict --pattern 0-15 --policy /does/not/exist',
    5,
    /neither current nor default: no such file; check the path/,
  ],
  ['predict --pattern 0-15 --all', 2, /--all and --pattern cannot be combined/],
  ['predict --swap 3 -p 1', 2, /go with --pattern/],
  ['predict --shared 3', 2, /no memory given/],
  ['explain --pattern 3 --shared 4', 2, /page 4 is shared but not present/],
  ['predict --pattern 0-7 --shared 9-12', 2, /page 9 is shared but not present/],
  ['predict --pattern 0-7 --swap 8 --shared 7-8', 2, /page 8 is shared but not present/],
  ['predict --patern 0-15', 2, /did you mean --pattern/],
  ['predikt --pattern 0-15', 2, /did you mean `predict`/],
  ['explain --pattern 0-3 --address 3', 2, /--address goes with processes and snapshots/],
  ['predict -p 1 2', 2, /several processes are written -p 1 -p 2, or -p 1,2/],
  ['predict -p 4194305', 5, /process 4194305: no such process/],
  ['predict -p 2', 5, /process 2/],
  ['predict --cgroup /no/such/group', 5, /no cgroup.procs there/],
  ['predict /no/such/file', 5, /no such file/],
  ['predict --ranges /no/such/file', 5, /no such file/],
  ['explain -p 1', 2, /give --address ADDR/],
  ['explain --pattern 0-3 --json --format svg', 2, /--json and --format svg: give one of them/],
  ['explain -p 1 --address zzz', 2, /write a hexadecimal address/],
  [`explain -p ${process.pid} --address 1000`, 2, /no VMA holds it/],
  ['capture -p 1', 2, /--output/],
  ['capture -o x.parquet', 2, /give one of -p PID, --cgroup PATH and --all/],
  ['capture -p 4194305 -o /no/such/folder/x.parquet', 2, /no directory \/no\/such\/folder; create it first/],
  ['predict --pattern 0-15 --outcome 3:4=SCAN_FAIL', 2, /no window of these orders starts at offset 3/],
];

for (const [line, code, message] of CASES) {
  test(`${line}: exit code ${code} and one line that says why`, async () => {
    const run = await thpscope(words(line));
    expect(run.stderr).toMatch(message);
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
    expect(run.stdout).toBe('');
    expect(run.code).toBe(code);
  });
}

test('a foreign, an empty and a cut-off file are called that', async () => {
  const { readFileSync } = await import('node:fs');
  const recording = readFileSync('examples/redis.parquet');
  const cut = join(folder, 'cut.parquet');
  writeFileSync(cut, recording.subarray(0, recording.length - 100));
  for (const path of [
    file('empty.parquet', ''),
    file('text.parquet', 'hello, this is no Parquet file'),
    cut,
  ]) {
    const run = await thpscope(['predict', path]);
    expect(run.code).toBe(5);
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
    expect(run.stderr).toContain(path);
    expect(run.stdout).toBe('');
  }
});

test('a policy file with a wrong word or an unknown field is refused', async () => {
  for (const content of ['{"enabled":"sometimes"}', '{"maxPtesNon":3}', '{"sizes":{"3K":"always"}}', '{']) {
    const run = await thpscope(['predict', '--pattern', '0-15', '--policy', file('policy.json', content)]);
    expect(run.code).toBe(5);
    expect(run.stderr.trim().split('\n')).toHaveLength(1);
  }
});
