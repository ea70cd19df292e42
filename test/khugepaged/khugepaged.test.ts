import { describe, expect, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import type { Order } from '../../src/core/memory/order.ts';
import { processAct } from '../../src/khugepaged/process-acts.ts';
import { scanMmSlot } from '../../src/khugepaged/scan-mm-slot.ts';
import { ThpSysfs } from '../../src/khugepaged/thp-sysfs.ts';
import { touch } from '../../src/machine/fault/fault.ts';
import { mmap } from '../../src/machine/page-tables/address-space.ts';
import type { Mm } from '../../src/machine/page-tables/mm.ts';
import { madviseHugepage, madviseNohugepage } from '../../src/machine/processes/madvise.ts';
import { contents } from '../machine/world.ts';
import { populate, quietly } from './populate.ts';
import { PAGE, SECOND, World, type WorldOptions } from './world.ts';

test('one process, one range: the daemon wakes, scans and collapses', () => {
  const world = new World({ sizes: { 4: 'madvise' } });
  const { machine, daemon, range } = world;
  const mm = machine.createMm('one');
  const start = mmap(machine, mm, { bytes: range });
  madviseNohugepage(machine, mm, start, range);
  touch(machine, mm, start, 5 * PAGE, 7);
  madviseHugepage(machine, mm, start, range);
  expect(daemon.list.length).toBe(1);
  world.run(SECOND);
  world.expectSound();
  expect(world.lines()).toEqual([
    'mm_collapse_huge_page_isolate: scan_pfn=0x204, none_or_zero=11, referenced=5, status=succeeded, order=4',
    'mm_collapse_huge_page: isolated=1, status=succeeded, order=4',
    'mm_khugepaged_scan_pmd: scan_pfn=0x204, referenced=5, none_or_zero=11, status=succeeded, unmapped=0',
    'mm_khugepaged_scan: progress=17, full_scan_finished=0',
    'mm_khugepaged_scan: progress=1, full_scan_finished=1',
  ]);
  expect(daemon.counts).toEqual({ fullScans: 1, pagesCollapsed: 1 });
  expect(contents(machine, mm, start, 16)).toEqual([...Array(5).fill(7), ...Array(11).fill(0)]);
  expect(mm.rssPages).toBe(16);
  world.run(20 * SECOND);
  world.expectSound();
  expect(daemon.counts.fullScans).toBe(3);
  expect(world.statuses()).toEqual(['SCAN_SUCCEED', 'SCAN_PMD_MAPPED', 'SCAN_PMD_MAPPED']);
});

const GiB = 2 ** 30;

/**
 * A machine with default settings and a process that has touched so much memory page by page; registered now.
 */
function touched(bytes: number): { world: World; mm: Mm } {
  const pages = Math.ceil((bytes * 1.02) / PAGE / 1024) * 1024 + 4096;
  const world = new World({ geometry: x86_64, nodes: [pages], swapPages: 0 });
  world.system.trace = undefined;
  const mm = world.machine.createMm('touched');
  quietly(world, () => {
    touch(world.machine, mm, mmap(world.machine, mm, { bytes }), bytes);
  });
  world.machine.hooks.enterVma?.(mm, mm.areas.all()[0]);
  return { world, mm };
}

/** Seconds until full_scans is 1, at the exactness of one wake-up. */
function secondsToFullScan(world: World): number {
  const { timeline } = world.system;
  while (world.daemon.counts.fullScans === 0) world.run(SECOND);
  return timeline.now / SECOND;
}

/**
 * Default settings: each range that is considered costs 512 and its visit 1, so that a wake-up with 4096 to
 * scan does 8 of them (7 * 513 = 3591 is below the limit, 8 * 513 is not), and the next begins 10 s after it
 * ends. The pass ends in the wake-up after the one with the last range.
 */
function expectedSeconds(bytes: number): number {
  const wakeUps = bytes / (2 * 2 ** 20) / 8;
  return wakeUps * 10;
}

describe('default settings', () => {
  test('scan 1 GiB of touched memory in 640 s and the time of the wake-ups', () => {
    const { world, mm } = touched(GiB);
    const seconds = secondsToFullScan(world);
    const worked = world.daemon.control.activity.totalCpuNs / SECOND;
    expect(expectedSeconds(GiB)).toBe(640);
    expect(seconds).toBeGreaterThanOrEqual(640 + worked - 0.1);
    expect(seconds).toBeLessThan(641 + worked);
    // The wake-up that finds the end goes on: all is mapped by PMDs now, 1 for each, so that it does a whole
    // pass more.
    expect(world.daemon.counts).toEqual({ fullScans: 2, pagesCollapsed: 512 });
    expect([...mm.pmds.values()].every(({ ptes }) => ptes.length === 0)).toBe(true);
    world.run(11 * SECOND);
    expect(world.daemon.counts.fullScans).toBe(3);
  });

  test('scan 64 GiB of touched ranges in 40,960 s and the time of the wake-ups', () => {
    const world = new World({ geometry: x86_64, nodes: [131_072], swapPages: 0 });
    const { machine } = world;
    world.system.trace = undefined;
    // One page of each range, and no charge for more: the outcome of an attempt does not count.
    const memcg = machine.createMemcg('full', 32_768);
    const mm = machine.createMm('touched', { memcg });
    quietly(world, () => {
      const start = mmap(machine, mm, { bytes: 64 * GiB });
      for (let i = 0; i < 32_768; i++) touch(machine, mm, start + i * world.range, PAGE);
    });
    machine.hooks.enterVma?.(mm, mm.areas.all()[0]);
    const seconds = secondsToFullScan(world);
    const { totalCpuNs, ranges } = world.daemon.control.activity;
    const worked = totalCpuNs / SECOND;
    expect(expectedSeconds(64 * GiB)).toBe(40_960);
    expect(seconds).toBeGreaterThanOrEqual(40_960 + worked - 0.1);
    expect(seconds).toBeLessThan(40_961 + worked);
    expect(ranges.get('SCAN_CGROUP_CHARGE_FAIL')).toBeGreaterThanOrEqual(32_768);
  });
});

describe('progress of one visit (collapse_scan_mm_slot)', () => {
  /**
   * Ranges: PMD mapped, a hole at page 2, no page table. Then areas: not eligible, and without a whole range.
   */
  function progress(options: WorldOptions): number {
    const world = new World({ limits: { maxPtesNone: 0 }, ...options });
    const { machine, range, daemon } = world;
    const { mm, start } = populate(world, {}, { bytes: 3 * range });
    mm.areas.all()[0].hasAnonVma = true;
    const { settings } = machine;
    machine.settings = { ...settings, sizes: new Map([[4 as Order, 'always']]) };
    touch(machine, mm, start, range);
    machine.settings = settings;
    populate(world, { present: '0-1,3-15' }, { mm, address: start + range, bytes: range });
    populate(world, { present: 'all' }, { mm, address: start + 4 * range, bytes: range });
    madviseNohugepage(machine, mm, start + 4 * range, range);
    populate(world, { present: '0-9' }, { mm, address: start + 6 * range + PAGE, bytes: 10 * PAGE });
    const visit = scanMmSlot(daemon.control, daemon.list, daemon.counts, 1e9);
    world.expectSound();
    expect(daemon.list.cursor.mm).toBeUndefined();
    return visit.progress;
  }

  test('is the PTEs looked at, 1 for the visit, a range without a table, an area that is not eligible', () => {
    expect(progress({ model: 'linux-7.2' })).toBe(1 + 1 + 3 + 1 + 1 + 1);
  });

  test('is nothing for an area without a whole range that may have an mTHP', () => {
    const world = new World({ sizes: { 3: 'always' }, limits: { maxPtesNone: 0 } });
    populate(world, { present: '0-9' }, { address: 0x7f00_0000_1000, bytes: 15 * PAGE });
    expect(scanMmSlot(world.daemon.control, world.daemon.list, world.daemon.counts, 1e9).progress).toBe(1);
  });

  test('was NR for every range of old', () => {
    expect(progress({ model: 'linux-6.18' })).toBe(1 + 3 * 16 + 1 + 1);
  });

  test('is 0 for attempts and for a busy lock, 1 for a process that exits', () => {
    const world = new World({ sizes: { 2: 'always' }, limits: { maxPtesNone: 0 } });
    const { mm } = populate(world, { present: 'all' });
    const { control, list, counts } = world.daemon;
    expect(scanMmSlot(control, list, counts, 1e9)).toEqual({ progress: 17, result: 'SCAN_SUCCEED' });
    expect(world.attempts()).toHaveLength(4);
    world.system.markExiting(mm);
    expect(scanMmSlot(control, list, counts, 1e9)).toEqual({ progress: 1, result: 'SCAN_FAIL' });
    expect(list.length).toBe(0);
  });

  test('overshoots by a range at most', () => {
    const world = new World({ limits: { maxPtesNone: 0 } });
    populate(world, { present: '0-14' }, { bytes: 10 * world.range });
    const { control, list, counts } = world.daemon;
    expect(scanMmSlot(control, list, counts, 2).progress).toBe(17);
  });
});

describe('one wake-up (khugepaged_do_scan)', () => {
  test('that begins nowhere does one pass at most, one that begins within a pass may do one more', () => {
    const world = new World({ limits: { maxPtesNone: 0 } });
    for (let i = 0; i < 4; i++) populate(world, { present: '0' });
    world.system.settings.pagesToScan = 1e6;
    world.run(1000);
    expect(world.daemon.counts.fullScans).toBe(1);
    world.system.settings.pagesToScan = 3;
    world.run(11 * SECOND);
    expect(world.daemon.list.cursor.mm).toBeDefined();
    world.system.settings.pagesToScan = 1e6;
    world.run(10 * SECOND);
    expect(world.daemon.counts.fullScans).toBe(3);
  });

  test('reads pages_to_scan once', () => {
    const world = new World({ limits: { maxPtesNone: 0 } });
    for (let i = 0; i < 6; i++) populate(world, { present: 'all' });
    world.system.settings.pagesToScan = 17;
    world.system.faults = ({ point }) => {
      if (point === 'allocate') world.system.settings.pagesToScan = 1e6;
      return false;
    };
    world.run(1000);
    expect(world.statuses()).toEqual(['SCAN_SUCCEED']);
    world.run(11 * SECOND);
    expect(world.statuses().length).toBeGreaterThan(5);
  });

  test('drains the LRU batches of all CPUs', () => {
    const world = new World({ cpus: 2 });
    const { mm, start } = populate(world, { present: '0' });
    world.system.runOn(1, () => quietly(world, () => touch(world.machine, mm, start + PAGE, PAGE)));
    expect(world.machine.batches.waiting(1)).toHaveLength(1);
    world.run(1000);
    expect(world.statuses()).toEqual(['SCAN_SUCCEED']);
  });
});

describe('sleep (khugepaged_wait_work, khugepaged_alloc_sleep)', () => {
  const asleep = () => {
    const world = new World();
    populate(world, { present: 'all' });
    world.run(SECOND);
    expect(world.daemon.state).toBe('scan-sleep');
    return { world, sysfs: new ThpSysfs(world.daemon) };
  };
  const wakeUps = (world: World) => world.lines('mm_khugepaged_scan').length;

  test('lasts scan_sleep_millisecs after the end of a wake-up', () => {
    const { world } = asleep();
    const until = world.daemon.sleepsUntil ?? 0;
    expect(until).toBeGreaterThan(10 * SECOND);
    expect(until).toBeLessThan(10 * SECOND + 1e6);
    const before = wakeUps(world);
    world.daemon.runUntil(until);
    expect(wakeUps(world)).toBe(before);
    world.run(1);
    expect(wakeUps(world)).toBe(before + 1);
  });

  test.each(['scan_sleep_millisecs', 'alloc_sleep_millisecs'])('ends with a write to %s', (file) => {
    const { world, sysfs } = asleep();
    const before = wakeUps(world);
    expect(sysfs.write(`khugepaged/${file}`, '20000')).toBeUndefined();
    world.run(1);
    expect(wakeUps(world)).toBe(before + 1);
    expect(sysfs.write(`khugepaged/${file}`, '-1')).toBe('EINVAL');
    world.run(1);
    expect(wakeUps(world)).toBe(before + 1);
  });

  test('does not end with a write to other files, or with a new process', () => {
    const { world, sysfs } = asleep();
    const before = wakeUps(world);
    sysfs.write('khugepaged/pages_to_scan', '8192');
    sysfs.write('enabled', 'always');
    populate(world, { present: 'all' });
    world.run(SECOND);
    expect(wakeUps(world)).toBe(before);
  });

  test('does not happen with scan_sleep_millisecs 0', () => {
    const { world, sysfs } = asleep();
    sysfs.write('khugepaged/scan_sleep_millisecs', '0');
    const before = wakeUps(world);
    world.run(SECOND / 1000);
    expect(wakeUps(world)).toBeGreaterThan(before + 20);
  });

  test('after a failed allocation ends with any wake, also by a switch of sizes', () => {
    const world = new World({ sizes: { 4: 'always' } });
    const sysfs = new ThpSysfs(world.daemon);
    for (let i = 0; i < 2; i++) populate(world, { present: 'all' });
    world.system.faults = ({ point }) => point === 'allocate';
    world.system.schedule(5 * SECOND, {
      name: 'sysfs',
      needs: [],
      run: () => void sysfs.write('hugepages-32kB/enabled', 'madvise'),
    });
    world.run(SECOND);
    expect(Math.floor(world.system.timeline.now / SECOND)).toBe(5);
  });

  test('is idle while the list is empty, and a registration ends it at once', () => {
    const world = new World({ sizes: { 4: 'madvise' } });
    const { machine, system } = world;
    world.run(SECOND);
    expect(world.daemon.state).toBe('idle');
    const mm = machine.createMm('late');
    const start = mmap(machine, mm, { bytes: world.range });
    touch(machine, mm, start, PAGE);
    const advise = processAct('madvise', mm, [], () => madviseHugepage(machine, mm, start, world.range));
    system.schedule(3 * SECOND, advise);
    world.run(5 * SECOND);
    expect(world.events[0].at).toBeGreaterThan(3 * SECOND);
    expect(world.events[0].at).toBeLessThan(3.01 * SECOND);
  });
});
