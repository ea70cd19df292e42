import { expect, test } from 'vitest';
import { emptyMemoryDigest } from '../../src/analysis/digest/memory-digest.ts';
import { passTime } from '../../src/analysis/metrics/pass-time.ts';
import { x86_64 } from '../../src/core/memory/geometry.ts';

const DEFAULT = { pagesToScan: 4096, scanSleepMs: 10_000, allocSleepMs: 60_000, defrag: true };

function passOver(ranges: number, pace = DEFAULT) {
  const memory = emptyMemoryDigest(x86_64, 1);
  memory.ranges = ranges;
  return passTime(memory, pace);
}

test('a pass takes a wake-up for every eight ranges by default', () => {
  expect(passOver(143)).toMatchObject({
    millisecs: 180_000,
    faster: { pagesToScan: 2 ** 17, millisecs: 10_000 },
  });
  expect(passOver(8)).toMatchObject({ millisecs: 10_000, faster: undefined });
  expect(passOver(0).millisecs).toBe(0);
});

test('a tuned pace is taken as it is, and no more is proposed than a core can bear', () => {
  expect(passOver(10_000, { ...DEFAULT, pagesToScan: 65_536, scanSleepMs: 1000 })).toMatchObject({
    millisecs: 79_000,
    faster: { pagesToScan: 2 ** 20, millisecs: 5000 },
  });
});
