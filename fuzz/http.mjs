import { connect } from 'node:net';
import { pick } from '../build/core/base/random.js';
import { startServer } from '../build/server/listen.js';
import { mutateText } from './mutate.mjs';

const PATHS = [
  '',
  'sources.json',
  'sources/0',
  'events',
  'events?source=0',
  'assets/x.js',
  '../package.json',
  'sources/%2e%2e',
];
const HEADERS = [
  'Range: bytes=0-9',
  'Range: bytes=-5',
  'If-Range: "x"',
  'Connection: keep-alive',
  'Transfer-Encoding: chunked',
  'Content-Length: 5',
  'Expect: 100-continue',
  'Upgrade: websocket',
];
const METHODS = ['GET', 'HEAD', 'POST', 'OPTIONS', 'CONNECT', 'TRACE'];

/** How long an answer is waited for that need not come, and one that must. */
const SOON_MS = 100;
const PATIENT_MS = 60_000;

/** Requests as they go over the wire; TOKEN and HOST stand for those of the server. */
export const http = {
  covers: /build\/server\//,
  async open() {
    const server = await startServer([{ name: 'redis', path: 'examples/redis.parquet' }], {
      port: 0,
      webFolder: 'dist/web',
      refreshMs: 10_000,
    });
    if (!server.ok) throw new Error(server.failure.message);
    const { host, port, pathname } = new URL(server.value.url);
    const seeds = PATHS.flatMap((path) =>
      METHODS.map(
        (method) =>
          `${method} TOKEN${path} HTTP/1.1\r\nHost: HOST\r\n${HEADERS[(path.length + method.length) % HEADERS.length]}\r\n\r\n`,
      ),
    );
    const mutate = (text, random, other) =>
      pick(
        [
          mutateText(text, random),
          text.replace('\r\n\r\n', `\r\n${pick(HEADERS, random)}\r\n\r\n`),
          text + other,
        ],
        random,
      );
    const run = async (text) => {
      const request = text.replaceAll('TOKEN', pathname).replaceAll('HOST', host);
      const answer = await answerOf(Number(port), request, SOON_MS);
      const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 0);
      if (status >= 500 && status !== 501) return `status ${status}`;
      if (!request.includes(pathname.slice(1, -1)) && status === 200) return 'an answer without the token';
      const after = await answerOf(
        Number(port),
        `GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
        PATIENT_MS,
      );
      if (!after.startsWith('HTTP/1.1 200')) return `a server that says '${after.slice(0, 40)}' afterwards`;
    };
    return { seeds, mutate, run, close: () => server.value.close() };
  },
};

/** The beginning of an answer; '' where the server hangs up, or waits for more. */
function answerOf(port, request, waitMs) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (text) => {
      socket.destroy();
      resolve(text);
    };
    socket.setTimeout(waitMs, () => end(''));
    socket.on('error', () => end(''));
    socket.on('close', () => end(''));
    socket.once('data', (data) => end(data.toString('latin1')));
    socket.write(Buffer.from(request, 'latin1'));
  });
}
