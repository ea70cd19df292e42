import { expect, test } from 'vitest';
import { predictMemory } from '../../src/analysis/prediction.ts';
import { geometryOfPmdOrder, rangeBytes } from '../../src/core/memory/geometry.ts';
import { fullOccupancy } from '../../src/core/memory/occupancy.ts';
import { orderSet } from '../../src/core/memory/order.ts';
import { plainRange } from '../../src/core/memory/range-state.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { defaultSettings, type ThpSettings, withOrdersAlways } from '../../src/core/rules/thp-settings.ts';
import { ALGORITHMS } from '../../src/core/search/algorithms.ts';
import { DEFAULT_CALIBRATION } from '../../src/khugepaged/costs.ts';
import { loadMemory } from '../../src/simulation/load-memory.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { openSnapshotFile } from '../../src/snapshot/file.ts';
import { processItem, rangesItem, vmaItem } from '../analysis/streams.ts';
import { checkMachine } from '../support/machine/check.ts';
import { lastSample } from './scenarios.ts';

const model = KERNEL_MODELS['linux-7.2'];

async function recording() {
  const source = await openSnapshotFile('examples/redis.parquet');
  if (!source.ok) throw new Error(source.failure.message);
  return source.value;
}

test.each([
  ['the defaults', (settings: ThpSettings) => settings],
  [
    'all sizes and no hole filled',
    (settings: ThpSettings) => ({
      ...withOrdersAlways(settings, orderSet([2, 3, 4, 5, 6, 7, 8, 9])),
      maxPtesNone: 0,
    }),
  ],
  ['64K and 511', (settings: ThpSettings) => withOrdersAlways(settings, orderSet([4]))],
])('a first pass over a recording does what is predicted of it, under %s', async (_, change) => {
  const source = await recording();
  const { geometry } = source.host;
  const settings = change(defaultSettings(geometry));
  const runPolicy = { settings, model, algorithm: ALGORITHMS.walk, outcomes: [] };
  const { total } = await predictMemory(source.items(), geometry, runPolicy);

  const loaded = await loadMemory(source.items(), source.host, {
    model,
    calibration: DEFAULT_CALIBRATION,
    registered: 'all',
  });
  if (!loaded.ok) throw new Error(loaded.failure.message);
  const { host, unknown } = loaded.value;
  expect(unknown).toEqual([...total.unknown]);
  expect(host.processes[0].mm.rssPages).toBe(total.residentPages);
  host.applySettings(settings);
  const simulation = new Simulation(host, { seed: 1, until: 'settled', calibration: 'test' });
  while (simulation.fullScans === 0) simulation.step();
  const { activity } = host.daemon.control;
  const attempts = [...activity.attempts.values()].flatMap((results) => [...results.values()]);
  expect(attempts.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(total.attempts);
  expect([activity.filledPages, activity.swappedInPages]).toEqual([total.filledPages, total.swappedInPages]);
  const report = simulation.run();
  expect(report.ending).toBe('settled');
  expect(lastSample(report).rssPages).toBe(total.residentPages + total.filledPages);
  expect(checkMachine(host.system.machine)).toEqual([]);
});

test('more memory than can be simulated is refused once that is known, and not read to its end', async () => {
  const geometry = geometryOfPmdOrder(13);
  const range = plainRange(geometry, fullOccupancy(geometry), undefined);
  let read = 0;
  async function* items(): AsyncGenerator<MemoryItem> {
    yield processItem(1);
    yield vmaItem({ end: 2 ** 46 });
    for (; read < 10_000; read++) yield rangesItem({ ...range, address: read * rangeBytes(geometry) });
  }
  const { host } = await recording();
  const options = { model, calibration: DEFAULT_CALIBRATION, registered: 'all' } as const;
  const loaded = await loadMemory(items(), { ...host, geometry }, options);
  if (loaded.ok) throw new Error('it was simulated');
  expect(loaded.failure.kind).toBe('usage');
  expect(loaded.failure.message).toMatch(/more memory than the 2T that can be simulated/);
  expect(read).toBeLessThan(2000);
});
