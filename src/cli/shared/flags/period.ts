import { setTimeout as sleep } from 'node:timers/promises';
import { parseDuration } from '../../../core/base/duration.ts';
import { fail, type Result, succeed } from '../../../core/base/failure.ts';
import { type Context, reportFailure } from '../context.ts';

const SHORTEST_PERIOD_MS = 10_000;

/** Reads --every in milliseconds; undefined where it is not given: then there is one reading. */
export function parsePeriod(every: string | undefined): Result<number | undefined> {
  if (every === undefined) return succeed(undefined);
  const ms = (parseDuration(every) ?? 0) / 1e6;
  if (ms >= SHORTEST_PERIOD_MS) return succeed(ms);
  return fail('usage', `--every ${every}: write a time of at least 10s, such as 10m or 1h`);
}

/**
 * Reads once, or without end in each period until the signal comes. What fails then is said, for it may do in
 * an hour; but what was asked for wrongly never will, and ends it.
 */
export async function readEvery(
  context: Context,
  periodMs: number | undefined,
  signal: AbortSignal,
  read: () => Promise<Result<void>>,
): Promise<Result<void>> {
  if (periodMs === undefined) return read();
  for (let next = performance.now(); ; ) {
    const done = await read();
    if (!done.ok && done.failure.kind === 'usage') return done;
    if (!done.ok) reportFailure(context, done.failure);
    while (next <= performance.now()) next += periodMs;
    await sleep(next - performance.now(), undefined, { signal }).catch(() => {});
    signal.throwIfAborted();
  }
}
