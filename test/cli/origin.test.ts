import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { originLine } from '../../src/render/words/origin-line.ts';
import { SHELL_COMMAND } from '../support/built-command.ts';
import { expectSchema } from '../support/schemas.ts';
import { thpscope, words } from '../support/thpscope.ts';

const SNAPSHOT = 'examples/redis.parquet';
const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const folder = mkdtempSync(join(tmpdir(), 'thpscope-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ORIGIN = {
  source: SNAPSHOT,
  live: false,
  host: 'example',
  kernelRelease: '6.18.44',
  time: '2026-11-22T21:20:32.580Z',
};
const LINE = originLine([ORIGIN], version);

/** Every command that answers about memory, and the schema of its JSON. */
const ANSWERS = [
  [`predict ${SNAPSHOT}`, 'predict'],
  [`explain ${SNAPSHOT} --address 0x7fd565a00000`, 'explain'],
  [`explain ${SNAPSHOT} --address 0x7fd565a00000 --policy default`, 'explain'],
  [`sweep ${SNAPSHOT}`, 'sweep'],
  [`advise ${SNAPSHOT}`, 'advise'],
  [`advise ${SNAPSHOT} --by service`, 'advise'],
  [`compare walk scaled ${SNAPSHOT}`, 'compare'],
  [`verify walk --against optimal ${SNAPSHOT}`, 'verify'],
  [`simulate ${SNAPSHOT}`, 'simulate'],
] as const;

test('whose memory metrics are of, in a comment', async () => {
  const { stdout } = await thpscope(['metrics', SNAPSHOT]);
  expect(stdout.startsWith(`# ${LINE}\n# HELP `)).toBe(true);
  const json = JSON.parse((await thpscope(['metrics', SNAPSHOT, '--json'])).stdout);
  expect(json.origin).toEqual({ thpscope: version, read: [ORIGIN] });
  expectSchema('metrics', json);
});

test.each(ANSWERS)('whose memory it is: %s', async (line, schema) => {
  const { stdout } = await thpscope(words(line));
  expect(stdout.split('\n')[0]).toBe(LINE);
  expect(stdout.split('\n').filter((each) => each === LINE)).toHaveLength(1);
  const json = JSON.parse((await thpscope(words(`${line} --json`))).stdout);
  expect(json.origin).toEqual({ thpscope: version, read: [ORIGIN] });
  expectSchema(schema, json);
});

test.each(['sh', 'tmpfiles', 'cmdline'])('in a comment of what advise --format %s prints', async (format) => {
  const { stdout } = await thpscope(words(`advise ${SNAPSHOT} --format ${format}`));
  expect(stdout).toContain(`# ${LINE}\n`);
});

test.each([
  [`sweep ${SNAPSHOT} --csv -L orders 2M`, `example,${ORIGIN.time},${SNAPSHOT},${version}`],
  [`simulate ${SNAPSHOT} --csv`, `example,${ORIGIN.time},${SNAPSHOT},${version}`],
  ['simulate go-heap --csv', `,,"A Go heap returns memory, and khugepaged takes it back",${version}`],
])('at the end of every row: %s', async (line, cells) => {
  const [head, ...rows] = (await thpscope(words(line))).stdout.trim().split('\n');
  expect(head.endsWith(',host,read_at,source,thpscope')).toBe(true);
  expect(rows.length).toBeGreaterThan(1);
  expect(rows.filter((row) => !row.endsWith(`,${cells}`))).toEqual([]);
});

test("made-up memory is nobody else's", async () => {
  for (const line of ['predict --pattern 0-15', 'explain --pattern 0-15', 'simulate go-heap']) {
    const json = JSON.parse((await thpscope(words(`${line} --json`))).stdout);
    expect(json).not.toHaveProperty('origin');
    expect((await thpscope(words(line))).stdout).not.toContain('Memory of');
  }
});

test('what was written says it too', async () => {
  const digest = join(folder, 'a.json');
  const { stdout } = await thpscope(['digest', SNAPSHOT, '-o', digest, '--json']);
  expect(JSON.parse(stdout).origin.read).toEqual([ORIGIN]);
  const page = join(folder, 'a.html');
  expect((await thpscope(['report', digest, '-o', page])).code).toBe(0);
  const html = readFileSync(page, 'utf8');
  for (const word of ['example', '6.18.44', ORIGIN.time, digest, `thpscope ${version}`])
    expect(html).toContain(word);
});

/** Runs a shell's line, in which T is the built command; H NAME COMMAND... runs on a host of that name. */
function onHosts(line: string) {
  const script = `
    T() { ${SHELL_COMMAND} "$@"; }
    export -f T
    H() { unshare --uts bash -c 'hostname "$0" && "$@"' "$@"; }
    ${line}`;
  return spawnSync('bash', ['-o', 'pipefail', '-c', script], { encoding: 'utf8', maxBuffer: 1 << 26 });
}

const hasHosts = onHosts(`H db7 hostname`).stdout === 'db7\n';

describe.runIf(hasHosts)('two hosts with names of their own', () => {
  const sleeper = spawn('sleep', ['1000'], { stdio: 'ignore' });
  afterAll(() => void sleeper.kill());

  test('advice of a digest that came through a pipe speaks of where it was made', () => {
    const run = onHosts(`H db7 T digest -p ${sleeper.pid} -o - | H db8 T advise - --kernel linux-7.3`);
    expect(run.status).toBe(0);
    expect(run.stdout).toMatch(/^Memory of db7 \(Linux .*\), read .* from standard input; thpscope /);
    expect(run.stdout).not.toContain('db8');
    expect(run.stdout).not.toContain('runs here');
  });

  test('a digest of a redacted capture does not name it', () => {
    const run = onHosts(
      `H db7 T capture -p ${sleeper.pid} --redact -o - | H db8 T digest - -o - | H db8 T predict - --policy default --json`,
    );
    expect(JSON.parse(run.stdout).origin.read).toMatchObject([
      { source: 'standard input', host: 'redacted' },
    ]);
    expect(run.stdout).not.toMatch(/db7|db8/);
  });

  test('what was read here is of this host', async () => {
    const json = JSON.parse((await thpscope(['predict', '-p', String(sleeper.pid), '--json'])).stdout);
    expect(json.origin.read).toMatchObject([{ source: `-p ${sleeper.pid}`, live: true, host: hostname() }]);
  });
});
