import { describe, expect, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import type { FaultPoint } from '../../src/khugepaged/fault-plan.ts';
import { type Act, Locks, type LockWish } from '../../src/khugepaged/locks.ts';
import { areaLocks, exitAct, faultLocks, processAct, zapLocks } from '../../src/khugepaged/process-acts.ts';
import { ThpSysfs } from '../../src/khugepaged/thp-sysfs.ts';
import { Timeline } from '../../src/khugepaged/timeline.ts';
import { touch } from '../../src/machine/fault/fault.ts';
import { mmap, munmap } from '../../src/machine/page-tables/address-space.ts';
import { contentAt, frameAt } from '../../src/machine/page-tables/lookup.ts';
import type { Mm } from '../../src/machine/page-tables/mm.ts';
import { madviseDontneed, madvisePageout } from '../../src/machine/processes/madvise.ts';
import { pin } from '../../src/machine/processes/pin.ts';
import { madviseCollapseAct } from '../support/khugepaged/madvise-collapse.ts';
import { poisonFrame } from '../support/machine/memory-error.ts';
import { type Contents, populate } from './populate.ts';
import { PAGE, SECOND, World, type WorldOptions } from './world.ts';

interface Scene {
  readonly world: World;
  readonly mm: Mm;
  readonly start: number;
  readonly sysfs: ThpSysfs;
}

/**
 * One pass over one range, in which an act falls due 1 ns after the daemon first passed a point of an
 * attempt.
 */
function interrupted(
  contents: Contents,
  point: FaultPoint,
  makeAct: (scene: Scene) => Act,
  options: WorldOptions = {},
): Scene {
  const world = new World({ cpus: 2, ...options });
  const { mm, start } = populate(world, contents);
  const scene = { world, mm, start, sysfs: new ThpSysfs(world.daemon) };
  let isDone = false;
  world.system.faults = (site) => {
    if (!isDone && site.point === point) {
      isDone = true;
      world.system.schedule(world.system.timeline.now + 1, makeAct(scene));
    }
    return false;
  };
  world.run(SECOND / 100);
  world.expectSound();
  return scene;
}

const inAreas = (name: string, run: (scene: Scene) => void) => (scene: Scene) =>
  processAct(name, scene.mm, areaLocks(scene.mm), () => run(scene));
const inPages = (name: string, run: (scene: Scene) => void) => (scene: Scene) => {
  const { world, mm, start } = scene;
  return processAct(name, mm, zapLocks(world.system, mm, start, world.range), () => run(scene));
};
const unmap = inAreas('munmap', ({ world, mm, start }) => munmap(world.machine, mm, start, world.range));

describe('while an attempt allocates, with no lock', () => {
  const during = (act: (scene: Scene) => Act, contents: Contents = { present: 'all' }) =>
    interrupted(contents, 'allocate', act).world;

  test('the VMA goes', () => {
    expect(during(unmap).attempts()).toEqual(['0:4 SCAN_VMA_NULL']);
  });

  test('the VMA shrinks', () => {
    const shrink = inAreas('munmap', ({ world, mm, start }) => munmap(world.machine, mm, start, PAGE));
    expect(during(shrink).attempts()).toEqual(['0:4 SCAN_ADDRESS_RANGE']);
  });

  test('the size is switched off, which also stops the thread', () => {
    const off = ({ sysfs }: Scene): Act => ({
      name: 'sysfs',
      needs: [],
      run: () => void sysfs.write('hugepages-64kB/enabled', 'never'),
    });
    const world = during(off);
    expect(world.attempts()).toEqual(['0:4 SCAN_VMA_CHECK']);
    expect(world.daemon.state).toBe('stopped');
    expect(world.daemon.list.cursor).toEqual({ mm: undefined, address: 0 });
    expect(world.daemon.counts.fullScans).toBe(0);
  });

  test('the process exits: the daemon frees its slot', () => {
    const world = during(({ world, mm }) => exitAct(world.system, mm));
    expect(world.attempts()).toEqual(['0:4 SCAN_ANY_PROCESS']);
    expect(world.daemon.list.length).toBe(0);
    expect(world.machine.mms.size).toBe(0);
  });

  test('prctl disables THPs', () => {
    const disable = inAreas('prctl', ({ mm }) => {
      mm.thpDisabled = 'all';
    });
    const world = during(disable);
    expect(world.attempts()).toEqual(['0:4 SCAN_ANY_PROCESS']);
    expect(world.daemon.list.length).toBe(1);
    // The visit in which it happens is the last: the cursor leaves at once.
    expect(world.lines('mm_khugepaged_scan')[0]).toBe(
      'mm_khugepaged_scan: progress=17, full_scan_finished=1',
    );
  });

  test('the page table goes', () => {
    const drop = inPages('dontneed', ({ world, mm, start }) =>
      madviseDontneed(world.machine, mm, start, world.range),
    );
    expect(during(drop).attempts()).toEqual(['0:4 SCAN_NO_PTE_TABLE']);
  });

  test('the process collapses the range itself', () => {
    const advise = ({ world, mm, start }: Scene) => madviseCollapseAct(world.system, mm, start, world.range);
    expect(during(advise).attempts()).toEqual(['0:4', '0:4 SCAN_PMD_MAPPED']);
  });

  test('a page is swapped out, or pinned', () => {
    const out = inPages('pageout', ({ world, mm, start }) => madvisePageout(world.machine, mm, start, PAGE));
    expect(during(out).attempts()).toEqual(['0:4 SCAN_PTE_NON_PRESENT']);
    const pinned = inPages('pin', ({ world, mm, start }) => void pin(world.machine, mm, start, PAGE));
    expect(during(pinned).attempts()).toEqual(['0:4 SCAN_PAGE_COUNT']);
  });

  test('max_ptes_none is lowered: isolation reads it anew', () => {
    const lower = ({ sysfs }: Scene): Act => ({
      name: 'sysfs',
      needs: [],
      run: () => void sysfs.write('khugepaged/max_ptes_none', '3'),
    });
    expect(during(lower, { present: '0-7' }).attempts()).toEqual(['0:4 SCAN_EXCEED_NONE_PTE']);
  });
});

describe('while an attempt swaps in, under the mmap lock for read', () => {
  const contents = { present: '0-13', swap: '14' };

  test('changes of areas wait, and are found by the second revalidation', () => {
    const { world, mm } = interrupted(contents, 'swapin-retry', unmap);
    expect(world.attempts()).toEqual(['0:4 SCAN_VMA_NULL']);
    expect(mm.swapEntries).toBe(0);
    expect(world.system.locks.statistics.waits.get('munmap')?.get('mmap')?.totalNs).toBeGreaterThan(10_000);
  });

  test('another page table takes the place of the one that was scanned', () => {
    const anew = inAreas('mmap', ({ world, mm, start }) => {
      munmap(world.machine, mm, start, world.range);
      mmap(world.machine, mm, { address: start, bytes: world.range });
      const { settings } = world.machine;
      world.machine.settings = { ...settings, sizes: new Map() };
      touch(world.machine, mm, start, PAGE);
      world.machine.settings = settings;
    });
    expect(interrupted(contents, 'swapin-retry', anew).world.attempts()).toEqual(['0:4 SCAN_FAIL']);
  });

  test('the page table goes with MADV_DONTNEED, which only reads the mmap lock', () => {
    const two = { present: '0-12', swap: '13-14' };
    const drop = inPages('dontneed', ({ world, mm, start }) =>
      madviseDontneed(world.machine, mm, start, world.range),
    );
    expect(interrupted(two, 'swapin-retry', drop).world.attempts()).toEqual(['0:4 SCAN_NO_PTE_TABLE']);
  });

  test('a retry or an error of a fault leaves what was swapped in before', () => {
    for (const [point, result] of [
      ['swapin-retry', 'SCAN_PAGE_LOCK'],
      ['swapin-error', 'SCAN_FAIL'],
    ]) {
      const world = new World({ limits: { maxPtesSwap: 15 } });
      const { mm } = populate(world, { present: '0-12', swap: '13-15' });
      let faults = 0;
      world.system.faults = (site) => site.point === point && ++faults === 2;
      world.run(SECOND / 100);
      expect(world.attempts()).toEqual([`0:4 ${result}`]);
      expect(mm.swapEntries).toBe(2);
      world.expectSound();
    }
  });

  test('a window below the PMD order with a swap entry swaps nothing in and counts at its order', () => {
    const world = new World({ sizes: { 3: 'always' } });
    const { mm } = populate(world, { present: '0-6,8-15', swap: '7' });
    world.run(SECOND / 100);
    expect(world.attempts()).toEqual(['0:3 SCAN_EXCEED_SWAP_PTE', '8:3']);
    expect(mm.swapEntries).toBe(1);
    expect(world.machine.counters.mthp.collapse_exceed_swap_pte.slice(2)).toEqual([0, 1, 0]);
    expect(world.machine.counters.vmstat.thp_scan_exceed_swap_pte).toBe(0);
  });
});

describe('while a page table is detached, under all locks', () => {
  test('faults, zaps and changes of areas wait until the end, and then go on', () => {
    const { world, mm, start } = interrupted({ present: '0-7' }, 'map-table', ({ world, mm, start }) =>
      processAct('touch', mm, faultLocks(world.system, mm, start + 9 * PAGE, PAGE), () => {
        touch(world.machine, mm, start + 9 * PAGE, PAGE, 77);
      }),
    );
    expect(world.attempts()).toEqual(['0:4']);
    expect(contentAt(world.machine, mm, start + 9 * PAGE)).toBe(77);
    const wait = world.system.locks.statistics.waits.get('touch')?.get('vma');
    expect(wait?.count).toBe(1);
    const hold = world.system.locks.statistics.holds.get('khugepaged')?.get('mmap write');
    expect(hold?.count).toBe(1);
    expect(wait?.longestNs).toBeLessThan(hold?.longestNs ?? 0);
    const unmapped = interrupted({ present: '0-7' }, 'map-table', unmap);
    expect(unmapped.world.attempts()).toEqual(['0:4']);
    expect(unmapped.mm.rssPages).toBe(0);
  });

  test('an exit waits with the teardown, and the daemon frees the slot', () => {
    const { world } = interrupted({ present: '0-7' }, 'map-table', ({ world, mm }) =>
      exitAct(world.system, mm),
    );
    expect(world.attempts()).toEqual(['0:4']);
    expect(world.machine.mms.size).toBe(0);
    expect(world.daemon.list.length).toBe(0);
  });

  test('faults of other processes do not wait', () => {
    let other: Mm | undefined;
    const { world } = interrupted({ present: '0-7' }, 'map-table', ({ world }) => {
      other = world.machine.createMm('other');
      const at = mmap(world.machine, other, { bytes: PAGE });
      const mm = other;
      return processAct('touch', mm, faultLocks(world.system, mm, at, PAGE), () => {
        touch(world.machine, mm, at, PAGE);
      });
    });
    expect(other?.rssPages).toBe(1);
    expect(world.system.locks.statistics.waits.size).toBe(0);
  });

  test('a memory error ends the walk and rolls everything back', () => {
    const world = new World({ sizes: { 2: 'always' }, limits: { maxPtesNone: 0 } });
    const { mm, start } = populate(world, { present: 'all' });
    const frames = Array.from({ length: 16 }, (_, i) => frameAt(world.machine, mm, start + i * PAGE));
    poisonFrame(world.machine, frames[5] as number);
    world.run(SECOND / 100);
    expect(world.attempts()).toEqual(['0:2', '4:2 SCAN_COPY_MC']);
    expect(world.statuses()).toEqual(['SCAN_SUCCEED']);
    expect(frames.slice(4)).toEqual(
      Array.from({ length: 12 }, (_, i) => frameAt(world.machine, mm, start + (4 + i) * PAGE)),
    );
    world.expectSound();
  });

  test('an injected failure of each kind leaves contents and mappings as they were', () => {
    const points: [FaultPoint, string][] = [
      ['scan-table', ''],
      ['allocate', 'SCAN_ALLOC_HUGE_PAGE_FAIL'],
      ['charge', 'SCAN_CGROUP_CHARGE_FAIL'],
      ['deferred-list', 'SCAN_ALLOC_HUGE_PAGE_FAIL'],
      ['map-table', 'SCAN_NO_PTE_TABLE'],
      ['isolate-page', 'SCAN_PAGE_NULL'],
      ['isolate-lru', 'SCAN_DEL_PAGE_LRU'],
      ['copy', 'SCAN_COPY_MC'],
    ];
    for (const [point, result] of points) {
      const world = new World();
      world.system.settings.allocSleepMs = 1;
      const { mm, start } = populate(world, { present: '0-9' });
      const before = Array.from({ length: 16 }, (_, i) => frameAt(world.machine, mm, start + i * PAGE));
      const free = world.machine.freePages;
      let passes = 0;
      world.system.faults = (site) => site.point === point && ++passes < 12;
      world.run(SECOND / 100);
      expect(world.attempts()).toEqual(result === '' ? [] : [`0:4 ${result}`]);
      expect(before).toEqual(
        Array.from({ length: 16 }, (_, i) => frameAt(world.machine, mm, start + i * PAGE)),
      );
      expect(world.machine.freePages).toBe(free);
      world.expectSound();
    }
  });
});

test('a refused charge comes after the allocation was counted', () => {
  const world = new World();
  const mm = world.machine.createMm('poor', { memcg: world.machine.createMemcg('full', 10) });
  world.system.settings.defrag = false;
  populate(world, { present: '0-9' }, { mm });
  world.run(SECOND / 100);
  expect(world.attempts()).toEqual(['0:4 SCAN_CGROUP_CHARGE_FAIL']);
  const { mthp, vmstat } = world.machine.counters;
  expect([mthp.collapse_alloc[4], mthp.collapse_alloc_failed[4]]).toEqual([1, 0]);
  expect([vmstat.thp_collapse_alloc, vmstat.thp_collapse_alloc_failed]).toEqual([1, 0]);
  expect(world.system.memcgCollapseAllocs.size).toBe(0);
  expect(mm.memcg.usage).toBe(10);
  world.expectSound();
});

test('what a failed attempt isolated goes back through the LRU batch of 31, the highest page first', () => {
  const sizes = { 2: 'always', 9: 'always' } as const;
  const world = new World({ geometry: x86_64, nodes: [4096], sizes });
  // userfaultfd allows no hole, which isolation finds at page 40: pages 39 to 9 fill the batch, 8 to 0 stay
  // in it.
  populate(world, { present: '0-39,41-511', uffdArmed: true });
  world.run(SECOND / 100);
  expect(world.attempts().slice(0, 6)).toEqual([
    '0:9 SCAN_EXCEED_NONE_PTE',
    '0:2 SCAN_PAGE_COUNT',
    '4:2 SCAN_PAGE_COUNT',
    '8:2 SCAN_PAGE_COUNT',
    '12:2',
    '16:2',
  ]);
  world.expectSound();
});

describe('locks', () => {
  const mm = { id: 1 } as unknown as Mm;
  const wish = (write: boolean, start = 0, end = 10): LockWish => ({
    kind: 'pte',
    object: mm,
    start,
    end,
    write,
  });

  test('readers share, writers do not, and neither stops the other elsewhere', () => {
    const locks = new Locks(new Timeline());
    const first = locks.lock('a', wish(false));
    expect(locks.tryLock('b', wish(false))).toBeDefined();
    expect(locks.tryLock('b', wish(true))).toBeUndefined();
    expect(locks.tryLock('b', wish(true, 10, 20))).toBeDefined();
    expect(locks.tryLock('b', { kind: 'pmd', object: mm, write: true })).toBeDefined();
    expect(() => locks.lock('c', wish(true))).toThrow('for ever');
    locks.unlock(first);
  });

  test('acts run first come, first served, and a lock that somebody waits for is not snatched', () => {
    const timeline = new Timeline();
    const locks = new Locks(timeline);
    const ran: string[] = [];
    const act = (name: string, write: boolean, holdNs?: number): Act => ({
      name,
      needs: [wish(write)],
      holdNs,
      run: () => void ran.push(`${name} at ${timeline.now}`),
    });
    const hold = locks.lock('khugepaged', wish(false));
    locks.perform(act('reader', false));
    locks.perform(act('writer', true, 100));
    locks.perform(act('late reader', false));
    expect(ran).toEqual(['reader at 0']);
    expect(locks.tryLock('khugepaged', wish(false))).toBeUndefined();
    timeline.spend(50);
    locks.unlock(hold);
    expect(ran).toEqual(['reader at 0', 'writer at 50']);
    locks.lock('khugepaged', wish(false));
    expect(timeline.now).toBe(150);
    expect(ran).toEqual(['reader at 0', 'writer at 50', 'late reader at 150']);
    expect(locks.statistics.waits.get('khugepaged')?.get('pte')).toEqual({
      count: 1,
      totalNs: 100,
      longestNs: 100,
    });
  });
});
