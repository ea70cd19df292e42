import { describe, expect, test } from 'vitest';
import { ProcessWatch } from '../../src/analysis/ranges/process-watch.ts';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { Host, MemoryItem, Process } from '../../src/core/rules/memory-source.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';
import { DEFAULT_CALIBRATION } from '../../src/khugepaged/costs.ts';
import { loadMemory } from '../../src/simulation/load-memory.ts';
import type { Registered } from '../../src/simulation/memory-start.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { rangeOf, valueOf } from '../support/ranges.ts';
import { event, lastSample, MIB, onPages, runScenario, S, small, wantHuge } from './scenarios.ts';

const RANGE = 2 * MIB;

const HOST: Host = {
  name: 'host',
  bootId: 'boot',
  kernelRelease: '7.2.0',
  time: '2026-01-01T00:00:00Z',
  geometry: x86_64,
  settings: { ...defaultSettings(x86_64), enabled: 'always' },
};

/** A process with eight ranges of 60 pages each, from an address on. */
async function* sparse(process: Partial<Process> = {}, start = 0x7f00_0000_0000): AsyncGenerator<MemoryItem> {
  const facts = { pid: 1, startTime: 1, command: 'sparse', cgroup: '/', thpDisabled: false };
  yield { kind: 'process', process: { ...facts, ...process } };
  const flags = ['rd', 'wr'];
  const vma = { start, end: start + 8 * RANGE, name: '', anonymous: true, flags };
  yield { kind: 'vma', vma: { ...vma, thpEligible: undefined, rssBytes: 8 * 60 * 4096, swapBytes: 0 } };
  const shared = { zero: '', shared: '', unreferenced: '', pinned: '', lazyfree: '', locked: '' };
  const ranges = Array.from({ length: 8 }, (_, i) =>
    rangeOf({ ...shared, present: '0-59', uffd: '', guard: '', address: start + i * RANGE }),
  );
  yield { kind: 'ranges', ranges };
}

async function simulate(
  items: AsyncIterable<MemoryItem>,
  source: Host = HOST,
  registered: Registered = 'auto',
  settings = source.settings,
) {
  const options = { model: KERNEL_MODELS['linux-7.2'], calibration: DEFAULT_CALIBRATION, registered };
  const { host } = valueOf(await loadMemory(items, source, options));
  if (settings) host.applySettings(settings);
  return new Simulation(host, { seed: 1, until: 'settled', calibration: 'test' }).run();
}

describe('control groups', () => {
  const used = 8 * 60 * 4096;
  const within = (groups: Process['memoryGroups']) => simulate(sparse({ memoryGroups: groups }));

  test('of which the limit is 5M above what is used have room for two of eight collapses', async () => {
    const report = await within([{ path: '/app', limitBytes: used + 5 * MIB, usedBytes: used }]);
    expect(lastSample(report).collapses).toBe(2);
    expect(lastSample(report).failures.SCAN_CGROUP_CHARGE_FAIL).toBeGreaterThan(0);
    expect(report.start?.groups).toHaveLength(1);
  });

  test('above the innermost one count as well, and so does what else they hold', async () => {
    const report = await within([
      { path: '/slice/app', limitBytes: used + 500 * MIB, usedBytes: used },
      { path: '/slice', limitBytes: used + 105 * MIB, usedBytes: used + 100 * MIB },
    ]);
    expect(lastSample(report).collapses).toBe(2);
  });

  test('that are not limited let everything collapse', async () => {
    expect(lastSample(await within([])).collapses).toBe(8);
  });
});

describe("khugepaged's list at the start", () => {
  const off: Host = { ...HOST, settings: { ...defaultSettings(x86_64), enabled: 'never' } };

  test('has those that the settings in force can have put there', async () => {
    const report = await simulate(sparse());
    expect([lastSample(report).collapses, report.start?.unvisited]).toEqual([8, []]);
  });

  test('has nobody who was started while all sizes were off, whatever is switched on later', async () => {
    const report = await simulate(sparse(), off, 'auto', HOST.settings);
    expect([lastSample(report).collapses, report.start?.unvisited]).toEqual([0, ['sparse']]);
  });

  test('is as it is asked for', async () => {
    expect(lastSample(await simulate(sparse(), off, 'all', HOST.settings)).collapses).toBe(8);
    expect(lastSample(await simulate(sparse(), HOST, 'none')).collapses).toBe(0);
  });

  test('has everybody where no settings are known', async () => {
    const report = await simulate(sparse(), { ...HOST, settings: undefined }, 'auto', HOST.settings);
    expect(lastSample(report).collapses).toBe(8);
  });
});

test("khugepaged works at the pace of the machine that was read, or at Linux's where nothing says", async () => {
  const pace = { pagesToScan: 65536, scanSleepMs: 1000, allocSleepMs: 2000, defrag: false };
  const report = await simulate(sparse(), { ...HOST, khugepaged: pace });
  expect(report).toMatchObject({ pagesToScan: 65536, scanSleepMs: 1000, start: { pace } });
  expect(await simulate(sparse())).toMatchObject({ pagesToScan: 4096, scanSleepMs: 10_000 });
});

test('addresses of five levels of page tables are simulated, those of the kernel left out', async () => {
  const report = await simulate(sparse({}, 0xff_ffff_c000_0000));
  expect(lastSample(report)).toMatchObject({ collapses: 8, rssPages: 8 * 512 });

  async function* withKernel(): AsyncGenerator<MemoryItem> {
    yield* sparse();
    for await (const item of sparse({}, 0xffff_ffff_8000_0000)) if (item.kind !== 'process') yield item;
  }
  expect(lastSample(await simulate(withKernel()))).toMatchObject({ collapses: 8, rssPages: 8 * 512 });
});

test('the settings that are reported are those of the start, and what changed them is listed', () => {
  const limit = { file: 'khugepaged/max_ptes_none', value: '409' };
  const wrong = { file: 'khugepaged/max_ptes_none', value: '512' };
  const events = [
    event(0, onPages('touch', { density: 0.5 })),
    event(1, wantHuge),
    event(60 * S, { do: 'set', setting: limit }),
    event(61 * S, { do: 'set', setting: { file: 'khugepaged/pages_to_scan', value: '8192' } }),
  ];
  const report = runScenario(small(events));
  expect(report).toMatchObject({ settings: { maxPtesNone: 511 }, pagesToScan: 4096, start: undefined });
  expect(report.settingChanges).toEqual([
    { at: 60 * S, ...limit },
    { at: 61 * S, file: 'khugepaged/pages_to_scan', value: '8192' },
  ]);
  expect(() => runScenario(small([event(0, { do: 'set', setting: wrong })]))).toThrow(/does not accept/);
});

test('prctl "except advised" that smaps shows under the settings in force keeps memory as it is', async () => {
  async function* items(thpEligible: boolean): AsyncGenerator<MemoryItem> {
    for await (const item of sparse())
      yield item.kind === 'vma' ? { kind: 'vma', vma: { ...item.vma, thpEligible } } : item;
  }
  const collapses = async (thpEligible: boolean) => {
    const model = KERNEL_MODELS['linux-7.2'];
    const watch = new ProcessWatch(HOST, model, x86_64);
    const { host } = valueOf(
      await loadMemory(watch.watch(items(thpEligible)), HOST, {
        model,
        calibration: DEFAULT_CALIBRATION,
        registered: 'all',
        isExceptAdvised: (process) => watch.isExceptAdvised(process),
      }),
    );
    return lastSample(new Simulation(host, { seed: 1, until: 'settled', calibration: 'test' }).run())
      .collapses;
  };
  expect(await collapses(true)).toBe(8);
  expect(await collapses(false)).toBe(0);
});
