import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, test } from 'vitest';
import { fail, type Result, succeed } from '../../src/core/base/failure.ts';
import { type MetricsServer, startMetricsServer } from '../../src/server/metrics.ts';
import { ScrapedText } from '../../src/server/scraped-text.ts';
import { valueOf } from '../support/ranges.ts';
import { request } from './request.ts';

/** Readings that end when the test says so. */
function readings() {
  const begun: ((text: Result<string>) => void)[] = [];
  const read = () => new Promise<Result<string>>((resolve) => begun.push(resolve));
  return { begun, read };
}

describe('a text that is scraped', () => {
  test('is read once for all who ask meanwhile, and anew only when it is old', async () => {
    let nowMs = 0;
    const { begun, read } = readings();
    const text = new ScrapedText(read, 1000, () => nowMs);
    const first = [text.get(), text.get(), text.get()];
    expect(begun).toHaveLength(1);
    nowMs = 5000;
    begun[0](succeed('a'));
    expect(await Promise.all(first)).toEqual([succeed('a'), succeed('a'), succeed('a')]);
    nowMs = 5999;
    expect(await text.get()).toEqual(succeed('a'));
    expect(begun).toHaveLength(1);
    nowMs = 6000;
    const second = text.get();
    expect(begun).toHaveLength(2);
    begun[1](succeed('b'));
    expect(await second).toEqual(succeed('b'));
  });

  test('that failed is not read more often either', async () => {
    let nowMs = 0;
    const { begun, read } = readings();
    const text = new ScrapedText(read, 1000, () => nowMs);
    const first = text.get();
    begun[0](fail('permission', 'no'));
    expect(await first).toEqual(fail('permission', 'no'));
    expect(await text.get()).toEqual(fail('permission', 'no'));
    nowMs = 1000;
    const second = text.get();
    begun[1](succeed('b'));
    expect(await second).toEqual(succeed('b'));
  });

  test('is read again after a bug', async () => {
    let bug = true;
    const read = async () => {
      if (bug) throw new Error('bug');
      return succeed('a');
    };
    const text = new ScrapedText(read, 1000);
    await expect(text.get()).rejects.toThrow('bug');
    bug = false;
    expect(await text.get()).toEqual(succeed('a'));
  });
});

describe('the server', () => {
  let server: MetricsServer | undefined;
  let closing = new AbortController();
  afterEach(async () => {
    closing.abort();
    await server?.close();
    server = undefined;
    closing = new AbortController();
  });
  const start = async (read: () => Promise<Result<string>>, maxAgeMs = 0) => {
    const { signal } = closing;
    server = valueOf(await startMetricsServer(read, { port: 0, maxAgeMs, signal }));
    return server.url;
  };
  const get = (url: string, path = '/metrics', headers: Record<string, string> = {}, method = 'GET') =>
    request(url, path, { headers, method });

  test('answers scrapes in the type that Prometheus asks for', async () => {
    const url = await start(async () => succeed('x 1\n'));
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/metrics$/);
    const { status, headers, body } = await get(url);
    expect([status, body.toString()]).toEqual([200, 'x 1\n']);
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(headers['cache-control']).toBe('no-store');
    expect(headers['cross-origin-resource-policy']).toBe('same-origin');
    expect(headers['x-content-type-options']).toBe('nosniff');
    const head = await get(url, '/metrics', {}, 'HEAD');
    expect([head.status, head.body.length]).toEqual([200, 0]);
  });

  test('says 503 and why where reading fails, and goes on', async () => {
    const texts = [succeed('x 1\n'), fail('permission', 'process 1: may not be read'), succeed('x 2\n')];
    const url = await start(async () => texts.shift() ?? succeed(''));
    const { status, body } = await get(url);
    expect([status, body.toString()]).toEqual([503, 'thpscope: process 1: may not be read\n']);
    expect((await get(url)).body.toString()).toBe('x 2\n');
  });

  test('does not start where the first reading fails', async () => {
    const failed = fail('permission', 'process 1: may not be read');
    const options = { port: 0, maxAgeMs: 0, signal: closing.signal };
    expect(await startMetricsServer(async () => failed, options)).toEqual(failed);
  });

  test.each([
    ['POST', '/metrics', {}, 405],
    ['DELETE', '/metrics', {}, 405],
    ['GET', '/', {}, 404],
    ['GET', '/metrics/', {}, 404],
    ['GET', '/sources.json', {}, 404],
    ['GET', '/metrics', { host: 'example.org' }, 403],
    ['GET', '/metrics', { host: '127.0.0.1' }, 403],
  ] as const)('refuses %s %s %j and reads nothing for it', async (method, path, headers, status) => {
    let read = 0;
    const url = await start(async () => succeed(`x ${++read}\n`));
    expect((await get(url, path, headers, method)).status).toBe(status);
    expect(read).toBe(1);
  });

  test('is known as localhost, too', async () => {
    const url = await start(async () => succeed('x 1\n'));
    expect((await get(url, '/metrics', { host: `localhost:${new URL(url).port}` })).status).toBe(200);
  });

  const outside = Object.values(networkInterfaces())
    .flat()
    .find((each) => each && !each.internal && each.family === 'IPv4')?.address;
  test.runIf(outside)('is not heard on other addresses of this machine', async () => {
    const url = await start(async () => succeed('x 1\n'));
    const socket = connect(Number(new URL(url).port), outside);
    const event = await Promise.race([
      once(socket, 'error').then(() => 'refused'),
      once(socket, 'connect').then(() => 'connected'),
    ]);
    socket.destroy();
    expect(event).toBe('refused');
  });

  test('is closed while it reads: whoever waits is hung up on', async () => {
    let readings = 0;
    let begin = () => {};
    const begun = new Promise<void>((resolve) => (begin = resolve));
    const { signal } = closing;
    const url = await start(async () => {
      if (readings++ === 0) return succeed('x 1\n');
      begin();
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    const asked = get(url).then(
      () => 'answered',
      () => 'hung up',
    );
    await begun;
    await server?.close();
    server = undefined;
    closing.abort();
    expect(await asked).toBe('hung up');
  });

  test('says that a port is in use, and reads nothing', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const options = { port, maxAgeMs: 0, signal: closing.signal };
    const started = await startMetricsServer(() => Promise.reject(new Error('read')), options);
    other.close();
    expect(started).toEqual(
      fail('usage', `port ${port} is in use; choose another port for --listen, or 0 for a free one`),
    );
  });
});
