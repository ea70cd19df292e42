import { expect, test } from 'vitest';
import type { WatchReport, WatchStart } from '../../src/analysis/watch/report.ts';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';
import { watchFrame, watchLines } from '../../src/render/text/diff/watch.ts';
import { styleOf } from '../../src/render/text/layout/style.ts';

const settings = defaultSettings(x86_64);

const START: WatchStart = {
  host: {
    name: 'box',
    bootId: '',
    kernelRelease: '7.3.4',
    time: '2026-11-27T10:00:00.000Z',
    geometry: x86_64,
    settings,
  },
  origins: [
    { source: '--all', live: true, host: 'box', kernelRelease: '7.3.4', time: '2026-11-27T10:00:00.000Z' },
  ],
  everyMs: 1000,
  traced: ['mm_collapse_huge_page'],
  policy: undefined,
};

const sums = (succeeded: number) => ({
  events: 90,
  scanned: 12,
  scannedByOthers: 3,
  refused: new Map([
    ['SCAN_PMD_MAPPED', 2],
    ['SCAN_PAGE_COUNT', 7],
    ['SCAN_NO_PTE_TABLE', 8],
  ]),
  attempts: new Map([
    [
      4,
      {
        succeeded,
        failed: new Map([
          ['SCAN_EXCEED_SHARED_PTE', 1200],
          ['SCAN_PTE_MAPPED_HUGEPAGE', 40],
        ]),
      },
    ],
    [9, { succeeded: 2, failed: new Map() }],
  ]),
  swappedIn: 5,
});

const REPORT: WatchReport = {
  time: '2026-11-27T10:01:30.000Z',
  elapsedMs: 90_400,
  intervalMs: 1000,
  geometry: x86_64,
  settings,
  changedSettings: [
    { file: 'khugepaged/pages_to_scan', before: '4096', after: '8192', atMs: 20_000 },
    { file: 'enabled', before: 'madvise', after: 'always', atMs: 90_400 },
  ],
  sinceStart: {
    'khugepaged/pages_collapsed': 4,
    'khugepaged/full_scans': 3,
    'hugepages-64kB/stats/collapse_alloc': 1230,
    'hugepages-64kB/stats/anon_fault_alloc': 0,
    'hugepages-2048kB/stats/split': 1,
    'vmstat/compact_stall': 3,
  },
  inInterval: {
    'khugepaged/pages_collapsed': 1,
    'khugepaged/full_scans': 0,
    'hugepages-64kB/stats/collapse_alloc': 30,
    'hugepages-64kB/stats/anon_fault_alloc': 0,
    'hugepages-2048kB/stats/split': 0,
    'vmstat/compact_stall': 2,
  },
  pace: { pagesToScan: 8192, scanSleepMs: 10_000, allocSleepMs: 60_000, defrag: true },
  khugepaged: 'runs',
  round: { rounds: 3, measuredMs: 25_000, leftMs: 7000 },
  roundByPaceMs: 40_000,
  trace: {
    total: sums(30),
    interval: sums(1),
    lost: [{ cpu: 3, events: 4567 }],
    place: { pid: 7, command: 'redis\u001b[31m' },
    processes: [
      { pid: 7, command: 'redis\u001b[31m', hasEnded: false, scanned: 12, collapsed: 32, failed: 1200 },
      { pid: undefined, command: undefined, hasEnded: false, scanned: 3, collapsed: 0, failed: 0 },
    ],
  },
  ended: [{ pid: 9, command: 'job', atMs: 90_400 }],
  foretold: undefined,
  timed: { scans: 40, scanNs: 9100, sizes: [{ order: 4, count: 9, pages: 14, ns: 12_000 }] },
};

test('the screen says what, of whom, and what it does not know', () => {
  expect(watchFrame(START, REPORT, styleOf(false)).join('\n')).toMatchInlineSnapshot(`
    "thpscope watch --all: box, Linux 7.3.4; every 1s
    1m 30s since the start; in force: enabled always, sizes: 2M inherit; max_ptes_none 511
      khugepaged/pages_to_scan 4096 -> 8192, 1m 10s ago
      enabled madvise -> always, just now
      process 9 (job) has ended

    khugepaged
      place         7 redis\\x1b[31m
      pace          8,192 PTEs, then 10s of sleep
      rounds        3 since the start, one takes 25s; the next ends in about 7s
      collapsed     4 (+1) ranges of all processes

    counters of the whole machine, whoever did it: since the start (and in the last 1s)
      SIZE  FAULTS  FAILED  FOR COLLAPSE  FAILED  SPLIT  FAILED
        2M       -       -             -       -      1       -
       64K       0       -   1,230 (+30)       -      -       -
      FOR COLLAPSE are allocations: attempts may fail after them; no counter tells collapses by size
      vmstat/compact_stall 3 (+2)

    trace events of anonymous memory: 90 since the start, 4,567 lost (4,567 on CPU 3): sums are too small
      looked at     12 ranges by khugepaged, 3 by MADV_COLLAPSE
      collapsed     2 to 2M, 30 to 64K
      failed        to 64K: 1,200 SCAN_EXCEED_SHARED_PTE
      refused       before any attempt: 7 SCAN_PAGE_COUNT
      huge already  2 SCAN_PMD_MAPPED; windows of 64K: 40 SCAN_PTE_MAPPED_HUGEPAGE
      empty         8 SCAN_NO_PTE_TABLE
      swapped in    5 pages
      takes         a scan 9.1us (median of 40); a collapse to 64K 12us with 14 pages to copy (medians of 9)
      PID  COMMAND               LOOKED AT  COLLAPSED  FAILED
        7  redis\\x1b[31m                12         32   1,200
        -  others, or not known          3          0       0

    nothing is predicted: the memory may not be read by this user"
  `);
});

test('a line says what happened in the interval', () => {
  expect(watchLines(REPORT)).toMatchInlineSnapshot(`
    "10:01:30 process 9 (job) has ended; enabled madvise -> always; 30 of 64K allocated for collapses; 1 range collapsed (counter); 12 ranges scanned; 3 ranges scanned by MADV_COLLAPSE; huge already: 2 SCAN_PMD_MAPPED; empty: 8 SCAN_NO_PTE_TABLE; 2 collapsed to 2M; 1 collapsed to 64K; to 64K failed: 1,200 SCAN_EXCEED_SHARED_PTE; refused: 7 SCAN_PAGE_COUNT
    "
  `);
});

test('an interval in which nothing happened has no line', () => {
  const quiet = { ...REPORT, inInterval: {}, trace: undefined, changedSettings: [], ended: [] };
  expect(watchLines(quiet)).toBe('');
});
