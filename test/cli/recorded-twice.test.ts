import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectSchema } from '../support/schemas.ts';
import { thpscope, words } from '../support/thpscope.ts';

const REDIS = 'examples/redis.parquet';
const GCC = 'examples/programs/gcc.parquet';
const BOTH = `${REDIS} ${GCC} --kernel linux-6.18`;

const folder = mkdtempSync(join(tmpdir(), 'thpscope-twice-'));
const [monday, friday, others] = ['monday', 'friday', 'others'].map((day) => join(folder, `${day}.parquet`));
const program = ['-e', 'console.log("up"); setInterval(() => {}, 1e6)'];
const [same, other] = [0, 1].map(() => spawn(process.execPath, program));

beforeAll(async () => {
  await Promise.all([same, other].map(({ stdout }) => once(stdout, 'data')));
  for (const [pid, path] of [
    [same.pid, monday],
    [same.pid, friday],
    [other.pid, others],
  ])
    expect((await thpscope(['capture', '-p', String(pid), '-o', String(path)])).code).toBe(0);
});

afterAll(() => {
  for (const child of [same, other]) child.kill();
  rmSync(folder, { recursive: true });
});

test.each([
  'predict',
  'sweep',
  'advise',
  'simulate',
  'compare walk stack',
  `report -o ${join(folder, 'report.html')}`,
  `digest -o ${join(folder, 'sum.json')}`,
])('%s does not add a process to itself at another time', async (command) => {
  const { stderr, code } = await thpscope(words(`${command} ${monday} ${friday}`));
  expect(code).toBe(2);
  expect(stderr).toMatch(
    new RegExp(
      `\\(pid ${same.pid}\\) of .+ is in ${monday} \\(.+Z\\) and in ${friday} \\(.+Z\\): one process at two times`,
    ),
  );
  const { code: apart } = await thpscope(words(`${command} ${monday} ${others}`));
  expect(apart).toBe(0);
});

test('a file is given once', async () => {
  const { stderr, code } = await thpscope(words(`predict ${REDIS} ${REDIS}`));
  expect(code).toBe(2);
  expect(stderr).toContain('is given twice');
});

test('digests keep the boot, so that they are not added up either', async () => {
  const paths = [monday, friday, others];
  const digests = paths.map((path) => `${path}.json`);
  for (const [i, path] of paths.entries())
    expect((await thpscope(words(`digest ${path} -o ${digests[i]}`))).code).toBe(0);
  const { stderr, code } = await thpscope(words(`advise ${digests[0]} ${digests[1]}`));
  expect(code).toBe(2);
  expect(stderr).toContain('one process at two times');
  const { code: apart, stderr: none } = await thpscope(words(`advise ${digests[0]} ${digests[2]}`));
  expect(apart).toBe(0);
  // Both may map the same file, which would count twice.
  const complaints = none
    .split('\n')
    .filter((line) => line && !line.includes('nothing is said of the page cache'));
  expect(complaints).toEqual([]);
});

test('what may be one process is told where recordings do not name the boot', async () => {
  const redacted = [monday, friday].map((path) => `${path}-redacted`);
  for (const path of redacted)
    expect((await thpscope(words(`capture -p ${same.pid} --redact -o ${path}`))).code).toBe(0);
  for (const command of ['predict', 'advise']) {
    const { stdout, stderr, code } = await thpscope(words(`${command} ${redacted.join(' ')}`));
    expect(code).toBe(0);
    expect(stderr).toContain('1 process is in several files with the same pid and start');
    expect(stdout).toContain('2 processes');
  }
});

test('rows say in which file, on which host and when they were recorded', async () => {
  const { stdout } = await thpscope(words(`predict ${BOTH}`));
  const recorded = `recorded in ${REDIS}, example, 2026-11-22T21:20:32.580Z`;
  expect(stdout).toMatch(new RegExp(`^redis-server \\(pid 16084\\) +${recorded}$`, 'm'));
  expect((await thpscope(words(`predict ${REDIS}`))).stdout).not.toContain('recorded in');
  const { stdout: advice } = await thpscope(words(`advise ${BOTH}`));
  expect(advice).toMatch(new RegExp(`16084 +redis-server .*${REDIS}, example, `));
  const table = (await thpscope(words(`predict ${BOTH} examples/programs/postgresql.parquet`))).stdout;
  expect(table).toMatch(/UNCHANGED, MOSTLY +RECORDED IN$/m);
});

test('JSON says it, too', async () => {
  for (const command of ['predict', 'advise'] as const) {
    const json = JSON.parse((await thpscope(words(`${command} ${BOTH} --json`))).stdout);
    expectSchema(command, json);
    const [redis] = json.processes.filter(({ pid }: { pid: number }) => pid === 16084);
    expect(redis.recording).toEqual({ file: REDIS, host: 'example', time: '2026-11-22T21:20:32.580Z' });
  }
});
