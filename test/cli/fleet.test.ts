import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IS_BUILT_HERE, PROGRAM, SCRIPT } from '../support/built-command.ts';
import { expectSchema } from '../support/schemas.ts';
import { thpscope } from '../support/thpscope.ts';

/** npm alone brings it. */
const withDuckdb = test.skipIf(!IS_BUILT_HERE);
const folder = mkdtempSync(join(tmpdir(), 'thpscope-fleet-cli-'));
afterAll(() => rmSync(folder, { recursive: true }));
const fleet = join(folder, 'made');

beforeAll(async () => {
  const made = ['fleet', 'generate', 'examples/services.digest.json', '-o', fleet, '--hosts', '12'];
  const { code, stderr } = await thpscope([...made, '--processes', '20', '--seed', '7']);
  expect({ code, stderr }).toEqual({
    code: 0,
    stderr: `thpscope: added 12 hosts of 20 processes to ${fleet}; seed 7\n`,
  });
}, 60_000);

describe('questions about many hosts', () => {
  withDuckdb('sweep says of how many hosts it is', async () => {
    const { stdout, code } = await thpscope(['fleet', 'sweep', fleet]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^131,072 policies over \S+ of anonymous memory in 240 processes of 12 hosts$/m);
    const json = JSON.parse((await thpscope(['fleet', 'sweep', fleet, '--json'])).stdout);
    expectSchema('sweep', json);
    expect(json.memory).toMatchObject({ hosts: 12, processes: 240 });
  });

  withDuckdb('advice names services, and the hosts that it would hurt most', async () => {
    const asked = ['fleet', 'advise', fleet, '--max-growth', 'none', '--growth', 'now'];
    const { stdout, code } = await thpscope(asked);
    expect(code).toBe(0);
    expect(stdout).toMatch(/in 240 processes of 12 hosts;/);
    expect(stdout).toContain('in force on 12 hosts: enabled madvise');
    expect(stdout).toMatch(/^redis\.service +redis-server/m);
    expect(stdout).toMatch(/Hosts that it would hurt most.*\n.*\nhost0000\d\d /);
    expect(stdout).not.toMatch(/\bpid\b/);
    const json = JSON.parse((await thpscope([...asked, '--json'])).stdout);
    expectSchema('advise', json);
    const parts: { processes: number; now: { growthPages: number } }[] = json.fleet.parts;
    expect(parts.reduce((sum, { processes }) => sum + processes, 0)).toBe(240);
    const growth = (list: readonly { growthPages: number }[]) =>
      list.reduce((sum, { growthPages }) => sum + growthPages, 0);
    // What hosts grow by, which the engine multiplied and added, is what their services grow by.
    expect(growth(json.fleet.worstHosts)).toBe(growth(parts.map(({ now }) => now)));
  });

  withDuckdb('advice by service lets services opt out', async () => {
    const asked = ['fleet', 'advise', fleet, '--max-growth', '2%', '--by', 'service'];
    const { stdout } = await thpscope(asked);
    expect(stdout).toContain('redis.service opts out.');
    expect(stdout).toMatch(/6 services \(240 processes of 12 hosts\);/);
    expectSchema('advise', JSON.parse((await thpscope([...asked, '--json'])).stdout));
  });

  withDuckdb('top and history add up', async () => {
    const top = JSON.parse((await thpscope(['fleet', 'top', fleet, '--by', 'host', '--json'])).stdout);
    expectSchema('fleet-top', top);
    expect(top.lines).toHaveLength(12);
    const history = JSON.parse((await thpscope(['fleet', 'history', fleet, '--json'])).stdout);
    expectSchema('fleet-history', history);
    const memory = (lines: readonly { residentPages: number }[]) =>
      lines.reduce((sum, { residentPages }) => sum + residentPages, 0);
    expect(memory(history.days)).toBeGreaterThanOrEqual(memory(top.lines));
    const { stdout } = await thpscope(['fleet', 'top', fleet, '--top', '2']);
    expect(stdout).toMatch(/^service +hosts +processes/m);
    expect(stdout).toMatch(/and 4 more: --top N\n$/);
  });

  withDuckdb('--where asks about some', async () => {
    const where = ['--where', "labels LIKE '%;rack=3;%'"];
    const { stdout } = await thpscope(['fleet', 'sweep', fleet, ...where]);
    expect(stdout).toContain('in 20 processes of 1 host\n');
    const none = await thpscope(['fleet', 'sweep', fleet, '--where', "service = 'none'"]);
    expect(none).toMatchObject({
      code: 2,
      stderr: "thpscope: --where service = 'none': no process of the dataset is so\n",
    });
    const wrong = await thpscope(['fleet', 'sweep', fleet, '--where', 'nothing = 1']);
    expect(wrong.code).toBe(2);
    expect(wrong.stderr).toContain('nothing');
  });

  withDuckdb('rolled, the answers are the same', async () => {
    const rolled = join(folder, 'rolled');
    spawnSync('cp', ['-r', fleet, rolled]);
    const before = await thpscope(['fleet', 'advise', rolled, '--json']);
    const roll = await thpscope(['fleet', 'roll', rolled, '--before', '9999-12-31']);
    expect(roll.stderr).toMatch(/^thpscope: rolled 12 readings of \d days?, removed \d+ files\n$/);
    expect(await thpscope(['fleet', 'advise', rolled, '--json'])).toEqual(before);
    const again = await thpscope(['fleet', 'roll', rolled, '--before', '9999-12-31']);
    expect(again.stderr).toContain('has anything to roll');
  });

  test('sql prints what makes the tables and adds them up', async () => {
    const { stdout } = await thpscope(['fleet', 'sql', '--by', 'service']);
    expect(stdout).toContain('CREATE TABLE thp_rows (date VARCHAR NOT NULL, ');
    expect(stdout).toContain('GROUP BY service, class, c ORDER BY service, class, c;');
  });

  test('what is wrong is said', async () => {
    const ends = async (...args: string[]) => {
      const { code, stderr } = await thpscope(['fleet', ...args]);
      return `${code}: ${stderr}`;
    };
    expect(await ends('sweep', join(folder, 'nothing'))).toMatch(/^2: thpscope: .*nothing: no such folder;/);
    expect(await ends('sweep')).toMatch(/^2: thpscope: no dataset given/);
    expect(await ends('sweep', fleet, '--since', 'soon')).toMatch(/^2: thpscope: --since soon: write a time/);
    expect(await ends('sweep', '--engine', 'clickhouse')).toMatch(/^2: .*needs --url/);
    expect(await ends('sweep', '--engine', 'clickhouse', '--url', 'http://127.0.0.1:9')).toMatch(/^[345]: /);
    expect(await ends('roll', join(folder, 'nothing'))).toMatch(/^2: .*no such folder/);
    expect(await ends('roll', fleet, '--before', 'now')).toMatch(/^2: .*--before now: write a day/);
  });
});

describe('collect', () => {
  const spool = join(folder, 'spool');
  const own = ['--spool', spool, '-p', String(process.pid)];

  withDuckdb('adds a reading of this machine, which fleet answers about', async () => {
    const dataset = join(folder, 'collected');
    const collect = ['collect', '-o', dataset, ...own];
    const missing = await thpscope(collect);
    expect(missing.code).toBe(2);
    expect(missing.stderr).toMatch(/no such folder; create it.*wait in .*spool\n$/);
    mkdirSync(dataset);
    const named = ['--host', 'web-1', '--host-label', 'rack=a', '--json'];
    const { stdout, code } = await thpscope([...collect, ...named]);
    expect(code).toBe(0);
    const json = JSON.parse(stdout);
    expectSchema('collect', json);
    // What had to wait for the folder is delivered, too.
    expect(json).toMatchObject({ host: 'web-1', processes: 1, waiting: { files: 0 }, failure: null });
    expect(readdirSync(spool)).toEqual([]);
    const asked = ['fleet', 'top', dataset, '--by', 'host', '--where', "labels LIKE '%;rack=a;%'"];
    expect((await thpscope(asked)).stdout).toMatch(/^web-1 /m);
  });

  withDuckdb('hashes names', async () => {
    const dataset = join(folder, 'hashed');
    mkdirSync(dataset);
    expect(
      (await thpscope(['collect', '-o', dataset, ...own, '--hash-names', '--host', 'secret'])).code,
    ).toBe(0);
    const { stdout } = await thpscope(['fleet', 'top', dataset, '--by', 'host', '--json']);
    expect(JSON.parse(stdout).lines[0].key).toMatch(/^[0-9a-f]{16}$/);
    expect(spawnSync('grep', ['-r', 'secret', dataset], { encoding: 'utf8' }).stdout).toBe('');
  });

  test('a budget that is spent names who was left out', async () => {
    const { code, stderr } = await thpscope(['collect', '-o', folder, ...own, '--budget', '1ns']);
    expect(code).toBe(4);
    expect(stderr).toContain('left out: larger ones took the budget of 1ns of CPU time');
  });

  test('goes on with --every until it is told to stop', async () => {
    const dataset = join(folder, 'every');
    mkdirSync(dataset);
    const words = [...SCRIPT, 'collect', '-o', dataset, ...own, '--every', '10s', '--json'];
    const child = spawn(PROGRAM, words, { stdio: ['ignore', 'pipe', 'ignore'] });
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    expect((await once(child, 'close'))[0]).toBe(143);
  });

  test('says what is lost when the spool is full', async () => {
    const small = ['--spool', join(folder, 'small'), '--spool-size', '64K', '-p', String(process.pid)];
    const said = [];
    for (let i = 0; i < 12; i++)
      said.push((await thpscope(['collect', '-o', join(folder, 'absent'), ...small])).stderr);
    expect(said.join('')).toMatch(/the spool is full: \d+ files of the oldest readings were lost/);
  });

  test('what is wrong is said', async () => {
    const ends = async (...args: string[]) => (await thpscope(['collect', '-o', folder, ...args])).stderr;
    expect(await ends('--budget', '5')).toContain('--budget 5: write a time');
    expect(await ends('--every', '1s')).toContain('--every 1s: write a time of at least 10s');
    expect(await ends('--host-label', 'rack')).toContain('--host-label rack: write NAME=VALUE');
    expect(await ends('--spool-size', 'big')).toContain('--spool-size big: write a size');
  });
});
