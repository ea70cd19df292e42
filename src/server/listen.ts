import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { type Result, succeed } from '../core/base/failure.ts';
import { buildApp, type Source, type SourceFacts } from './app.ts';
import { LiveSnapshot, serially } from './live-snapshot.ts';
import { closeServer, listenOnLoopback, portOf } from './loopback.ts';
import { ServedFile } from './served-file.ts';
import { readWebFiles } from './web-files.ts';

/** A snapshot to show. Where it is live, `refresh` puts a newer one in its place. */
export interface SourceFile {
  readonly name: string;
  readonly path: string;
  readonly facts: SourceFacts;
  readonly refresh?: (signal: AbortSignal) => Promise<Result<unknown>>;
}

/** A folder of snapshots that `files` has too. */
export interface SeriesFolder {
  readonly name: string;
  /** The places of its snapshots in `files`, in the order of their time. */
  readonly files: readonly number[];
  /** What changed from each to the next, as JSON. */
  readonly read: () => Promise<Result<string>>;
}

export interface ServerOptions {
  /** 0 takes any that is free. */
  readonly port: number;
  /** Where the built web app is. */
  readonly webFolder: string;
  /** How long after a reading a live source is read again. */
  readonly refreshMs: number;
  readonly series?: readonly SeriesFolder[];
}

export interface RunningServer {
  /** The address of the page. Whoever knows it may read the sources. */
  readonly url: string;
  /** Cuts all connections and ends a reading that is under way. */
  close(): Promise<void>;
}

/**
 * Serves the web app and these sources, and nothing else, to this machine, below a path that cannot be
 * guessed: other users of the machine can connect, too. Sources get the ids 0, 1, ... Fails where the web app
 * is not built or the port cannot be had.
 */
export async function startServer(
  files: readonly SourceFile[],
  { port, webFolder, refreshMs, series = [] }: ServerOptions,
): Promise<Result<RunningServer>> {
  const webFiles = readWebFiles(webFolder);
  if (!webFiles.ok) return webFiles;
  const inTurn = serially();
  const closing = new AbortController();
  const sources = files.map(
    ({ name, path, facts, refresh }, index): Source => ({
      id: String(index),
      name,
      facts,
      file: new ServedFile(path),
      live: refresh && new LiveSnapshot(refresh, refreshMs, inTurn, closing.signal),
    }),
  );
  const seriesSources = series.map(({ name, files: places, read }, index) => ({
    id: String(index),
    name,
    sources: places.map(String),
    read,
  }));
  const token = randomBytes(16).toString('hex');
  const app = buildApp(token, () => portOf(server), webFiles.value, sources, seriesSources);
  const server = createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  const address = await listenOnLoopback(server, port, 'choose another --port, or none to have a free one');
  if (!address.ok) return address;
  return succeed({
    url: `${address.value}${token}/`,
    async close() {
      closing.abort();
      await closeServer(server);
      await inTurn(async () => {});
    },
  });
}
