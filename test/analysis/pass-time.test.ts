import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DigestCollector } from '../../src/analysis/digest/digest-collector.ts';
import { addMemoryDigest, emptyMemoryDigest } from '../../src/analysis/digest/memory-digest.ts';
import { scannedRanges } from '../../src/analysis/digest/scanned-ranges.ts';
import { passTime } from '../../src/analysis/metrics/pass-time.ts';
import { predictMemory } from '../../src/analysis/prediction/prediction.ts';
import { geometryOfPmdOrder, x86_64 } from '../../src/core/memory/geometry.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { enabledOrders } from '../../src/core/rules/thp-settings.ts';
import { ALGORITHMS } from '../../src/core/search/algorithms.ts';
import '../support/seed.ts';
import { runPolicies, streams } from './arbitraries.ts';
import { streamOf } from './streams.ts';

const DEFAULT = { pagesToScan: 4096, scanSleepMs: 10_000, allocSleepMs: 60_000, defrag: true };

function passOver(ranges: number, pace = DEFAULT) {
  return passTime(ranges, x86_64, pace);
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

test('a pass is over the ranges that predict says khugepaged scans; under madvise alone at most so many', async () => {
  const geometry = geometryOfPmdOrder(4);
  const model = KERNEL_MODELS['linux-7.3'];
  let fewer = 0;
  await fc.assert(
    fc.asyncProperty(streams(geometry), runPolicies(geometry), async (items, drawn) => {
      const asked = { ...drawn, model, algorithm: ALGORITHMS.walk, outcomes: [] };
      const { total } = await predictMemory(streamOf(items), geometry, asked);
      const collector = new DigestCollector(geometry, 1);
      for (const item of items) collector.add(item);
      const memory = emptyMemoryDigest(geometry, 1);
      for (const each of collector.finish()) addMemoryDigest(memory, each.memory);
      const scanned = scannedRanges(memory, asked.settings, model);
      const ofAll = enabledOrders(asked.settings, false, geometry);
      if (ofAll === 0) expect(scanned).toBeGreaterThanOrEqual(total.scanned);
      else expect(scanned).toBe(total.scanned);
      if (scanned < memory.ranges) fewer++;
    }),
    { numRuns: 150 },
  );
  expect(fewer).toBeGreaterThan(0);
});
