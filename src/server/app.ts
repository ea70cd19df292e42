import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import type { Result } from '../core/base/failure.ts';
import { belowToken, notFound, ownMachine } from './gate.ts';
import { headersOnly } from './headers-only.ts';
import type { LiveSnapshot } from './live-snapshot.ts';
import type { ServedFile } from './served-file.ts';
import type { WebFiles } from './web-files.ts';

/** How often a connection that has nothing to say shows that it is alive. */
const HEARTBEAT_MS = 15_000;

/** Where the address of the page is to be found. */
const HINT = 'open the address that thpscope serve printed';

/** What is known of a source before anybody opens it; of a live one at its first reading. */
export interface SourceFacts {
  /** The machine; empty where nothing says. */
  readonly host: string;
  /** When reading began, ISO 8601. */
  readonly time: string;
  /** PMD ranges that hold any page, at most: rows of the snapshot. */
  readonly ranges: number;
}

/** A source of the page: a snapshot, of running processes if it is live. */
export interface Source {
  readonly id: string;
  readonly name: string;
  readonly facts: SourceFacts;
  readonly file: ServedFile;
  readonly live: LiveSnapshot | undefined;
}

/** Snapshots of a folder in the order in which they were read. */
export interface SeriesSource {
  readonly id: string;
  readonly name: string;
  /** The sources that its snapshots are, in their order. */
  readonly sources: readonly string[];
  /** What changed from each to the next: JSON of schemas/diff-series.schema.json. */
  readonly read: () => Promise<Result<string>>;
}

/** What the server answers: the web app, its sources, and events of live ones, all below the token. */
export function buildApp(
  token: string,
  port: () => number,
  webFiles: WebFiles,
  sources: readonly Source[],
  series: readonly SeriesSource[] = [],
): Hono {
  const app = new Hono();
  app.use(headersOnly, ownMachine(port, HINT), belowToken(token, HINT));
  app.notFound((c) => notFound(c, HINT));

  app.get('/:token', (c) => c.redirect(`/${token}/`));

  app.get('/:token/sources.json', (c) =>
    c.json(
      sources.map(({ id, name, facts, live }) => ({
        id,
        name,
        ...facts,
        live: live !== undefined,
        gone: live?.failure?.message,
      })),
    ),
  );

  app.get('/:token/sources/:id', (c) => {
    const source = sources.find(({ id }) => id === c.req.param('id'));
    return source ? source.file.respond(c) : notFound(c, HINT);
  });

  app.get('/:token/series.json', (c) =>
    c.json(series.map(({ id, name, sources: ids }) => ({ id, name, sources: ids }))),
  );

  app.get('/:token/series/:id', async (c) => {
    const wanted = series.find(({ id }) => id === c.req.param('id'));
    if (!wanted) return notFound(c, HINT);
    const read = await wanted.read();
    if (!read.ok) return c.text(read.failure.message, 503);
    c.header('Content-Type', 'application/json');
    return c.body(read.value);
  });

  app.get('/:token/events', (c) => {
    const wanted = c.req.query('source');
    return streamSSE(c, async (stream) => {
      const left = new Promise<void>((resolve) => stream.onAbort(resolve));
      await stream.write(': listening\n\n');
      const heartbeat = setInterval(() => void stream.write(': alive\n\n'), HEARTBEAT_MS);
      const stops = sources
        .filter(({ id }) => wanted === undefined || wanted === id)
        .map(({ id, live }) => live?.listen((event) => void stream.writeSSE({ event, data: id })));
      await left;
      clearInterval(heartbeat);
      for (const stop of stops) stop?.();
    });
  });

  app.get('/:token/*', (c) => {
    const file = webFiles.get(c.req.path.slice(token.length + 2));
    if (!file) return notFound(c, HINT);
    c.header('Content-Type', file.type);
    if (file.hashed) c.header('Cache-Control', 'max-age=31536000, immutable');
    return c.body(file.body);
  });
  return app;
}
