import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSnapshotFile } from '../../src/snapshot/file.ts';
import { listenTo } from '../server/events.ts';
import { PROGRAM, SCRIPT } from '../support/built-command.ts';
import { valueOf } from '../support/ranges.ts';
import { expectSchema } from '../support/schemas.ts';
import { type Serving, startServing } from '../support/serving.ts';
import { thpscope } from '../support/thpscope.ts';

const SNAPSHOT = 'examples/redis.parquet';
const folder = mkdtempSync(join(tmpdir(), 'thpscope-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** What serve keeps its own files in. */
let temporary: string;
let serving: Serving | undefined;
let running: ChildProcess | undefined;

beforeEach(() => {
  temporary = mkdtempSync(join(folder, 'tmp-'));
});
afterEach(async () => {
  running?.kill('SIGKILL');
  await serving?.stop();
  running = serving = undefined;
});

async function serve(...args: string[]): Promise<Serving> {
  serving = await startServing([...args, '--no-open'], { TMPDIR: temporary });
  return serving;
}

/** A process that holds some memory and does nothing. */
function startProcess(user: { uid?: number; gid?: number } = {}): ChildProcess {
  running = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e9)'], { ...user, stdio: 'ignore' });
  return running;
}

const sourcesOf = async ({ page }: Serving) => (await fetch(new URL('sources.json', page))).json();
const bytesOf = async ({ page }: Serving, id: number) =>
  Buffer.from(await (await fetch(new URL(`sources/${id}`, page))).arrayBuffer());

describe('recorded memory', () => {
  test('the address that is printed shows the first source, and the page is there', async () => {
    const { line, page } = await serve(SNAPSHOT);
    expect(line).toMatch(/^thpscope is at http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/#map\?source=server:0$/);
    expect(await (await fetch(page)).text()).toContain('<div id="app">');
  });

  test('files and the files of directories are a source each', async () => {
    const series = join(folder, 'series');
    mkdirSync(series);
    for (const name of ['b.parquet', 'a.parquet']) copyFileSync(SNAPSHOT, join(series, name));
    writeFileSync(join(series, 'README'), 'not a snapshot');
    writeFileSync(join(series, '.c.parquet.0a1b.partial'), 'not whole');
    const started = await serve(SNAPSHOT, series);
    const { host, rows } = valueOf(await openSnapshotFile(SNAPSHOT));
    const facts = { host: host.name, time: host.time, ranges: rows, live: false };
    expect(await sourcesOf(started)).toEqual([
      { id: '0', name: SNAPSHOT, ...facts },
      { id: '1', name: join(series, 'a.parquet'), ...facts },
      { id: '2', name: join(series, 'b.parquet'), ...facts },
    ]);
    expect((await bytesOf(started, 2)).equals(readFileSync(SNAPSHOT))).toBe(true);
  });

  test('none is an app that has none', async () => {
    const started = await serve();
    expect(started.line).toBe(`thpscope is at ${started.page}`);
    expect(await sourcesOf(started)).toEqual([]);
  });

  test('--json says the same to programs', async () => {
    const { line } = await serve(SNAPSHOT, '-p', String(process.pid), '--json');
    const report = JSON.parse(line);
    expectSchema('serve', report);
    expect(report.sources).toEqual([
      { id: '0', name: SNAPSHOT, live: false },
      { id: '1', name: expect.stringContaining(`(pid ${process.pid})`), live: true },
    ]);
  });

  test('two servers have two tokens', async () => {
    const first = await startServing(['--no-open']);
    const { page } = await serve();
    await first.stop();
    expect(new URL(page).pathname).not.toBe(new URL(first.page).pathname);
  });
});

/** When the snapshot that is served was read; it must be sound. */
async function timeOf(started: Serving, id: number): Promise<string> {
  const file = join(folder, 'served.parquet');
  writeFileSync(file, await bytesOf(started, id));
  const snapshot = valueOf(await openSnapshotFile(file));
  snapshot.close();
  return snapshot.host.time;
}

describe.runIf(process.platform === 'linux')('live memory', () => {
  test('is a snapshot of its process, read again for those who listen', async () => {
    const { pid } = startProcess();
    const started = await serve('-p', String(pid), '--refresh', '1');
    expect(await sourcesOf(started)).toMatchObject([
      { id: '0', name: `node (pid ${pid})`, host: hostname(), ranges: expect.any(Number), live: true },
    ]);
    const first = await timeOf(started, 0);
    const events = await listenTo(started.page);
    expect(await events.next()).toBe('changed 0');
    const second = await timeOf(started, 0);
    expect(await events.next()).toBe('changed 0');
    const third = await timeOf(started, 0);
    expect([first, second, third]).toEqual([...new Set([first, second, third])].sort());
    events.stop();
  });

  test('of a process that ends is told, and stays as it was', async () => {
    const child = startProcess();
    const started = await serve('-p', String(child.pid), SNAPSHOT, '--refresh', '1');
    const events = await listenTo(started.page);
    expect(await events.next()).toBe('changed 1');
    child.kill('SIGKILL');
    await once(child, 'exit');
    let event = await events.next();
    // One more reading may have been under way.
    if (event === 'changed 1') event = await events.next();
    expect(event).toBe('gone 1');
    const [, source] = (await sourcesOf(started)) as { gone: string }[];
    expect(source.gone).toBe(`process ${child.pid} (node) has ended`);
    events.stop();
    expect(Date.parse(await timeOf(started, 1))).toBeLessThan(Date.now());
  });

  test.runIf(process.getuid?.() === 0)('is read again though some processes may not be read', async () => {
    const nobody = { uid: 65534, gid: 65534 };
    startProcess(nobody);
    chmodSync(folder, 0o755);
    chmodSync(temporary, 0o1777);
    serving = await startServing(
      ['--all', '--refresh', '1', '--no-open'],
      { TMPDIR: temporary },
      'serve',
      nobody,
    );
    const events = await listenTo(serving.page);
    expect([await events.next(), await events.next()]).toEqual(['changed 0', 'changed 0']);
    events.stop();
    writeFileSync(join(folder, 'all.parquet'), await bytesOf(serving, 0));
    const snapshot = valueOf(await openSnapshotFile(join(folder, 'all.parquet')));
    snapshot.close();
    const reasons = snapshot.notices.flatMap((each) =>
      each.kind === 'skipped' ? [each.failure.message] : [],
    );
    expect(reasons.join()).toContain('process 1: ');
  });

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const) {
    test(`leaves nothing behind after ${signal}, and was for its owner only`, async () => {
      startProcess();
      const started = await serve('-p', String(running?.pid), '--refresh', '1');
      const [own] = readdirSync(temporary);
      expect(statSync(join(temporary, own)).mode & 0o777).toBe(0o700);
      for (const name of readdirSync(join(temporary, own)))
        expect(statSync(join(temporary, own, name)).mode & 0o777).toBe(0o600);
      const events = await listenTo(started.page);
      await events.next();
      await fetch(new URL('events', started.page), { method: 'HEAD' });
      expect(await started.stop(signal)).toBe(0);
      expect(readdirSync(temporary)).toEqual([]);
      await expect(events.next()).rejects.toThrow();
    });
  }

  test('interrupted while it is read for the first time, leaves nothing behind', async () => {
    const child = spawn(PROGRAM, [...SCRIPT, 'serve', '--all', '--no-open'], {
      env: { ...process.env, TMPDIR: temporary },
      stdio: 'ignore',
    });
    await expect.poll(() => readdirSync(temporary), { timeout: 20_000, interval: 5 }).not.toEqual([]);
    child.kill('SIGINT');
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
    expect(readdirSync(temporary)).toEqual([]);
  });
});

describe('a browser', () => {
  const bin = join(folder, 'bin');
  const noted = join(folder, 'noted');
  const opener = process.platform === 'darwin' ? 'open' : 'xdg-open';
  const desktop = { DISPLAY: ':9', WAYLAND_DISPLAY: '', SSH_CONNECTION: '' };

  function placeOpener(): Record<string, string> {
    mkdirSync(bin, { recursive: true });
    // Whole at once, for whoever waits for it.
    writeFileSync(
      join(bin, opener),
      `#!/bin/sh\nprintf '%s' "$*" > ${noted}.part\ncat "$1" > ${noted}.file\nmv ${noted}.part ${noted}\n`,
    );
    chmodSync(join(bin, opener), 0o755);
    rmSync(noted, { force: true });
    return { ...desktop, PATH: `${bin}:${process.env.PATH}`, TMPDIR: temporary };
  }

  test('is led to the page, and the words it is started with do not tell where that is', async () => {
    serving = await startServing([SNAPSHOT], placeOpener());
    await expect.poll(() => existsSync(noted), { timeout: 20_000 }).toBe(true);
    const words = readFileSync(noted, 'utf8');
    expect(words).not.toContain(new URL(serving.page).pathname.slice(1, -1));
    expect(readFileSync(`${noted}.file`, 'utf8')).toContain(`0;url=${serving.page}#map?source=server:0`);
    expect(statSync(words).mode & 0o777).toBe(0o600);
    await serving.stop();
    expect(readdirSync(temporary)).toEqual([]);
  });

  test.each([
    ['--no-open', {}, ['--no-open']],
    ['a session over SSH', { SSH_CONNECTION: '10.0.0.1 1 10.0.0.2 22' }, []],
    ...(process.platform === 'darwin' ? [] : [['no display', { DISPLAY: '' }, []] as const]),
  ] as const)('is left alone: %s', async (_, env, flags) => {
    serving = await startServing([SNAPSHOT, ...flags], { ...placeOpener(), ...env });
    await fetch(serving.page);
    await serving.stop();
    expect(existsSync(noted)).toBe(false);
  });

  test('that there is none is no failure', async () => {
    serving = await startServing([SNAPSHOT], { ...desktop, PATH: '/nowhere', TMPDIR: temporary });
    expect((await fetch(serving.page)).status).toBe(200);
    expect(await serving.stop()).toBe(0);
  });
});

describe('what cannot be served is told at once', () => {
  const damaged = join(folder, 'damaged.parquet');
  writeFileSync(damaged, readFileSync(SNAPSHOT).subarray(0, 5000));
  const empty = join(folder, 'empty');
  mkdirSync(empty);

  test.each([
    [['/no/such/file'], 5, /no such file; check the path/],
    [[SNAPSHOT, damaged], 5, /damaged\.parquet: is cut off/],
    [[empty], 5, /no snapshot \(\*\.parquet\) in it; 'thpscope capture' writes one/],
    [['README.md'], 5, /is not a Parquet file/],
    [['-p', '4194305'], 5, /process 4194305: no such process/],
    [['--cgroup', '/no/such/group'], 5, /no cgroup.procs there/],
    [['--port', '65536'], 2, /ports are 0 to 65535/],
    [['--port', 'http'], 2, /'http' is not a whole number/],
    [['--refresh', '0'], 2, /give 1 to/],
  ] as const)('%s', async (args, code, message) => {
    const run = await thpscope(['serve', ...args, '--no-open']);
    expect(run.stderr).toMatch(message);
    expect(run.code).toBe(code);
    expect(run.stdout).toBe('');
  });

  test('a port that is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const run = await thpscope(['serve', '--port', String(port), '--no-open']);
    other.close();
    expect(run.stderr).toMatch(new RegExp(`port ${port} is in use; choose another --port`));
    expect(run.code).toBe(2);
  });
});
