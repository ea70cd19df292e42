import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { fail, type Result, succeed } from '../core/base/failure.ts';
import { buildApp, type Source } from './app.ts';
import { LiveSnapshot, serially } from './live-snapshot.ts';
import { ServedFile } from './served-file.ts';
import { readWebFiles } from './web-files.ts';

/** The only address that the server listens on. */
const LOOPBACK = '127.0.0.1';

/** A snapshot to show. Where it is live, `refresh` puts a newer one in its place. */
export interface SourceFile {
  readonly name: string;
  readonly path: string;
  readonly refresh?: (signal: AbortSignal) => Promise<Result<unknown>>;
}

export interface ServerOptions {
  /** 0 takes any that is free. */
  readonly port: number;
  /** Where the built web app is. */
  readonly webFolder: string;
  /** How long after a reading a live source is read again. */
  readonly refreshMs: number;
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
  { port, webFolder, refreshMs }: ServerOptions,
): Promise<Result<RunningServer>> {
  const webFiles = readWebFiles(webFolder);
  if (!webFiles.ok) return webFiles;
  const inTurn = serially();
  const closing = new AbortController();
  const sources = files.map(
    ({ name, path, refresh }, index): Source => ({
      id: String(index),
      name,
      file: new ServedFile(path),
      live: refresh && new LiveSnapshot(refresh, refreshMs, inTurn, closing.signal),
    }),
  );
  const token = randomBytes(16).toString('hex');
  const portOf = () => (server.address() as AddressInfo).port;
  const app = buildApp(token, portOf, webFiles.value, sources);
  const server = createServer(getRequestListener(app.fetch, { overrideGlobalObjects: false }));
  const listening = await listen(server, port);
  if (!listening.ok) return listening;
  return succeed({
    url: `http://${LOOPBACK}:${portOf()}/${token}/`,
    async close() {
      closing.abort();
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      await inTurn(async () => {});
    },
  });
}

async function listen(server: Server, port: number): Promise<Result<void>> {
  try {
    server.listen({ port, host: LOOPBACK });
    await once(server, 'listening');
    return succeed(undefined);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const otherwise = 'choose another --port, or none to have a free one';
    if (code === 'EADDRINUSE') return fail('usage', `port ${port} is in use; ${otherwise}`);
    if (code === 'EACCES') return fail('permission', `port ${port} is for root; ${otherwise}`);
    return fail('unsupported', `cannot listen on ${LOOPBACK}:${port}: ${message}`);
  }
}
