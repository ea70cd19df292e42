import { describe, expect, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { areaLocks, faultLocks, processAct } from '../../src/khugepaged/process-acts.ts';
import { ThpSysfs } from '../../src/khugepaged/thp-sysfs.ts';
import { read, touch } from '../../src/machine/fault/fault.ts';
import { MOVABLE } from '../../src/machine/frames/buddy.ts';
import { PG_LOCKED } from '../../src/machine/frames/frame-table.ts';
import { migrateFrame } from '../../src/machine/frames/migrate.ts';
import { mmap } from '../../src/machine/page-tables/address-space.ts';
import { contentAt, frameAt, pmdAt } from '../../src/machine/page-tables/lookup.ts';
import { PMD_LEAF, PMD_TABLE } from '../../src/machine/page-tables/pmd.ts';
import { madviseDontneed, madviseHugepage, madviseNohugepage } from '../../src/machine/processes/madvise.ts';
import { madviseCollapse } from '../support/khugepaged/madvise-collapse.ts';
import { vmstatLines } from '../support/khugepaged/vmstat.ts';
import { type Contents, populate, quietly } from './populate.ts';
import { PAGE, SECOND, World, type WorldOptions } from './world.ts';

/** A machine of 128 MiB with 512 PTEs in a range, on which these orders are always enabled. */
function worldWith(orders: readonly number[], options: WorldOptions = {}): World {
  const sizes = Object.fromEntries(orders.map((order) => [order, 'always' as const]));
  return new World({ geometry: x86_64, nodes: [32_768], swapPages: 4096, sizes, ...options });
}

/** What the first pass over one range does. */
function onePass(orders: readonly number[], contents: Contents, options: WorldOptions = {}): World {
  const world = worldWith(orders, options);
  populate(world, contents);
  world.run(SECOND);
  world.expectSound();
  return world;
}

const NONE_0 = { limits: { maxPtesNone: 0 } };
const ALL = [2, 3, 4, 5, 6, 7, 8, 9];

/** The thirty of docs/khugepaged.md#surprises, in their order, each as the daemon meets it. */
describe('any bad PTE in the range stops all orders of the range', () => {
  const bad: Record<string, [Contents, string]> = {
    'a pin': [{ present: 'all', pinned: '511' }, 'SCAN_PAGE_COUNT'],
    lazyfree: [{ present: 'all', lazyfree: '511' }, 'SCAN_PAGE_LAZYFREE'],
    uffd: [{ present: 'all', protected: '511' }, 'SCAN_PTE_UFFD'],
    'too much swap': [{ present: '0-446', swap: '447-511' }, 'SCAN_EXCEED_SWAP_PTE'],
    'too much sharing': [{ present: 'all', shared: '255-511' }, 'SCAN_EXCEED_SHARED_PTE'],
  };
  for (const [name, [contents, result]] of Object.entries(bad)) {
    test(name, () => {
      const world = onePass(ALL, contents);
      expect(world.statuses()).toEqual([result]);
      expect(world.attempts()).toEqual([]);
    });
  }

  test('a locked page', () => {
    const world = worldWith(ALL);
    const { mm, start } = populate(world, { present: 'all' });
    world.machine.frames.set(frameAt(world.machine, mm, start + 511 * PAGE)!, PG_LOCKED);
    world.run(SECOND);
    expect(world.statuses()).toEqual(['SCAN_PAGE_LOCK']);
  });

  test('a page that is not on the LRU yet', () => {
    const world = worldWith(ALL, { cpus: 2 });
    const { machine, system } = world;
    const { mm, start } = populate(world, { present: '0-510' });
    const last = start + 511 * PAGE;
    // After the batches were drained, and before the scan.
    const late = processAct('touch', mm, faultLocks(system, mm, last, PAGE), () => {
      quietly(world, () => touch(machine, mm, last, PAGE));
    });
    system.schedule(1000, late);
    world.run(SECOND);
    expect(world.statuses()).toEqual(['SCAN_PAGE_LRU']);
    world.expectSound();
    world.run(10 * SECOND);
    expect(world.statuses()).toEqual(['SCAN_PAGE_LRU', 'SCAN_SUCCEED']);
  });
});

test('swap and shared limits of the scan are those of the PMD order when only 16 kB is enabled', () => {
  expect(onePass([2], { present: '0-446', swap: '447-511' }).statuses()).toEqual(['SCAN_EXCEED_SWAP_PTE']);
  expect(onePass([2], { present: '0-447', swap: '448-511' }).statuses()).toEqual(['SCAN_SUCCEED']);
  expect(onePass([2], { present: 'all', shared: '255-511' }).statuses()).toEqual(['SCAN_EXCEED_SHARED_PTE']);
});

test('the lifted none limit is NR-1: a table without a page fails at its last PTE, and counts', () => {
  const world = worldWith(ALL);
  const { mm, start } = populate(world, { present: '0', zero: '1-511' }, { bytes: 2 * world.range });
  quietly(world, () => read(world.machine, mm, start + world.range, world.range));
  world.run(SECOND);
  expect(world.statuses()).toEqual(['SCAN_SUCCEED', 'SCAN_EXCEED_NONE_PTE']);
  expect(world.machine.counters.mthp.collapse_exceed_none_pte[9]).toBe(1);
  expect(world.machine.counters.vmstat.thp_scan_exceed_none_pte).toBe(1);
  expect(world.lines('mm_khugepaged_scan')[1]).toBe('mm_khugepaged_scan: progress=513, full_scan_finished=1');
});

test('one more size beside the PMD size changes how the PMD size is scanned', () => {
  const contents = { present: '0,16-31' };
  const alone = onePass([9], contents, NONE_0);
  expect(alone.lines('mm_khugepaged_scan')[0]).toContain('progress=3');
  const both = onePass([4, 9], contents, NONE_0);
  expect(both.lines('mm_khugepaged_scan')[0]).toContain('progress=513');
  const armed = { present: '0-30', uffdArmed: true };
  expect(onePass([9], armed).statuses()).toEqual(['SCAN_EXCEED_NONE_PTE']);
  expect(onePass([4, 9], armed).statuses()).toEqual(['SCAN_SUCCEED']);
});

test('the walk ignores uffd and isolate does not: attempts are wasted and counted', () => {
  const world = onePass([8, 9], { present: '0-30', uffdArmed: true });
  expect(world.attempts()).toEqual(['0:9 SCAN_EXCEED_NONE_PTE', '0:8 SCAN_EXCEED_NONE_PTE']);
  const { collapse_exceed_none_pte, collapse_alloc } = world.machine.counters.mthp;
  expect([collapse_exceed_none_pte[8], collapse_exceed_none_pte[9]]).toEqual([1, 1]);
  expect([collapse_alloc[8], collapse_alloc[9]]).toEqual([1, 1]);
});

test('unmapped counts as occupied at the PMD order alone, and includes every non-present entry', () => {
  const swapped = onePass(ALL, { present: '0-479', swap: '480-511' }, NONE_0);
  expect(swapped.attempts()).toEqual(['0:9']);
  expect(onePass([2, 8], { present: '0-254', swap: '255', zero: '256' }, NONE_0).attempts()).toEqual([]);
  // A guard marker counts too; faulting it in fails, which stops the walk.
  const guarded = onePass(ALL, { present: '0-510', guard: '511' }, NONE_0);
  expect(guarded.attempts()).toEqual(['0:9 SCAN_FAIL']);
});

test('SCAN_PTE_MAPPED_HUGEPAGE skips its candidate, and a range of only such blocks is SCAN_FAIL', () => {
  const folios = Array.from({ length: 32 }, (_, i) => `4@${16 * i}`);
  const world = onePass([2, 4], { folios }, NONE_0);
  expect(world.attempts()).toHaveLength(32);
  expect(new Set(world.attempts().map((text) => text.split(' ')[1]))).toEqual(
    new Set(['SCAN_PTE_MAPPED_HUGEPAGE']),
  );
  expect(world.statuses()).toEqual(['SCAN_FAIL']);
});

test('one folio of the same size, even partly mapped, keeps its whole block from collapsing', () => {
  const world = worldWith([2, 4]);
  const { mm, start } = populate(world, { folios: ['4@0'] });
  quietly(world, () => {
    madviseDontneed(world.machine, mm, start, 15 * PAGE);
    touch(world.machine, mm, start, 15 * PAGE);
  });
  world.run(SECOND);
  expect(world.attempts()).toEqual(['0:4 SCAN_PTE_MAPPED_HUGEPAGE']);
  world.expectSound();
});

test('collapse_alloc counts allocations, not collapses', () => {
  const world = onePass([4], { folios: ['4@0'] }, NONE_0);
  const { collapse_alloc } = world.machine.counters.mthp;
  expect(collapse_alloc[4]).toBe(1);
  world.run(20 * SECOND);
  expect(collapse_alloc[4]).toBe(3);
  expect(world.daemon.counts.pagesCollapsed).toBe(0);
});

test('pages_collapsed grows by 1 a range; not for MADV_COLLAPSE, not for a mapped PMD', () => {
  const world = onePass([4], { present: 'all' }, NONE_0);
  expect(world.attempts()).toHaveLength(32);
  expect(world.daemon.counts.pagesCollapsed).toBe(1);
  const { mm, start } = populate(world, { present: 'all' }, { name: 'advised' });
  expect(madviseCollapse(world.system, mm, start, world.range)).toBeUndefined();
  expect(pmdAt(world.machine, mm, start)?.kind).toBe(PMD_LEAF);
  world.run(10 * SECOND);
  expect(world.statuses().slice(-2)).toEqual(['SCAN_FAIL', 'SCAN_PMD_MAPPED']);
  expect(world.daemon.counts.pagesCollapsed).toBe(1);
});

test('after an offset step the order is the lowest set bit of the offset', () => {
  const world = worldWith(ALL, NONE_0);
  world.system.faults = ({ point }) => point === 'isolate-lru';
  populate(world, { present: 'all' });
  world.run(SECOND);
  const windows = world.attempts().map((text) => text.split(' ')[0]);
  expect(windows).toHaveLength(255);
  expect(windows.slice(7, 15)).toEqual(['0:2', '4:2', '8:3', '8:2', '12:2', '16:4', '16:3', '16:2']);
});

test('at the lowest enabled order the next order is a step by its size', () => {
  const world = worldWith([4], NONE_0);
  world.system.faults = ({ point }) => point === 'isolate-lru';
  populate(world, { present: '0-63' });
  world.run(SECOND);
  expect(world.attempts().map((text) => text.split(' ')[0])).toEqual(['0:4', '16:4', '32:4', '48:4']);
});

describe('an allocation failure', () => {
  test('is the result only if nothing collapsed', () => {
    const world = worldWith([4, 9]);
    world.system.faults = ({ point, order }) => point === 'allocate' && order === 9;
    populate(world, { present: '0-15' });
    world.run(SECOND);
    expect(world.attempts()).toEqual(['0:9 SCAN_ALLOC_HUGE_PAGE_FAIL', '0:4']);
    expect(world.statuses()).toEqual(['SCAN_SUCCEED']);
  });

  test('makes the daemon sleep once in a wake-up, and only if progress is below the limit', () => {
    const world = worldWith([9]);
    world.system.faults = ({ point }) => point === 'allocate';
    for (let i = 0; i < 3; i++) populate(world, { present: '0' });
    world.run(SECOND);
    expect(world.daemon.system.timeline.now).toBeGreaterThan(60 * SECOND);
    const times = () =>
      world.events.flatMap(({ at, event }) =>
        event.event === 'mm_khugepaged_scan_pmd' ? [Math.floor(at / SECOND)] : [],
      );
    expect(times()).toEqual([0, 60]);
    expect(world.daemon.state).toBe('scan-sleep');

    const small = worldWith([9]);
    small.system.settings.pagesToScan = 512;
    small.system.faults = ({ point }) => point === 'allocate';
    populate(small, { present: '0' });
    small.run(SECOND);
    expect(small.system.timeline.now).toBe(SECOND);
  });
});

test('a dropped lock ends the visit, and the last range may need one more to finish the mm', () => {
  const world = worldWith([9]);
  const { mm, start } = populate(world, { present: '0' }, { bytes: 2 * world.range });
  quietly(world, () => touch(world.machine, mm, start + world.range, PAGE));
  world.run(SECOND);
  expect(world.lines('mm_khugepaged_scan')).toEqual([
    'mm_khugepaged_scan: progress=513, full_scan_finished=0',
    'mm_khugepaged_scan: progress=513, full_scan_finished=0',
    'mm_khugepaged_scan: progress=1, full_scan_finished=1',
  ]);
});

test('the cursor moves on after a failure, and there is no retry until the next pass', () => {
  const world = worldWith([9]);
  let failures = 1;
  world.system.faults = ({ point }) => point === 'copy' && failures-- > 0;
  populate(world, { present: 'all' });
  world.run(SECOND);
  expect(world.statuses()).toEqual(['SCAN_COPY_MC']);
  world.run(10 * SECOND);
  expect(world.statuses()).toEqual(['SCAN_COPY_MC', 'SCAN_SUCCEED']);
});

test('edges of a VMA, and VMAs without a whole PMD range, never collapse though they are eligible', () => {
  const world = worldWith(ALL);
  const address = 0x7f00_0000_0000 + 256 * PAGE;
  const { mm } = populate(world, { present: '0-255' }, { address, bytes: 511 * PAGE });
  expect(world.daemon.list.has(mm)).toBe(true);
  world.run(30 * SECOND);
  expect(world.statuses()).toEqual([]);
  // It costs no progress: 1 for the slot is all.
  expect(world.lines('mm_khugepaged_scan')[0]).toBe('mm_khugepaged_scan: progress=1, full_scan_finished=1');
});

test('registration needs an anon_vma: memory that was only read is invisible', () => {
  const world = worldWith([9], { sizes: { 9: 'madvise' } });
  const { machine } = world;
  const mm = machine.createMm('reader');
  const start = mmap(machine, mm, { bytes: world.range });
  read(machine, mm, start, world.range);
  madviseHugepage(machine, mm, start, world.range);
  expect(world.daemon.list.length).toBe(0);
  expect(world.daemon.state).toBe('ready');
  world.run(SECOND);
  expect(world.daemon.state).toBe('idle');
  touch(machine, mm, start, PAGE);
  madviseHugepage(machine, mm, start, world.range);
  expect(world.daemon.list.length).toBe(1);
});

test('references are asked of each candidate by isolate, of the range by the scan', () => {
  const world = onePass([4], { present: '0-31', unreferenced: '0-15' }, NONE_0);
  expect(world.attempts()).toEqual(['0:4 SCAN_LACK_REFERENCED_PAGE', '16:4']);
  expect(onePass([2], { present: '0-254', swap: '500' }).statuses()).toEqual(['SCAN_LACK_REFERENCED_PAGE']);
  expect(onePass([2], { present: '0-255', swap: '500' }).statuses()).toEqual(['SCAN_SUCCEED']);
});

test('zero-page PTEs are holes and become private pages of zeros: RSS grows', () => {
  expect(onePass([4], { present: '0-7', zero: '8-15' }, NONE_0).attempts()).toEqual([]);
  const world = worldWith([4]);
  const { mm, start } = populate(world, { present: '0-7', zero: '8-15' });
  expect(mm.rssPages).toBe(8);
  world.run(SECOND);
  expect(world.attempts()).toEqual(['0:4']);
  expect(mm.rssPages).toBe(16);
  expect(contentAt(world.machine, mm, start + 15 * PAGE)).toBe(0);
  world.expectSound();
});

test('the node is chosen by the load of the whole range for every window of it', () => {
  const world = worldWith([4], { nodes: [16_384, 16_384], limits: { maxPtesNone: 0 } });
  const { machine } = world;
  const { mm, start } = populate(world, { present: '0-47' });
  for (let i = 0; i < 16; i++) {
    const from = frameAt(machine, mm, start + i * PAGE)!;
    const to = machine.nodes[1].alloc(0, MOVABLE);
    migrateFrame(machine, from, to);
    machine.frames.flags[from] = 0;
    machine.nodes[0].free(from, 0);
  }
  world.run(SECOND);
  expect(world.attempts()).toEqual(['0:4', '16:4', '32:4']);
  for (const page of [0, 16, 32]) {
    expect(machine.nodeOf(frameAt(machine, mm, start + page * PAGE)!).node).toBe(0);
  }
  world.expectSound();
});

test('mTHPs are not on the deferred split queue and not PMD mapped', () => {
  const small = onePass([4], { present: '0-15' }, NONE_0);
  expect(small.machine.deferred.size).toBe(0);
  const mm = small.daemon.list.slots[0];
  expect([...mm.pmds.values()][0].kind).toBe(PMD_TABLE);
  expect(small.machine.counters.mthp.nr_anon[4]).toBe(1);
  const large = onePass([9], { present: '0-15' });
  expect(large.machine.deferred.size).toBe(1);
  expect([...large.daemon.list.slots[0].pmds.values()][0].kind).toBe(PMD_LEAF);
});

test('what a failed PMD attempt swapped in stays, and the bitmap does not learn of it', () => {
  const world = worldWith(ALL, NONE_0);
  world.system.faults = ({ point, order }) => point === 'isolate-lru' && order === 9;
  const { mm } = populate(world, { present: '0-479', swap: '480-511' });
  world.run(SECOND);
  expect(world.attempts()).toEqual(['0:9 SCAN_DEL_PAGE_LRU', '0:8', '256:7', '384:6', '448:5']);
  expect(mm.swapEntries).toBe(0);
  // One fault: it brings all 32 pages back as a folio.
  expect(world.machine.counters.mthp.swpin[5]).toBe(1);
  expect(world.lines('mm_collapse_huge_page_swapin')[0]).toBe(
    'mm_collapse_huge_page_swapin: swapped_in=1, referenced=480, ret=1, order=9',
  );
  world.expectSound();
});

test('max_ptes_none between 1 and NR-2 is exact for the PMD order, 0 for mTHP', () => {
  const limits = { limits: { maxPtesNone: 256 } };
  expect(onePass([9], { present: '0-255' }, limits).statuses()).toEqual(['SCAN_SUCCEED']);
  expect(onePass([9], { present: '0-254' }, limits).statuses()).toEqual(['SCAN_EXCEED_NONE_PTE']);
  const mthp = onePass([4], { present: '0-14,16-31' }, limits);
  expect(mthp.attempts()).toEqual(['16:4']);
  expect(mthp.system.log.lines.map(({ text }) => text)).toEqual([
    'khugepaged: mTHP collapse does not support max_ptes_none values other than 0 or 511, defaulting to 0.',
  ]);
});

test('with the default max_ptes_none and the PMD order enabled mTHPs are only a fallback', () => {
  expect(onePass(ALL, { present: '300' }).attempts()).toEqual(['0:9']);
  const world = worldWith(ALL);
  world.system.faults = ({ point, order }) => point === 'allocate' && order === 9;
  populate(world, { present: '300' });
  world.run(SECOND);
  expect(world.attempts()).toEqual(['0:9 SCAN_ALLOC_HUGE_PAGE_FAIL', '256:8']);
});

test('MADV_COLLAPSE ignores sysfs, but not VM_NOHUGEPAGE or prctl, and honours uffd', () => {
  const world = worldWith([], { limits: { maxPtesNone: 0, maxPtesSwap: 0, maxPtesShared: 0 } });
  const { machine, system } = world;
  const contents = { present: '0-3,10', swap: '20-29', unreferenced: '0-3,10', shared: '1' };
  const plain = populate(world, contents);
  expect(madviseCollapse(system, plain.mm, plain.start, world.range)).toBeUndefined();
  expect(pmdAt(machine, plain.mm, plain.start)?.kind).toBe(PMD_LEAF);
  const refusing = populate(world, contents);
  madviseNohugepage(machine, refusing.mm, refusing.start, world.range);
  expect(madviseCollapse(system, refusing.mm, refusing.start, world.range)).toBe('EINVAL');
  const disabled = populate(world, contents);
  disabled.mm.thpDisabled = 'all';
  expect(madviseCollapse(system, disabled.mm, disabled.start, world.range)).toBe('EINVAL');
  disabled.mm.thpDisabled = 'except-advised';
  expect(madviseCollapse(system, disabled.mm, disabled.start, world.range)).toBeUndefined();
  const armed = populate(world, { present: '0-3', uffdArmed: true });
  expect(madviseCollapse(system, armed.mm, armed.start, world.range)).toBe('EBUSY');
  world.expectSound();
});

test('the vmstat name is thp_scan_exceed_share_pte', () => {
  const world = onePass([9], { present: 'all', shared: '0-300' });
  expect(vmstatLines(world.machine)).toContain('thp_scan_exceed_share_pte 1');
  expect(new ThpSysfs(world.daemon).read('hugepages-2048kB/stats/collapse_exceed_shared_pte')).toBe('1\n');
});

test('SCAN_PTE_UFFD prints pte_uffd_wp, and ccgroup_charge_failed has two c', () => {
  const world = onePass([9], { present: 'all', protected: '3' }, { model: 'linux-7.3' });
  expect(world.lines('mm_khugepaged_scan_pmd')[0]).toContain('status=pte_uffd_wp');
  const poor = worldWith([9]);
  poor.system.faults = ({ point }) => point === 'charge';
  populate(poor, { present: 'all' });
  poor.run(SECOND);
  expect(poor.lines('mm_collapse_huge_page')).toEqual([
    'mm_collapse_huge_page: isolated=0, status=ccgroup_charge_failed, order=9',
  ]);
});

test('7.2 prints the PFN of the last folio, 7.3 of the one that failed or all ones', () => {
  const pfnOf = (contents: Contents, model: 'linux-7.2' | 'linux-7.3') => {
    const world = worldWith([9], { model, limits: { maxPtesNone: 0 } });
    const { mm, start } = populate(world, contents);
    const frames = [0, 1, 2].map((page) => frameAt(world.machine, mm, start + page * PAGE));
    world.run(SECOND);
    const [, hex] = /scan_pfn=0x(\w+)/.exec(world.lines('mm_khugepaged_scan_pmd')[0])!;
    return hex === 'f'.repeat(16) ? 'all ones' : frames.indexOf(Number.parseInt(hex, 16));
  };
  const hole = { present: '0-1' };
  expect([pfnOf(hole, 'linux-7.2'), pfnOf(hole, 'linux-7.3')]).toEqual([1, 'all ones']);
  const pinned = { present: 'all', pinned: '2' };
  expect([pfnOf(pinned, 'linux-7.2'), pfnOf(pinned, 'linux-7.3')]).toEqual([2, 2]);
  const tracked = { present: 'all', protected: '2' };
  expect([pfnOf(tracked, 'linux-7.2'), pfnOf(tracked, 'linux-7.3')]).toEqual([1, 'all ones']);
});

test('a busy mmap lock ends the mm for this pass, and can raise full_scans', () => {
  const world = worldWith([9]);
  const { mm } = populate(world, { present: 'all' });
  world.system.schedule(0, { ...processAct('mmap', mm, areaLocks(mm), () => {}), holdNs: SECOND / 2 });
  world.run(SECOND);
  expect(world.statuses()).toEqual([]);
  expect(world.daemon.counts.fullScans).toBe(1);
  expect(world.lines('mm_khugepaged_scan')).toEqual(['mm_khugepaged_scan: progress=0, full_scan_finished=1']);
  world.run(10 * SECOND);
  expect(world.statuses()).toEqual(['SCAN_SUCCEED']);
});

test('a new mm waits for the end of the sleep, unless the list was empty', () => {
  const world = worldWith([9]);
  world.run(SECOND);
  expect(world.daemon.state).toBe('idle');
  populate(world, { present: 'all' }, { name: 'first' });
  world.run(SECOND);
  expect(world.statuses()).toEqual(['SCAN_SUCCEED']);
  populate(world, { present: 'all' }, { name: 'second' });
  world.run(8 * SECOND);
  expect(world.statuses()).toHaveLength(1);
  world.run(2 * SECOND);
  expect(world.statuses()).toEqual(['SCAN_SUCCEED', 'SCAN_PMD_MAPPED', 'SCAN_SUCCEED']);
});
