import { describe, expect, test } from 'vitest';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { event, lastSample, onPages, runScenario, S, small, stageOf, wantHuge } from './scenarios.ts';

const RANGE = 512;
const filled = [event(0, onPages('touch')), event(S, wantHuge)];

describe('a run until nothing changes', () => {
  test('collapses all that it may, and knows when the last window was', () => {
    const report = runScenario(small(filled));
    expect(report.ending).toBe('settled');
    expect(lastSample(report)).toMatchObject({
      attempts: 8,
      collapses: 8,
      copiedPages: 8 * RANGE,
      filledPages: 0,
    });
    expect(lastSample(report).pagesByOrder[9]).toBe(8 * RANGE);
    // The list was empty until madvise, so that it wakes khugepaged at once; a wake-up scans eight ranges.
    expect(report.convergedNs).toBeGreaterThan(S);
    expect(report.convergedNs).toBeLessThan(1.1 * S);
    expect(report.ranNs).toBeGreaterThan(20 * S);
  });

  test('ends at once where khugepaged has nothing to do', () => {
    const report = runScenario(small([event(0, onPages('touch'))]));
    expect(report).toMatchObject({ ending: 'settled', convergedNs: 0, passes: 0 });
    const off = runScenario(small(filled, { settings: [{ file: 'enabled', value: 'never' }] }));
    expect(off).toMatchObject({ ending: 'settled', passes: 0 });
  });

  test('waits for events that are still to come', () => {
    const later = event(500 * S, onPages('dontneed', { density: 0.5 }));
    const report = runScenario(small([...filled, later]));
    expect(report.convergedNs).toBeGreaterThan(500 * S);
    expect(lastSample(report).filledPages).toBeGreaterThan(6 * RANGE * 0.5);
  });
});

test('a run for a time ends then, whatever is left to do', () => {
  const report = runScenario(small(filled, { until: 0.5 * S }));
  expect(report).toMatchObject({ ending: 'time', passes: 0 });
  expect(report.ranNs).toBeGreaterThanOrEqual(0.5 * S);
});

describe('the steady state', () => {
  const mthp = [
    { file: 'enabled', value: 'never' },
    { file: 'hugepages-64kB/enabled', value: 'madvise' },
    { file: 'khugepaged/max_ptes_none', value: '0' },
  ];

  test('with a size below the PMD size every later pass allocates, flushes and throws away', () => {
    const report = runScenario(small(filled, { settings: mthp }));
    const windows = (8 * RANGE) / 16;
    expect(lastSample(report).collapses).toBe(windows);
    const { steadyPass } = report;
    expect(steadyPass?.attempts).toEqual(new Map([[4, new Map([['SCAN_PTE_MAPPED_HUGEPAGE', windows]])]]));
    expect(steadyPass?.allocations[4]).toBe(windows);
    expect(steadyPass).toMatchObject({ flushes: windows, writeLockHolds: windows, copiedPages: 0 });
    expect(steadyPass?.writeLockNs).toBeGreaterThan(windows * 2000);
  });

  test('with the PMD size it costs a look at each range', () => {
    const { steadyPass } = runScenario(small(filled));
    expect(steadyPass).toMatchObject({ flushes: 0, writeLockHolds: 0, scannedPtes: 0 });
    expect(steadyPass?.attempts.size).toBe(0);
  });

  test('a kernel without mm_khugepaged_scan has passes too', () => {
    const report = runScenario(small(filled, { kernel: 'linux-6.18' }));
    expect(report.ending).toBe('settled');
    expect(report.passes).toBeGreaterThanOrEqual(3);
    expect(lastSample(report).collapses).toBe(8);
  });
});

test('creep: with scaled limits a range climbs one size a pass, and is copied each time', () => {
  const settings = [
    { file: 'enabled', value: 'madvise' },
    ...[16, 32, 64, 128, 256, 512, 1024].map((kb) => ({
      file: `hugepages-${kb}kB/enabled`,
      value: 'inherit',
    })),
    { file: 'khugepaged/max_ptes_none', value: '256' },
  ];
  // Two pages at the start of the first range: half of the smallest window.
  const events = [event(0, onPages('touch', { bytes: 8192 })), event(S, wantHuge)];
  const { creep } = runScenario(small(events, { settings, kernel: 'scaled' }));
  expect(creep.ranges).toBe(1);
  expect(creep.worst?.steps.map(({ order }) => order)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  const passes = creep.worst?.steps.map(({ pass }) => pass) as number[];
  expect(passes.map((pass) => pass - passes[0])).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  expect(creep.recopiedPages).toBe(4 + 8 + 16 + 32 + 64 + 128 + 256);
  const today = runScenario(small(events, { settings }));
  expect(today.creep).toMatchObject({ ranges: 0, recopiedPages: 0, worst: undefined });
});

test('the same seed gives the same run, another seed another', () => {
  const events = [event(0, onPages('touch', { density: 0.3 })), event(S, wantHuge)];
  const text = (seed: number) => {
    const lines: string[] = [];
    const simulation = new Simulation(stageOf(small(events), seed), {
      seed: 0,
      until: 'settled',
      calibration: 'test',
      onTrace: (at, line) => lines.push(`${at} ${line}`),
    });
    return JSON.stringify(simulation.run()) + lines.join('\n');
  };
  expect(text(1)).toBe(text(1));
  expect(text(1)).not.toBe(text(2));
});

test('samples are even in time, and few, however long the run', () => {
  const { samples } = runScenario(small(filled, { until: 4 * 3600 * S }));
  expect(samples.length).toBeGreaterThan(200);
  expect(samples.length).toBeLessThan(520);
  const steps = new Set(samples.slice(1, -1).map(({ at }, i) => at - samples[i].at));
  expect(steps.size).toBeLessThanOrEqual(3);
  expect(samples[0]).toMatchObject({ at: 0, rssPages: 8 * RANGE });
});

test('a model of another version is another daemon', () => {
  expect(stageOf(small(filled, { kernel: 'linux-6.18' })).system.model).toBe(KERNEL_MODELS['linux-6.18']);
});
