import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { succeed } from '../../src/core/base/failure.ts';
import { buildApp } from '../../src/server/app.ts';
import { LiveSnapshot, serially } from '../../src/server/live-snapshot.ts';
import { ServedFile } from '../../src/server/served-file.ts';
import { listenTo } from './events.ts';
import { request } from './request.ts';

const TOKEN = 'f'.repeat(32);
const closing = new AbortController();
let live: LiveSnapshot;
let server: ReturnType<typeof createServer>;
let url: string;

beforeEach(async () => {
  live = new LiveSnapshot(async () => succeed(undefined), 1e6, serially(), closing.signal);
  const facts = { host: '', time: '', ranges: 0 };
  const source = { id: '0', name: 'process 7', facts, file: new ServedFile('/none'), live };
  const port = () => (server.address() as AddressInfo).port;
  const app = buildApp(TOKEN, port, new Map(), [source]);
  server = createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${port()}/${TOKEN}/`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

test('who listens is counted, until the connection ends', async () => {
  const [first, second] = [await listenTo(url), await listenTo(url)];
  await expect.poll(() => live.listeners).toBe(2);
  first.stop();
  await expect.poll(() => live.listeners).toBe(1);
  second.stop();
  await expect.poll(() => live.listeners).toBe(0);
});

test.each(['HEAD', 'POST', 'OPTIONS'])('%s never listens', async (method) => {
  const { status, body } = await request(url, `/${TOKEN}/events`, { method });
  expect(status).toBe(method === 'HEAD' ? 200 : 405);
  if (method === 'HEAD') expect(body.length).toBe(0);
  // Another request is answered after whatever this one has started.
  await request(url, `/${TOKEN}/sources.json`);
  expect(live.listeners).toBe(0);
});

test('nobody listens to what is closing', () => {
  const ended = new AbortController();
  const closed = new LiveSnapshot(async () => succeed(undefined), 1, serially(), ended.signal);
  closed.listen(() => {});
  expect(closed.listeners).toBe(1);
  ended.abort();
  expect(closed.listeners).toBe(0);
  closed.listen(() => {});
  expect(closed.listeners).toBe(0);
});
