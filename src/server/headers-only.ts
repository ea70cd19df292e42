import type { MiddlewareHandler } from 'hono';

/**
 * Answers HEAD as GET, without the body. A body that nobody reads would stay open for ever, and with it what
 * it is made of: files, and live sources that are read for it.
 */
export const headersOnly: MiddlewareHandler = async (c, next) => {
  await next();
  if (c.req.method !== 'HEAD' || !c.res.body) return;
  await c.res.body.cancel();
  c.res = new Response(null, c.res);
};
