import { expect, test } from 'vitest';
import { counterGrowth, otherGrowth, sizeCounters } from '../../../src/analysis/watch/counters.ts';
import { RoundClock, roundByPace } from '../../../src/analysis/watch/round-time.ts';
import { x86_64 } from '../../../src/core/memory/geometry.ts';

test('counters grow; gauges, and counters of one reading only, are none', () => {
  const before = {
    'vmstat/thp_fault_alloc': 5,
    'hugepages-64kB/stats/nr_anon': 9,
    'khugepaged/full_scans': 2 ** 32 - 1,
  };
  const after = {
    'vmstat/thp_fault_alloc': 8,
    'hugepages-64kB/stats/nr_anon': 1,
    'khugepaged/full_scans': 1,
    'vmstat/thp_new': 7,
  };
  expect(counterGrowth(before, after)).toEqual({ 'vmstat/thp_fault_alloc': 3, 'khugepaged/full_scans': 2 });
});

test('a size has what the kernel counts of it; sums of vmstat are of the PMD size', () => {
  const sizes = sizeCounters(
    {
      'hugepages-64kB/stats/anon_fault_alloc': 4,
      'hugepages-64kB/stats/collapse_alloc': 3,
      'vmstat/thp_collapse_alloc': 2,
    },
    x86_64,
  );
  const of = (order: number) => sizes.find((size) => size.order === order);
  expect(of(4)).toMatchObject({ faults: 4, collapseAllocations: 3, splits: undefined });
  expect(of(9)).toMatchObject({ faults: undefined, collapseAllocations: 2 });
});

test('what no column has is listed', () => {
  expect(
    otherGrowth({
      'vmstat/thp_fault_alloc': 1,
      'hugepages-64kB/stats/split': 1,
      'khugepaged/full_scans': 1,
      'vmstat/compact_stall': 3,
      'vmstat/thp_split_pmd': 0,
    }),
  ).toEqual([['vmstat/compact_stall', 3]]);
});

test('a round is measured from the end of one to that of the next', () => {
  const clock = new RoundClock();
  clock.add(2 ** 32 - 1, 0);
  clock.add(2 ** 32 - 1, 1000);
  expect(clock.at(1000)).toEqual({ rounds: 0, measuredMs: undefined, leftMs: undefined });
  clock.add(0, 3000);
  expect(clock.at(3500)).toEqual({ rounds: 1, measuredMs: undefined, leftMs: undefined });
  clock.add(2, 23_000);
  expect(clock.at(26_000)).toEqual({ rounds: 3, measuredMs: 10_000, leftMs: 7000 });
  expect(clock.at(99_000).leftMs).toBe(0);
});

test('a round by the pace is wake-ups times sleep', () => {
  const pace = { pagesToScan: 4096, scanSleepMs: 10_000, allocSleepMs: 60_000, defrag: true };
  expect(roundByPace(4097, pace)).toBe(20_000);
  expect(roundByPace(0, pace)).toBe(0);
});
