import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import { type Result, succeed } from '../core/base/failure.ts';
import { notFound, ownMachine } from './gate.ts';
import { headersOnly } from './headers-only.ts';
import { closeServer, listenOnLoopback, portOf } from './loopback.ts';
import { ScrapedText } from './scraped-text.ts';

/** The text format of Prometheus. */
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
const HINT = 'the metrics are at /metrics';

export interface MetricsServer {
  /** The address of the metrics. */
  readonly url: string;
  /** Cuts all connections; a reading that is under way is the signal's to end. */
  close(): Promise<void>;
}

interface MetricsServerOptions {
  /** 0 takes any that is free. */
  readonly port: number;
  /** How old a reading may be that a scrape is given. */
  readonly maxAgeMs: number;
  /** Aborted when the server is about to close: what reading throws then is no bug. */
  readonly signal: AbortSignal;
}

/**
 * Serves metrics to this machine, at /metrics and without a token, as Prometheus asks for them: `read` gives
 * their text, at most once in `maxAgeMs` and never twice at a time. Where reading fails the answer is 503 and
 * says why, so that Prometheus has `up` 0 and keeps no old values. Fails where the port cannot be had, and as
 * the first reading does.
 */
export async function startMetricsServer(
  read: () => Promise<Result<string>>,
  { port, maxAgeMs, signal }: MetricsServerOptions,
): Promise<Result<MetricsServer>> {
  const scraped = new ScrapedText(read, maxAgeMs);
  const app = new Hono();
  app.use(
    headersOnly,
    ownMachine(() => portOf(server), HINT),
  );
  app.notFound((c) => notFound(c, HINT));
  app.get('/metrics', async (c) => {
    const text = await scraped.get();
    if (!text.ok) return c.text(`thpscope: ${text.failure.message}\n`, 503);
    return c.body(text.value, 200, { 'Content-Type': CONTENT_TYPE });
  });
  app.onError((error, c) => {
    if (!signal.aborted) throw error;
    return c.body(null, 503);
  });
  const server = createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  const address = await listenOnLoopback(
    server,
    port,
    'choose another port for --listen, or 0 for a free one',
  );
  if (!address.ok) return address;
  const close = () => closeServer(server);
  const first = await scraped.get().catch(async (error) => {
    await close();
    throw error;
  });
  if (!first.ok) {
    await close();
    return first;
  }
  return succeed({ url: `${address.value}metrics`, close });
}
