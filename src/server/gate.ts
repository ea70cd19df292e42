import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context, MiddlewareHandler } from 'hono';

/**
 * What the page may load: its own scripts and styles, its workers, this server; nothing of any other host.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  'worker-src blob:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const HEADERS: readonly (readonly [name: string, value: string])[] = [
  ['Content-Security-Policy', CONTENT_SECURITY_POLICY],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
  ['Referrer-Policy', 'no-referrer'],
  ['X-Content-Type-Options', 'nosniff'],
];

/**
 * Lets through what is asked of this machine: GET and HEAD, under a name that is its own (a name of somebody
 * else's may resolve to 127.0.0.1). `hint` says where the right address is to be found; the port is read when
 * the first request comes.
 */
export function ownMachine(port: () => number, hint: string): MiddlewareHandler {
  return async (c, next) => {
    const refusal = refusalOf(c, port(), hint);
    if (refusal) c.res = refusal;
    else await next();
    for (const [name, value] of HEADERS) c.res.headers.set(name, value);
    if (!c.res.headers.has('Cache-Control')) c.res.headers.set('Cache-Control', 'no-store');
  };
}

/** Lets through what comes from a page of this server: it knows the token, below which everything is. */
export function belowToken(token: string, hint: string): MiddlewareHandler {
  return async (c, next) => {
    const given = c.req.path.split('/', 2)[1];
    if (sameText(given, token)) return next();
    c.res = notFound(c, hint);
  };
}

/** The answer to whoever does not know the token, or asks for what is not there. */
export function notFound(c: Context, hint: string): Response {
  return c.text(`thpscope: nothing here; ${hint}\n`, 404);
}

function refusalOf(c: Context, port: number, hint: string): Response | undefined {
  if (c.req.method !== 'GET' && c.req.method !== 'HEAD')
    return c.text('thpscope: this server only answers GET and HEAD\n', 405, { Allow: 'GET, HEAD' });
  // A browser leaves the port out where it is the usual one, and so does URL.
  const hosts = ['127.0.0.1', 'localhost'].map((name) => new URL(`http://${name}:${port}`).host);
  // A request to a proxy names its host in the address, which goes before the header; both may be no host.
  const named = [c.req.header('host') ?? '', URL.canParse(c.req.url) ? new URL(c.req.url).host : ''];
  if (named.every((host) => hosts.includes(host))) return undefined;
  return c.text(`thpscope: this server is only known as ${hosts.join(' and ')}; ${hint}\n`, 403);
}

/** Takes as long for a near guess as for a wild one. */
function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
