import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fail, succeed } from '../../src/core/base/failure.ts';
import { below, randomFrom } from '../../src/core/base/random.ts';
import type { MemoryItem, MemorySource } from '../../src/core/rules/memory-source.ts';
import { type RunningServer, startServer } from '../../src/server/listen.ts';
import { writeSnapshot } from '../../src/snapshot/writer.ts';
import { hostOf, rangeAt, redis, vmaAt } from '../snapshot/sources.ts';
import { valueOf } from '../support/ranges.ts';
import { request } from './request.ts';

const SNAPSHOT = 'examples/redis.parquet';
const FACTS = { host: 'db1', time: '2026-11-22T10:00:00.000Z', ranges: 180 };
const OPTIONS = { port: 0, webFolder: 'dist/web', refreshMs: 1000 };
const folder = mkdtempSync(join(tmpdir(), 'thpscope-test-'));
const changing = join(folder, 'changing.parquet');
let server: RunningServer;
/** The path of the page, with the token. */
let page: string;

beforeAll(async () => {
  copyFileSync(SNAPSHOT, changing);
  const started = await startServer(
    [
      { name: 'redis', path: SNAPSHOT, facts: FACTS },
      { name: 'changing', path: changing, facts: FACTS },
    ],
    {
      ...OPTIONS,
      series: [
        { name: 'nightly', files: [1, 0], read: async () => succeed('{"steps":[]}') },
        { name: 'broken', files: [0, 1], read: async () => fail('unreadable', 'a snapshot is damaged') },
      ],
    },
  );
  if (!started.ok) throw new Error(started.failure.message);
  server = started.value;
  page = new URL(server.url).pathname;
});
afterAll(async () => {
  await server?.close();
  rmSync(folder, { recursive: true });
});

const get = (path: string, headers: Record<string, string> = {}) =>
  request(server.url, `${page}${path}`, { headers });

describe('a page that knows the token gets', () => {
  test('folders of snapshots, and what changed in them', async () => {
    const named = await get('series.json');
    expect(JSON.parse(named.body.toString())).toEqual([
      { id: '0', name: 'nightly', sources: ['1', '0'] },
      { id: '1', name: 'broken', sources: ['0', '1'] },
    ]);
    const read = await get('series/0');
    expect(read.headers['content-type']).toContain('application/json');
    expect(read.body.toString()).toBe('{"steps":[]}');
    const broken = await get('series/1');
    expect([broken.status, broken.body.toString()]).toEqual([503, 'a snapshot is damaged']);
    expect((await get('series/2')).status).toBe(404);
  });

  test('the app, which learns that it has a server, and nothing that its policy forbids', async () => {
    const { status, headers, body } = await get('');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    const html = body.toString();
    expect(html).toContain('<meta name="thpscope-server"');
    expect(html).not.toMatch(/<script(?![^>]*\bsrc=)|\sstyle=|\son\w+=/);
    const links = [...html.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, path]) => path);
    expect(links.length).toBeGreaterThan(1);
    for (const path of links) {
      const file = await get(path);
      expect(file.status).toBe(200);
      expect(file.headers['cache-control']).toContain('immutable');
      expect(file.body.equals(readFileSync(join('dist/web', path)))).toBe(true);
    }
  });

  test('scripts and styles with their types, which nosniff makes necessary', async () => {
    for (const name of readdirSync('dist/web/assets')) {
      const { headers } = await get(`assets/${name}`);
      const type = name.endsWith('.js') ? 'javascript' : name.endsWith('.css') ? 'css' : 'octet-stream';
      expect(headers['content-type']).toContain(type);
    }
  });

  test('the list of sources', async () => {
    expect(JSON.parse((await get('sources.json')).body.toString())).toEqual([
      { id: '0', name: 'redis', ...FACTS, live: false },
      { id: '1', name: 'changing', ...FACTS, live: false },
    ]);
  });

  test('a snapshot byte for byte', async () => {
    const { status, headers, body } = await get('sources/0');
    expect(status).toBe(200);
    expect(headers['content-length']).toBe(String(body.length));
    expect(headers['cache-control']).toBe('no-store');
    expect(body.equals(readFileSync(SNAPSHOT))).toBe(true);
  });

  test('parts of a snapshot, if they are of the file that it knows', async () => {
    const whole = readFileSync(SNAPSHOT);
    const size = whole.length;
    for (const [asked, start, end] of [
      ['bytes=0-3', 0, 4],
      ['bytes=100-', 100, size],
      ['bytes=-8', size - 8, size],
    ] as const) {
      const { status, headers, body } = await get('sources/0', { range: asked });
      expect(status).toBe(206);
      expect(headers['content-range']).toBe(`bytes ${start}-${end - 1}/${size}`);
      expect(body.equals(whole.subarray(start, end))).toBe(true);
    }
    const beyond = await get('sources/0', { range: `bytes=${size}-` });
    expect(beyond.status).toBe(416);
    expect(beyond.headers['content-range']).toBe(`bytes */${size}`);
    const etag = (await get('sources/0')).headers.etag as string;
    expect((await get('sources/0', { range: 'bytes=0-3', 'if-range': etag })).status).toBe(206);
    const other = await get('sources/0', { range: 'bytes=0-3', 'if-range': '"other"' });
    expect(other.status).toBe(200);
    expect(other.body.length).toBe(size);
  });

  test('sizes without bytes', async () => {
    const { status, headers, body } = await request(server.url, `${page}sources/0`, { method: 'HEAD' });
    expect(status).toBe(200);
    expect(headers['content-length']).toBe(String(readFileSync(SNAPSHOT).length));
    expect(body.length).toBe(0);
  });

  test('its address put right', async () => {
    const { status, headers } = await request(server.url, page.replace(/\/$/, ''));
    expect(status).toBe(302);
    expect(headers.location).toBe(page);
  });

  test('a strict policy with everything', async () => {
    const paths = [page, `${page}sources.json`, `${page}sources/0`, `${page}nothing`, '/'];
    for (const path of paths) {
      const { headers } = await request(server.url, path);
      const policy = (headers['content-security-policy'] as string).split('; ');
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval'");
      expect(policy).toContain("connect-src 'self'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy.join()).not.toMatch(/unsafe-inline|'unsafe-eval'|\*|https?:/);
      expect(headers).toMatchObject({
        'cross-origin-resource-policy': 'same-origin',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      });
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });
});

describe('nothing is to be had', () => {
  test('under a name that only leads here, as DNS rebinding does', async () => {
    const { port } = new URL(server.url);
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      '127.0.0.1',
      `127.0.0.1:1`,
      `[::1]:${port}`,
      // No address at all.
      `0x127.0.0.1:${port}`,
    ]) {
      const { status, body } = await get('sources/0', { host });
      expect([host, status]).toEqual([host, 403]);
      expect(body.toString()).toContain(`only known as 127.0.0.1:${port} and localhost:${port}`);
    }
    expect((await get('sources/0', { host: `localhost:${port}` })).status).toBe(200);
  });

  test('by an address that names another host, as to a proxy', async () => {
    const { host } = new URL(server.url);
    const path = `${page}sources/0`;
    const statusOf = async (target: string) => (await request(server.url, target)).status;
    expect(await statusOf(`http://${host}${path}`)).toBe(200);
    expect(await statusOf(`http://evil.example${path}`)).toBe(403);
    expect(await statusOf(`http://127.0.0.1:1${path}`)).toBe(403);
    expect(await statusOf(`//evil.example${path}`)).toBe(404);
  });

  test('without the token', async () => {
    const token = page.slice(1, -1);
    const wrong = ['', '0'.repeat(32), token.slice(0, -1), `${token}0`, `%20${token}`, `.%2f${token}`];
    for (const guess of wrong) {
      for (const path of ['', 'sources.json', 'sources/0', 'events']) {
        const { status, body } = await request(server.url, `/${guess}/${path}`);
        expect([guess, status]).toEqual([guess, 404]);
        expect(body.toString()).toContain('open the address that thpscope serve printed');
      }
    }
    expect((await request(server.url, '/sources/0')).status).toBe(404);
  });

  test('in other ways than by asking for it', async () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE']) {
      const { status, headers } = await request(server.url, `${page}sources/0`, { method });
      expect([method, status]).toEqual([method, 405]);
      expect(headers.allow).toBe('GET, HEAD');
    }
  });

  test('outside of the given sources', async () => {
    const secret = join(folder, 'secret.parquet');
    copyFileSync(SNAPSHOT, secret);
    const paths = [
      '../../package.json',
      '..%2f..%2fpackage.json',
      '%2e%2e/%2e%2e/package.json',
      '%2e%2e%2f%2e%2e%2fpackage.json',
      'assets/../../../package.json',
      'assets/..%2f..%2f..%2fpackage.json',
      '/etc/passwd',
      '%2fetc%2fpasswd',
      'file:///etc/passwd',
      'index.html%00.js',
      'thpscope.html',
      'sources/2',
      'sources/-1',
      'sources/00',
      'sources/0%00',
      'sources/0/../../../package.json',
      'sources/length',
      'sources/constructor',
      'sources/changing.parquet',
      `sources/${encodeURIComponent(secret)}`,
      `sources/..%2f${encodeURIComponent(SNAPSHOT)}`,
      'sources/',
      'sources',
    ];
    for (const path of paths) {
      const { status, body } = await get(path);
      expect([path, status]).toEqual([path, 404]);
      expect(body.toString()).toMatch(/^thpscope: nothing here/);
    }
    // What is no path at all is refused before anybody looks.
    const backwards = await get('assets\\..\\..\\package.json');
    expect([backwards.status, backwards.body.length]).toEqual([400, 0]);
  });

  test('from elsewhere: only 127.0.0.1 is listened on', async () => {
    const port = Number(new URL(server.url).port);
    const others = Object.values(networkInterfaces())
      .flatMap((each) => each ?? [])
      .filter(({ address, scopeid }) => address !== '127.0.0.1' && !scopeid);
    for (const { address } of [...others, { address: '127.0.0.2' }]) {
      const socket = connect({ host: address, port });
      const outcome = await Promise.race([
        once(socket, 'connect').then(() => 'connected'),
        once(socket, 'error').then(([error]) => (error as NodeJS.ErrnoException).code),
      ]).catch((error: NodeJS.ErrnoException) => error.code);
      socket.destroy();
      expect([address, outcome]).not.toEqual([address, 'connected']);
    }
  });
});

describe('a snapshot that is not what it was', () => {
  const answer = async () => {
    const { status, headers, body } = await get('sources/1');
    return { status, type: headers['content-type'], text: body.toString() };
  };
  const says = (text: RegExp) =>
    expect.objectContaining({
      status: 410,
      type: expect.stringMatching(/^text\/plain/),
      text: expect.stringMatching(text),
    });

  test('is another snapshot: that is what there is now, under another ETag', async () => {
    const before = (await get('sources/1')).headers.etag;
    copyFileSync(SNAPSHOT, join(folder, 'newer.parquet'));
    renameSync(join(folder, 'newer.parquet'), changing);
    const { status, headers } = await get('sources/1');
    expect(status).toBe(200);
    expect(headers.etag).not.toBe(before);
  });

  test('was cut off: what to do is said', async () => {
    truncateSync(changing, 9000);
    expect(await answer()).toEqual(says(/changing\.parquet: is cut off.*copy the file again/));
  });

  test('is some other file: nothing of it is told', async () => {
    writeFileSync(changing, 'root:secret');
    const told = await answer();
    expect(told).toEqual(says(/is not a Parquet file; 'thpscope capture' writes one/));
    expect(told.text).not.toContain('secret');
  });

  test('is gone', async () => {
    rmSync(changing);
    expect(await answer()).toEqual(says(/no such file; check the path/));
  });

  test.runIf(process.platform === 'linux')('is a FIFO: nobody waits for it', async () => {
    execFileSync('mkfifo', [changing]);
    expect(await answer()).toEqual(says(/is not a regular file/));
    rmSync(changing);
  });

  test('is back', async () => {
    copyFileSync(SNAPSHOT, changing);
    expect((await answer()).status).toBe(200);
  });
});

/** Writes a snapshot that is too large to be in the buffers of a connection. */
async function writeLarge(path: string): Promise<void> {
  const random = randomFrom(1);
  const ranges = Array.from({ length: 30_000 }, (_, i) => ({
    ...rangeAt(i, 512),
    folioOrders: Uint8Array.from({ length: 512 }, () => below(9, random)),
  }));
  const items: MemoryItem[] = [
    { kind: 'process', process: redis },
    { kind: 'vma', vma: vmaAt(0, 2 ** 40) },
    { kind: 'ranges', ranges },
  ];
  const source: MemorySource = {
    host: hostOf(),
    async *items() {
      yield* items;
    },
  };
  valueOf(await writeSnapshot(path, source));
}

test('who began to read a snapshot reads it to its end, whatever takes its place', async () => {
  const large = join(folder, 'large.parquet');
  await writeLarge(large);
  const bytes = readFileSync(large);
  expect(bytes.length).toBeGreaterThan(2 ** 23);
  const started = await startServer([{ name: 'large', path: large, facts: FACTS }], OPTIONS);
  if (!started.ok) throw new Error(started.failure.message);
  const response = await fetch(new URL('sources/0', started.value.url));
  writeFileSync(join(folder, 'other'), 'something else');
  renameSync(join(folder, 'other'), large);
  expect(Buffer.from(await response.arrayBuffer()).equals(bytes)).toBe(true);
  await started.value.close();
});

test('open files do not pile up, however requests end', async () => {
  const openFiles = () => readdirSync('/proc/self/fd').length;
  await get('sources/0');
  const before = openFiles();
  for (let i = 0; i < 20; i++) {
    await request(server.url, `${page}sources/0`, { method: 'HEAD' });
    await get('sources/0', { range: 'bytes=999999-' });
    await get('sources/0', { range: 'bytes=0-9' });
    const leaver = new AbortController();
    const response = await fetch(new URL('sources/0', server.url), { signal: leaver.signal });
    expect(response.status).toBe(200);
    leaver.abort();
  }
  await get('sources/0');
  await expect.poll(openFiles).toBeLessThan(before + 15);
});

test('a port that is taken, and an app that was not built, are told with what to do', async () => {
  const port = Number(new URL(server.url).port);
  expect(await startServer([], { ...OPTIONS, port })).toMatchObject({
    failure: { kind: 'usage', message: expect.stringMatching(/is in use; choose another --port/) },
  });
  expect(await startServer([], { ...OPTIONS, webFolder: folder })).toMatchObject({
    failure: { kind: 'unsupported', message: expect.stringMatching(/npm run build/) },
  });
});
