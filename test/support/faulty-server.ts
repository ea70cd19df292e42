import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a server does with one request, after it has read its body. */
export type Answer = (request: IncomingMessage, body: Buffer, response: ServerResponse) => void;

/** A server on loopback that does with each request what the next answer says. */
export interface FaultyServer {
  readonly address: string;
  /** What was asked: `PUT /fleet/a`. */
  readonly asked: readonly string[];
  /** The answers to come; the last one answers whatever comes after it. */
  answers: Answer[];
  stop(): Promise<void>;
}

export async function startFaultyServer(): Promise<FaultyServer> {
  const asked: string[] = [];
  const faulty = { asked, answers: [] as Answer[] };
  const server = createServer(async (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const [answer] = faulty.answers.length > 1 ? faulty.answers.splice(0, 1) : faulty.answers;
    answer(request, Buffer.concat(chunks), response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return Object.assign(faulty, {
    address: `http://127.0.0.1:${port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  });
}

/** Answers with a status and a body. */
export function answerWith(status: number, body = '', headers: Record<string, string> = {}): Answer {
  return (_request, _body, response) => response.writeHead(status, headers).end(body);
}

/** Cuts the connection before any answer. */
export const cut: Answer = (request) => request.socket.destroy();

/** Never answers. */
export const silent: Answer = () => {};

/** Announces more bytes than come. */
export const cutInTheMiddle: Answer = (request, _body, response) => {
  response.writeHead(200, { 'content-length': '1000' });
  response.write('half an answer', () => request.socket.destroy());
};
