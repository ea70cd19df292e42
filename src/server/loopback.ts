import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fail, type Result, succeed } from '../core/base/failure.ts';

/** The only address that servers listen on. */
const LOOPBACK = '127.0.0.1';

/**
 * Lets a server listen for this machine alone and gives its address; port 0 takes any that is free. A failure
 * ends with `otherwise`, which says what to do.
 */
export async function listenOnLoopback(
  server: Server,
  port: number,
  otherwise: string,
): Promise<Result<string>> {
  try {
    server.listen({ port, host: LOOPBACK });
    await once(server, 'listening');
    return succeed(`http://${LOOPBACK}:${portOf(server)}/`);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE') return fail('usage', `port ${port} is in use; ${otherwise}`);
    if (code === 'EACCES') return fail('permission', `port ${port} is for root; ${otherwise}`);
    return fail('unsupported', `cannot listen on ${LOOPBACK}:${port}: ${message}`);
  }
}

/** The port of a server that listens. */
export function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

/** Cuts all connections and stops to listen. */
export async function closeServer(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
