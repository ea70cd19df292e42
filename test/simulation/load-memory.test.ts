import { expect, test } from 'vitest';
import { predictMemory } from '../../src/analysis/prediction/prediction.ts';
import type { CacheRange } from '../../src/core/memory/cache-range.ts';
import { geometryOfPmdOrder, rangeBytes } from '../../src/core/memory/geometry.ts';
import { emptyOccupancy, fullOccupancy, setPage } from '../../src/core/memory/occupancy.ts';
import { asOrder, orderSet } from '../../src/core/memory/order.ts';
import { plainRange } from '../../src/core/memory/range-state.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { Host, MemoryItem } from '../../src/core/rules/memory-source.ts';
import type { CachedFile } from '../../src/core/rules/page-cache.ts';
import type { ShmemSettings } from '../../src/core/rules/shmem-settings.ts';
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

test('files and shared memory that were recorded are in the page cache, and collapse as is predicted', async () => {
  const geometry = geometryOfPmdOrder(4);
  const range = rangeBytes(geometry);
  const file: CachedFile = {
    id: '0:1:2',
    kind: 'shared-anonymous',
    name: '/memfd:heap (deleted)',
    bytes: 4 * range,
  };
  const occupied = (pages: readonly number[]) => {
    const present = emptyOccupancy(geometry);
    for (const page of pages) setPage(present, page);
    return present;
  };
  const small = { geometry, swapPages: 0, folioOrders: new Uint8Array(16), dirtyPages: 0 };
  const huge = { ...small, present: fullOccupancy(geometry), folioOrders: new Uint8Array(16).fill(4) };
  const ranges: CacheRange[] = [
    { ...small, offset: 0, present: occupied([0, 3, 4, 9]), mappedPages: 6 },
    { ...huge, offset: range, mappedPages: 32 },
    { ...small, offset: 2 * range, present: occupied([1]), mappedPages: 1 },
  ];
  const mapping = { file: file.id, offset: 0 };
  const flags = ['rd', 'wr'];
  const mapped = (name: string, pid: number) => [
    processItem(pid, { command: name }),
    vmaItem({ start: 8 * range, end: 12 * range, anonymous: false, name: file.name, mapping, flags }),
  ];
  const items: MemoryItem[] = [
    ...mapped('one', 1),
    ...mapped('two', 2),
    { kind: 'file', file },
    { kind: 'cache-ranges', ranges },
  ];
  const settings = { ...defaultSettings(geometry), enabled: 'never' as const, maxPtesNone: 12 };
  const shmem: ShmemSettings = { enabled: 'always', sizes: new Map([[asOrder(4), 'inherit']]) };
  const host = { hostname: 'h', geometry, kernelRelease: '7.3.4', settings, shmem } as unknown as Host;
  async function* stream() {
    yield* items;
  }
  const loaded = await loadMemory(stream(), host, {
    model,
    calibration: DEFAULT_CALIBRATION,
    registered: 'auto',
  });
  if (!loaded.ok) throw new Error(loaded.failure.message);
  const { system, daemon, processes } = loaded.value.host;
  expect(checkMachine(system.machine)).toEqual([]);
  expect([system.machine.cache.pages, system.machine.cache.hugePages]).toEqual([21, 16]);
  expect(processes.map(({ mm }) => mm.fileRssPages)).toEqual([3 + 16 + 1, 3 + 16]);
  daemon.runUntil(1e9);
  // The first range grows by 12 and loses 6 PTEs; the last has too many holes.
  expect(system.machine.cache.pages).toBe(21 + 12);
  expect(processes.map(({ mm }) => mm.fileRssPages)).toEqual([16 + 1, 16]);
  expect(loaded.value.host.start?.otherBytes ?? 0).toBe(0);
  expect(checkMachine(system.machine)).toEqual([]);
});
