import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import '../support/seed.ts';
import { countPages } from '../../src/core/memory/occupancy.ts';
import { asOrder } from '../../src/core/memory/order.ts';
import { planCacheRange } from '../../src/core/plan/cache-plan.ts';
import type { CachedFile, CacheKind } from '../../src/core/rules/page-cache.ts';
import type { ShmemSizeWord, ShmemWord } from '../../src/core/rules/shmem-settings.ts';
import { viewCacheRange } from '../../src/machine/cache/collapse-file.ts';
import { syncFile, writeFile } from '../../src/machine/cache/file-calls.ts';
import { accessFile } from '../../src/machine/cache/file-fault.ts';
import { mappingsOf } from '../../src/machine/cache/file-tables.ts';
import type { FilePages } from '../../src/machine/cache/page-cache.ts';
import { mmap } from '../../src/machine/page-tables/address-space.ts';
import type { Mm } from '../../src/machine/page-tables/mm.ts';
import { exit } from '../../src/machine/processes/exit.ts';
import { fork } from '../../src/machine/processes/fork.ts';
import { PAGE, SECOND, World, type WorldOptions } from './world.ts';

/** Pages of a PMD range of the small machine. */
const NR = 16;

interface Shmem {
  readonly top?: ShmemWord;
  readonly pmdSize?: ShmemSizeWord;
}

const ALIGNED = 0x7000_0000_0000;

/** What page faults see is `never`; then khugepaged goes by the words. */
class FileWorld extends World {
  constructor(options: WorldOptions = {}) {
    super({ enabled: 'never', sizes: {}, ...options });
    this.#set({ pmdSize: 'never' });
  }

  #set({ top = 'never', pmdSize = 'inherit' }: Shmem): void {
    const sizes = new Map([[asOrder(4), pmdSize]]);
    this.machine.settings = { ...this.machine.settings, shmem: { enabled: top, sizes } };
  }

  file(kind: CacheKind, ranges: number, more: Partial<CachedFile> = {}): FilePages {
    const file = { id: `0:0:${this.machine.cache.files.size}`, kind, name: '/memfd:x (deleted)', ...more };
    return this.machine.cache.add({ bytes: ranges * NR * PAGE, filesystem: 'ext4', ...file });
  }

  /** Maps a file from its start, aligned as it would be under the settings of later. */
  map(mm: Mm, pages: FilePages, ranges: number): number {
    const address = ALIGNED + 2 ** 30 * mm.areas.all().length;
    return mmap(this.machine, mm, { address, bytes: ranges * NR * PAGE, file: { pages, page: 0 } });
  }

  /** Changes what shared memory may have, and has address spaces heard of again. */
  allow(shmem: Shmem): void {
    this.#set(shmem);
    this.daemon.startOrStop();
    for (const mm of this.machine.mms.values())
      for (const area of mm.areas.all()) this.machine.hooks.enterVma?.(mm, area);
  }
}

describe('khugepaged on shared memory', () => {
  test('collapses by the page cache, and RSS of every mapper falls until it touches it again', () => {
    const world = new FileWorld();
    const pages = world.file('shared-anonymous', 2);
    const mm = world.machine.createMm('a');
    const start = world.map(mm, pages, 2);
    accessFile(world.machine, mm, start, 5 * PAGE, true);
    const other = fork(world.machine, mm) as Mm;
    accessFile(world.machine, other, start, 5 * PAGE, false);
    world.allow({ pmdSize: 'always' });
    world.run(SECOND);
    expect([mm.fileRssPages, other.fileRssPages, world.machine.cache.pages]).toEqual([0, 0, NR]);
    accessFile(world.machine, other, start + PAGE, PAGE, false);
    expect([mm.fileRssPages, other.fileRssPages]).toEqual([0, NR]);
    expect(world.daemon.control.activity).toMatchObject({
      copiedPages: 5,
      cacheFilledPages: 11,
      filledPages: 0,
    });
    expect(world.machine.counters.vmstat).toMatchObject({
      thp_collapse_alloc: 1,
      thp_file_alloc: 0,
      thp_file_mapped: 1,
    });
    world.expectSound();
  });

  test('traces it as Linux 7.3.4 does', () => {
    const world = new FileWorld();
    const pages = world.file('shared-anonymous', 2);
    const mm = world.machine.createMm('a');
    const start = world.map(mm, pages, 2);
    accessFile(world.machine, mm, start, 5 * PAGE, true);
    world.allow({ pmdSize: 'always' });
    world.run(SECOND);
    world.system.settings.scanSleepMs = 10;
    world.run(10 * SECOND);
    const events = world.lines();
    const head = pages.ranges.get(0)?.frames[0] as number;
    const pfn = `0x${head.toString(16)}`;
    const none = '0xffffffffffffffff';
    const address = start.toString(16);
    expect(events.slice(0, 5)).toEqual([
      `mm_khugepaged_collapse_file: hpage_pfn=${pfn}, index=16, addr=${address}, is_shmem=1, filename=memfd:x, nr=16, result=succeeded`,
      `mm_khugepaged_scan_file: scan_pfn=${none}, filename=memfd:x, present=5, swap=0, result=succeeded`,
      'mm_khugepaged_scan: progress=17, full_scan_finished=0',
      `mm_khugepaged_scan_file: scan_pfn=${none}, filename=memfd:x, present=0, swap=0, result=exceed_none_pte`,
      'mm_khugepaged_scan: progress=17, full_scan_finished=0',
    ]);
    expect(events.slice(6, 8)).toEqual([
      `mm_khugepaged_scan_file: scan_pfn=${pfn}, filename=memfd:x, present=0, swap=0, result=pte_mapped_hugepage`,
      'mm_khugepaged_scan: progress=2, full_scan_finished=0',
    ]);
    // It counts what is there already, in every pass.
    const { pagesCollapsed, fullScans } = world.daemon.counts;
    expect(pagesCollapsed).toBeGreaterThanOrEqual(fullScans);
    expect(fullScans).toBeGreaterThan(2);
  });

  test('runs and knows a process for shared memory alone, from its mmap on', () => {
    const world = new FileWorld();
    const pages = world.file('shared-anonymous', 1);
    const before = world.machine.createMm('before');
    world.map(before, pages, 1);
    expect(world.daemon.state).toBe('stopped');
    world.machine.settings = {
      ...world.machine.settings,
      shmem: { enabled: 'never', sizes: new Map([[asOrder(4), 'always']]) },
    };
    world.daemon.startOrStop();
    expect(world.daemon.state).not.toBe('stopped');
    const after = world.machine.createMm('after');
    world.map(after, pages, 1);
    expect([world.daemon.list.has(before), world.daemon.list.has(after)]).toEqual([false, true]);
  });

  test('takes the PTEs away that map a huge folio page by page', () => {
    const world = new FileWorld();
    world.allow({ pmdSize: 'always' });
    const pages = world.file('shared-anonymous', 1);
    const mm = world.machine.createMm('a');
    const start = world.map(mm, pages, 1);
    accessFile(world.machine, mm, start, PAGE, true);
    const other = world.machine.createMm('b');
    // A mapping that ends inside the range: no PMD entry can map it.
    const part = mmap(world.machine, other, {
      address: 64 * world.range,
      bytes: 8 * PAGE,
      file: { pages, page: 0 },
    });
    accessFile(world.machine, other, part, 8 * PAGE, true);
    world.run(SECOND);
    expect([mm.fileRssPages, other.fileRssPages]).toEqual([NR, 8]);
    mmap(world.machine, other, {
      address: part + 8 * PAGE,
      bytes: 8 * PAGE,
      file: { pages, page: 8 },
    });
    world.run(60 * SECOND);
    expect([mm.fileRssPages, other.fileRssPages, world.machine.cache.pages]).toEqual([NR, 0, NR]);
    world.expectSound();
  });

  test('charges the folio to the group of the process that is scanned, and fails without room', () => {
    for (const room of [0, 20]) {
      const world = new FileWorld();
      const memcg = world.machine.createMemcg('limited', 5 + room);
      const pages = world.file('shared-anonymous', 1);
      const mm = world.machine.createMm('a', { memcg });
      const start = world.map(mm, pages, 1);
      accessFile(world.machine, mm, start, 5 * PAGE, true);
      world.allow({ pmdSize: 'always' });
      world.run(SECOND);
      expect(memcg.usage).toBe(room === 0 ? 5 : NR);
      const result = room === 0 ? 'SCAN_CGROUP_CHARGE_FAIL' : 'SCAN_SUCCEED';
      expect(world.daemon.control.activity.attempts.get(asOrder(4))?.get(result)).toBeGreaterThan(0);
      world.expectSound();
      exit(world.machine, mm);
      expect(memcg.usage).toBe(0);
    }
  });
});

test('khugepaged leaves a dirty file alone until it is synced', () => {
  const world = new FileWorld({ enabled: 'always', sizes: { 4: 'inherit' } });
  const pages = world.file('file', 1, { name: '/data/table' });
  const mm = world.machine.createMm('a');
  world.map(mm, pages, 1);
  writeFile(world.machine, mm, pages, 0, NR);
  world.allow({});
  world.run(SECOND);
  expect(world.machine.cache.hugePages).toBe(0);
  expect(world.daemon.control.activity.ranges.get('SCAN_PAGE_DIRTY_OR_WRITEBACK')).toBeGreaterThan(0);
  syncFile(world.machine, pages, 0, NR);
  world.system.settings.scanSleepMs = 10;
  world.run(20 * SECOND);
  expect(world.machine.cache.hugePages).toBe(NR);
});

test('each range ends as the plan of core says, whatever the page cache holds', () => {
  fc.assert(
    fc.property(
      fc.constantFrom<CacheKind>('shared-anonymous', 'file'),
      fc.array(fc.uniqueArray(fc.nat(NR - 1)), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 0, max: NR - 1 }),
      fc.boolean(),
      (kind, ranges, maxPtesNone, isSynced) => {
        const world = new FileWorld({ enabled: 'always', sizes: { 4: 'inherit' }, limits: { maxPtesNone } });
        const { machine } = world;
        const pages = world.file(kind, ranges.length);
        const mm = machine.createMm('a');
        const start = world.map(mm, pages, ranges.length);
        for (const [i, touched] of ranges.entries())
          for (const page of touched)
            accessFile(machine, mm, start + (i * NR + page) * PAGE, PAGE, page % 2 === 0);
        if (isSynced) syncFile(machine, pages, 0, ranges.length * NR);
        const plans = ranges.map((_, i) =>
          planCacheRange(
            { ...viewCacheRange(machine, pages, i), mappedPages: mappingsOf(machine, pages, i * NR, NR) },
            pages.file,
            machine.settings,
          ),
        );
        const before = { cache: machine.cache.pages, rss: mm.fileRssPages };
        world.allow({ pmdSize: 'always' });
        world.run(9 * SECOND);
        const found = world.events.flatMap(({ event: e }) =>
          e.event === 'mm_khugepaged_scan_file' ? [e.result] : [],
        );
        expect(found.slice(0, ranges.length)).toEqual(plans.map(({ result }) => result));
        // What an attempt that fails reads and unmaps is not simulated.
        const succeeding = plans.filter(({ result }) => result === 'SCAN_SUCCEED');
        const sum = (of: (plan: (typeof plans)[number]) => number) =>
          succeeding.reduce((total, plan) => total + of(plan), 0);
        expect(machine.cache.pages - before.cache).toBe(sum(({ growthPages }) => growthPages));
        expect(before.rss - mm.fileRssPages).toBe(sum(({ unmappedPages }) => unmappedPages as number));
        expect(countPages(viewCacheRange(machine, pages, 0).present)).toBe(
          plans[0].result === 'SCAN_SUCCEED' ? NR : ranges[0].length,
        );
        world.expectSound();
      },
    ),
    { numRuns: 60 },
  );
});
