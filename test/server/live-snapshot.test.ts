import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { fail, type Result, succeed } from '../../src/core/base/failure.ts';
import { LiveSnapshot, serially } from '../../src/server/live-snapshot.ts';

const INTERVAL_MS = 10_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A source that counts its readings and gives what `results` say, then success. */
function counted(results: Result<void>[] = []) {
  let readings = 0;
  const source = new LiveSnapshot(
    async () => {
      readings++;
      return results.shift() ?? succeed(undefined);
    },
    INTERVAL_MS,
    serially(),
    new AbortController().signal,
  );
  return { source, readings: () => readings };
}

test('nothing is read while nobody listens', async () => {
  const { source, readings } = counted();
  await vi.advanceTimersByTimeAsync(10 * INTERVAL_MS);
  source.listen(() => {})();
  await vi.advanceTimersByTimeAsync(10 * INTERVAL_MS);
  expect(readings()).toBe(0);
});

test('who listens soon waits for the rest of the interval, who listens late does not wait', async () => {
  const { source, readings } = counted();
  await vi.advanceTimersByTimeAsync(INTERVAL_MS - 1000);
  const stop = source.listen(() => {});
  await vi.advanceTimersByTimeAsync(999);
  expect(readings()).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(readings()).toBe(1);
  await vi.advanceTimersByTimeAsync(3 * INTERVAL_MS);
  expect(readings()).toBe(4);
  stop();
  await vi.advanceTimersByTimeAsync(5 * INTERVAL_MS);
  expect(readings()).toBe(4);
  source.listen(() => {});
  await vi.advanceTimersByTimeAsync(0);
  expect(readings()).toBe(5);
});

test('two who listen share readings, and one who stays still hears', async () => {
  const { source, readings } = counted();
  const heard: string[] = [];
  const stop = source.listen((event) => heard.push(`first ${event}`));
  source.listen((event) => heard.push(`second ${event}`));
  await vi.advanceTimersByTimeAsync(INTERVAL_MS);
  stop();
  await vi.advanceTimersByTimeAsync(INTERVAL_MS);
  expect(heard).toEqual(['first changed', 'second changed', 'second changed']);
  expect(readings()).toBe(2);
});

test('a source that is gone is told once, and that it is back', async () => {
  const gone = fail('unreadable', 'process 7 has ended');
  const { source } = counted([succeed(undefined), gone, gone]);
  const heard: string[] = [];
  source.listen((event) => heard.push(`${event}: ${source.failure?.message}`));
  await vi.advanceTimersByTimeAsync(4 * INTERVAL_MS);
  expect(heard).toEqual(['changed: undefined', 'gone: process 7 has ended', 'changed: undefined']);
});

test('readings never overlap, and the next one comes an interval after the end of a long one', async () => {
  const inTurn = serially();
  const log: string[] = [];
  for (const name of ['a', 'b']) {
    const read = async () => {
      log.push(`${name} begins`);
      await new Promise((resolve) => void setTimeout(resolve, 3 * INTERVAL_MS));
      log.push(`${name} ends`);
      return succeed(undefined);
    };
    new LiveSnapshot(read, INTERVAL_MS, inTurn, new AbortController().signal).listen(() => {});
  }
  await vi.advanceTimersByTimeAsync(9 * INTERVAL_MS);
  const once = ['a begins', 'a ends', 'b begins', 'b ends'];
  expect(log).toEqual([...once, 'a begins']);
});

test('the end of the server ends a reading, and nobody hears of it', async () => {
  const end = new AbortController();
  const heard: string[] = [];
  const inTurn = serially();
  const read = (signal: AbortSignal) =>
    new Promise<Result<void>>((_, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason as Error)),
    );
  new LiveSnapshot(read, INTERVAL_MS, inTurn, end.signal).listen((event) => heard.push(event));
  await vi.advanceTimersByTimeAsync(INTERVAL_MS);
  end.abort();
  await inTurn(async () => {});
  expect(heard).toEqual([]);
});
