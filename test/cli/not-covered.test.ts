import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { expectSchema } from '../support/schemas.ts';
import { thpscope, words } from '../support/thpscope.ts';

/** Keeps mappings of files; 2,651 pages of them are resident. */
const REDIS = 'examples/redis.parquet';
/** Keeps anonymous memory alone. */
const GCC = 'examples/programs/gcc.parquet';
const SEEN = '10.4M of shared memory and files';
const UNSEEN = 'shared memory and files, of which the recording does not say how much there is';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-not-covered-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function run(line: string) {
  const { stdout, stderr, code } = await thpscope(words(line));
  expect(code).toBe(0);
  return { stdout, stderr };
}

const COMMANDS = ['predict', 'sweep', 'advise', 'simulate'];

test.each(COMMANDS)(
  '%s says in its totals what it does not cover, or that it is not known',
  async (command) => {
    // What simulate says is wrapped.
    const answer = async (path: string) => (await run(`${command} ${path}`)).stdout.replaceAll(/\s+/g, ' ');
    expect(await answer(REDIS)).toContain(SEEN);
    expect(await answer(GCC)).toContain(UNSEEN);
  },
);

test('digests keep it, and answer like the memory', async () => {
  for (const [path, words] of [
    [REDIS, SEEN],
    [GCC, UNSEEN],
  ]) {
    const digest = join(folder, 'memory.digest.json');
    expect((await run(`digest ${path} -o ${digest}`)).stderr).toContain(`not covered: ${words}`);
    expect((await run(`predict ${digest}`)).stdout).toContain(`not covered   ${words}\n`);
    expect((await run(`sweep ${digest}`)).stdout).toContain(words);
  }
});

test('a report says it below its figures', async () => {
  const path = join(folder, 'report.html');
  await run(`report ${REDIS} -o ${path}`);
  expect(readFileSync(path, 'utf8')).toContain(`Not covered: ${SEEN}.`);
});

test('JSON has it as a number, null where it is not known', async () => {
  const jsonOf = async (command: 'predict' | 'sweep' | 'advise' | 'simulate', path: string) => {
    const json = JSON.parse((await run(`${command} ${path} --json`)).stdout);
    expectSchema(command, json);
    return json;
  };
  const predicted = await jsonOf('predict', REDIS);
  expect(predicted.otherBytes).toBe(10_858_496);
  expect(predicted.processes[0].otherBytes).toBe(10_858_496);
  expect((await jsonOf('predict', GCC)).otherBytes).toBeNull();
  for (const command of ['sweep', 'advise'] as const) {
    expect((await jsonOf(command, REDIS)).memory.otherPages).toBe(2651);
    expect((await jsonOf(command, GCC)).memory.otherPages).toBeNull();
  }
  expect((await jsonOf('simulate', REDIS)).start.otherBytes).toBe(10_858_496);
});
