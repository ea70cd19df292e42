import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseCpuBudget } from '../../src/cli/shared/memory/cpu-budget.ts';
import { rangeBytes, x86_64 } from '../../src/core/memory/geometry.ts';
import { kernelTree, machineFiles, PRESENT, processFiles } from '../support/kernel-tree.ts';
import { expectSchema } from '../support/schemas.ts';
import { thpscope, words } from '../support/thpscope.ts';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-budget-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Three processes of a PMD range each: by statm 8 has most, then 7. */
function machine(): string {
  const start = 64 * rangeBytes(x86_64);
  const pages = new Map(Array.from({ length: 512 }, (_, i) => [start / 4096 + i, PRESENT] as const));
  const vmas = [{ start, end: start + rangeBytes(x86_64), sums: { Rss: 2048, Referenced: 2048 } }];
  const processes = ([7, 8, 9] as const).map((pid, i) =>
    processFiles(pid, { vmas, pages, files: { statm: `9000 ${[2048, 4096, 1024][i]} 0 0 0 0 0\n` } }),
  );
  return kernelTree(Object.assign({}, machineFiles(x86_64), ...processes)).root;
}

/** Each look at it takes 2 ms: a process takes more than one look. */
function clock() {
  let ns = 0;
  const look = () => (ns += 2e6);
  return { wallNs: look, cpuNs: look };
}

const run = (line: string) => thpscope(words(line), '', { kernelRoot: machine(), clock: clock() });

const LEFT_OUT = [
  { pid: 7, residentBytes: 8 << 20 },
  { pid: 9, residentBytes: 4 << 20 },
];
const SENTENCE = '2 processes with 12M in memory (pid 7 alone 8M), left out for want of budget';
const SHORT = 'without 2 that were left out for want of budget (12M in memory)';

describe('what a budget leaves out is said', () => {
  test.each(['predict --all', 'advise --all', 'advise --all --by service', 'sweep --all'])(
    'by %s, above the answer and where the processes are counted',
    async (line) => {
      const { stdout, code } = await run(`${line} --budget 3ms`);
      expect(code).toBe(0);
      expect(stdout.split('\n')[0]).toContain(`running processes (--all), without ${SENTENCE}; thpscope`);
      if (!line.startsWith('predict')) expect(stdout).toContain(`in 1 `);
      expect(stdout).toContain(line.startsWith('predict') ? `Not counted: ${SENTENCE}.` : SHORT);
    },
  );

  test('by predict in the line of all processes, where it counts several', async () => {
    const { origin } = JSON.parse((await run('predict --all --json')).stdout);
    // One process and some looks around it are within it, two are not.
    const budget = 1.5 * origin.read[0].cost.processes[0].cpuMs + 8;
    const read = async (ms: number) => (await run(`predict --all --budget ${ms}ms`)).stdout;
    expect(await read(budget)).toContain(
      'all together: 2 processes, without 1 that was left out for want of budget (4M in memory)',
    );
    expect(await read(1e6)).toContain('all together: 3 processes\n');
  });

  test.each(['sh', 'tmpfiles', 'cmdline'])('in the comments of advice as %s', async (format) => {
    const { stdout } = await run(`advise --all --budget 3ms --format ${format}`);
    expect(stdout).toMatch(new RegExp(`^# .*${SENTENCE.replace(/[()]/g, '\\$&')}; thpscope`, 'm'));
  });

  test.each([
    ['predict', 'predict'],
    ['advise', 'advise'],
    ['sweep', 'sweep'],
    ['metrics', 'metrics'],
    ['simulate', 'simulate'],
  ] as const)('in the JSON of %s, with what was read took', async (command, schema) => {
    const { stdout } = await run(`${command} --all --budget 3ms --json`);
    const answer = JSON.parse(stdout);
    expectSchema(schema, answer);
    const [{ leftOut, cost }] = answer.origin.read;
    expect(leftOut).toEqual(LEFT_OUT);
    expect(cost.processes.map(({ pid }: { readonly pid: number }) => pid)).toEqual([8]);
    expect(cost.wallMs).toBe(cost.processes[0].wallMs);
    expect(cost.underLocksMs).toBeGreaterThan(0);
  });

  test('by advise in what it could not see', async () => {
    const { stdout } = await run('advise --all --budget 3ms --json');
    expect(JSON.parse(stdout).unseen).toContain(SENTENCE);
  });

  test('by capture, and by whoever reads the snapshot', async () => {
    const file = join(folder, 'a.parquet');
    const { stderr } = await run(`capture --all --budget 3ms -o ${file}`);
    expect(stderr).toContain(SENTENCE);
    expect((await thpscope(words(`predict ${file}`))).stdout).toContain(`Not counted: ${SENTENCE}.`);
    const later = JSON.parse((await thpscope(words(`sweep ${file} --json`))).stdout);
    expectSchema('sweep', later);
    expect(later.origin.read[0]).toMatchObject({ source: file, leftOut: LEFT_OUT });
    expect(later.origin.read[0]).not.toHaveProperty('cost');
  });

  test('by digest, and by whoever reads the digest', async () => {
    const file = join(folder, 'a.json');
    expect((await run(`digest --all --budget 3ms -o ${file}`)).stderr).toContain(SENTENCE);
    expectSchema('digest', JSON.parse(readFileSync(file, 'utf8')));
    expect((await thpscope(words(`advise ${file}`))).stdout).toContain(SHORT);
    expect((await thpscope(words(`predict ${file}`))).stdout.split('\n')[0]).toContain(SENTENCE);
  });

  test('by report, in the page and beside it', async () => {
    const file = join(folder, 'a.html');
    expect((await run(`report --all --budget 3ms -o ${file}`)).stderr).toContain(SENTENCE);
    expect(readFileSync(file, 'utf8')).toContain(SENTENCE);
  });

  test('by collect, as before', async () => {
    const spool = join(folder, 'spool');
    const { stdout } = await run(`collect -o ${folder} --spool ${spool} --host a --budget 3ms --json`);
    const answer = JSON.parse(stdout);
    expectSchema('collect', answer);
    expect(answer.skipped.map(({ leftOutBytes }: { leftOutBytes: number }) => leftOutBytes)).toEqual(
      LEFT_OUT.map(({ residentBytes }) => residentBytes),
    );
    const said = await run(`collect -o ${folder} --spool ${spool} --host a --budget 3ms`);
    expect(said.stderr).toContain(SHORT);
  });

  test('by metrics, in series', async () => {
    const { stdout } = await run('metrics --all --budget 3ms');
    expect(stdout).toContain('thpscope_processes{state="left-out"} 2\n');
    expect(stdout).toContain('thpscope_processes{state="skipped"} 0\n');
    expect(stdout).toContain(`thpscope_left_out_bytes ${12 << 20}\n`);
  });
});

const COST_OF_ALL =
  /^thpscope: reading 3 processes took \S+ and \S+ of CPU time; their locks were held for \S+ at most$/m;

test('predict -v says what reading took, of each process and of all', async () => {
  const { stdout, stderr } = await run('predict --all -v');
  expect(stdout.match(/^ +reading it +\d.* of CPU time, \d.* in calls that hold its locks$/gm)).toHaveLength(
    3,
  );
  expect(stderr).toMatch(COST_OF_ALL);
  const { stdout: brief, stderr: nothing } = await run('predict --all');
  expect(brief + nothing).not.toContain('CPU time');
});

describe('every other command that reads processes says with -v what it took, and in JSON always', () => {
  const before = join(folder, 'before.parquet');
  const withBefore = async (line: string) => {
    if (line.includes(before) && !existsSync(before)) await run(`capture --all -o ${before}`);
    return run(line);
  };

  test.each([
    `capture --all -o ${join(folder, 'b.parquet')}`,
    `digest --all -o ${join(folder, 'b.json')}`,
    'sweep --all',
    'advise --all',
    `report --all -o ${join(folder, 'b.html')}`,
    `diff ${before} --all`,
  ])('%s', async (line) => {
    const { stdout, stderr } = await withBefore(`${line} --json -v`);
    const { cost } = JSON.parse(stdout).origin.read.at(-1);
    expect(cost.processes).toHaveLength(3);
    expect(cost.cpuMs).toBeGreaterThan(0);
    expect(cost.underLocksMs).toBeGreaterThan(0);
    expect(stderr).toMatch(COST_OF_ALL);
  });

  test('also where stdout is for programs', async () => {
    expect((await run('advise --all --format sh -v')).stderr).toMatch(COST_OF_ALL);
    expect((await run('advise --all --format sh')).stderr).not.toMatch(COST_OF_ALL);
  });

  test('recordings take nothing from processes', async () => {
    expect((await withBefore(`advise ${before} -v`)).stderr).not.toMatch(COST_OF_ALL);
  });
});

test('a share is of the time between readings', () => {
  expect(parseCpuBudget('2%', 3600e3)).toMatchObject({ ok: true, value: { cpuNs: 72e9 } });
  expect(parseCpuBudget('0.5%', 60e3)).toMatchObject({ value: { cpuNs: 0.3e9, text: '300ms (0.5% of 1m)' } });
  expect(parseCpuBudget('50ms', undefined)).toMatchObject({ value: { cpuNs: 50e6, text: '50ms' } });
});

test('what is no budget is said, before anything is read', async () => {
  const said = async (line: string) => {
    const { stderr, code } = await run(line);
    return `${code} ${stderr}`;
  };
  expect(await said('predict --all --budget 5')).toContain(
    '2 thpscope: --budget 5: write a time such as 500ms',
  );
  expect(await said('predict --all --budget 0ms')).toContain('--budget 0ms: write a time');
  expect(await said('predict --all --budget 2%')).toContain('--budget 2%: is a share of the time');
  expect(await said('collect -o . --every 10s --budget 101%')).toContain('--budget 101%: write a share');
  expect(await said('collect -o . --budget 2%')).toContain('--budget 2%: is a share of the time');
  expect(await said('metrics --all --listen 0 --refresh 0 --budget 2%')).toContain('--budget 2%: is a share');
  expect(await said('predict examples/redis.parquet --budget 5s')).toContain('--budget goes with running');
  expect(await said('predict --pattern 0-3 --budget 5s')).toContain('--budget goes with running processes');
});
