import { expect, test } from 'vitest';
import { loadPerfCounters, scaledCount } from '../../src/linux/machine/perf-counters.ts';

const [EPERM, EACCES] = [1, 13];
const TASK_CLOCK = 1;

test('a counter of a thread counts what the thread does: its own time', async () => {
  const open = await loadPerfCounters();
  const counter = open?.({ type: 'software', config: TASK_CLOCK }, process.pid);
  if (counter === undefined || typeof counter === 'number') {
    // No koffi, or a machine that allows no perf events to this user.
    expect([undefined, EPERM, EACCES]).toContain(counter);
    return;
  }
  const first = counter.read() ?? Number.NaN;
  const before = process.cpuUsage().user;
  while (process.cpuUsage().user - before < 5000);
  expect(counter.read()).toBeGreaterThan(first + 1e6);
  counter.close();
});

test('what cannot be opened is an errno', async () => {
  const open = await loadPerfCounters();
  if (!open) return;
  const noSuchThread = 2 ** 30;
  expect(open({ type: 'software', config: TASK_CLOCK }, noSuchThread)).toBe(3);
});

// As read(2) hands them out: the count, nanoseconds enabled, nanoseconds running.
test.each([
  ['a counter that ran all the time', [1000n, 5_000_000n, 5_000_000n], 1000],
  ['one that had to share', [1000n, 6_000_000n, 2_000_000n], 3000],
  ['a thread that slept', [0n, 0n, 0n], 0],
  ['a counter that others held', [0n, 6_000_000n, 0n], undefined],
])('%s', (_, values, count) => {
  expect(scaledCount(BigUint64Array.from(values))).toBe(count);
});
