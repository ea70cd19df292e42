import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import '../support/seed.ts';
import { planMadvise } from '../../src/core/plan/madvise-collapse.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { madviseOrders } from '../../src/core/rules/vma.ts';
import { touch } from '../../src/machine/fault/fault.ts';
import { mmap, munmap } from '../../src/machine/page-tables/address-space.ts';
import { pmdAt } from '../../src/machine/page-tables/lookup.ts';
import { PMD_NONE } from '../../src/machine/page-tables/pmd.ts';
import { viewRange } from '../../src/machine/page-tables/range-view.ts';
import { viewVma } from '../../src/machine/page-tables/vm-area.ts';
import { madviseNohugepage } from '../../src/machine/processes/madvise.ts';
import { madviseCollapse } from '../support/khugepaged/madvise-collapse.ts';
import { populate, quietly } from './populate.ts';
import { PAGE, SMALL, World } from './world.ts';

const RANGE = 16 * PAGE;
const BASE = 0x7f00_0000_0000;

const contents = fc.constantFrom(
  {},
  { present: '0' },
  { present: 'all' },
  { present: '0-7', swap: '8-15' },
  { present: 'all', pinned: '3' },
  { present: '0-3', uffdArmed: true },
  { present: 'all', protected: '2' },
  { zero: 'all' },
  { present: '0-9', guard: '12' },
  { folios: ['4@0'] },
);

test('a call does what core plans for it', () => {
  const ranges = fc.array(fc.record({ contents, gap: fc.boolean(), refuses: fc.boolean() }), {
    minLength: 1,
    maxLength: 6,
  });
  const model = fc.constantFrom<'linux-7.2' | 'linux-6.18'>('linux-7.2', 'linux-6.18');
  fc.assert(
    fc.property(ranges, fc.nat(15), fc.nat(40), model, (drawn, skip, cut, name) => {
      const world = new World({ model: name, sizes: { 4: 'never' } });
      const { machine } = world;
      const mm = machine.createMm('advised');
      drawn.forEach((range, i) => {
        const address = BASE + i * RANGE;
        populate(world, range.contents, { mm, address });
        if (range.refuses && i % 3 === 2) madviseNohugepage(machine, mm, address, RANGE);
        if (range.gap && i % 3 === 1) munmap(machine, mm, address, RANGE);
      });
      const start = BASE + (skip % 3 === 0 ? skip * PAGE : 0);
      const length = Math.max(1, drawn.length * 16 - cut) * PAGE;
      const plan = planMadvise({
        start,
        length,
        model: KERNEL_MODELS[name],
        geometry: SMALL,
        vmas: mm.areas.all().map((area) => ({
          start: area.start,
          end: area.end,
          orders: madviseOrders(viewVma(area), SMALL, false).orders,
          written: area.hasAnonVma,
        })),
        rangeAt: (address) => {
          const pmd = pmdAt(machine, mm, address);
          const area = mm.areas.at(address);
          if (pmd && pmd.kind !== PMD_NONE && area) return viewRange(machine, area, pmd).state;
          const table = Math.floor(address / RANGE / 16) * 16;
          const hasTable = Array.from({ length: 16 }, (_, i) => mm.pmds.get(table + i)).some(
            (other) => other && other.kind !== PMD_NONE,
          );
          return hasTable ? 'no-pte-table' : 'no-pmd-table';
        },
      });
      expect(madviseCollapse(world.system, mm, start, length)).toBe(plan.errno);
      world.expectSound();
      const scanned = world.events.flatMap(({ event: e }) =>
        e.event === 'mm_khugepaged_scan_pmd' ? [{ address: e.address, result: e.result }] : [],
      );
      expect(scanned).toEqual(plan.ranges.map(({ address, result }) => ({ address, result })));
    }),
    { numRuns: 300 },
  );
});

describe('MADV_COLLAPSE', () => {
  test('touches neither pages_collapsed nor full_scans, and counts events as khugepaged does', () => {
    const world = new World();
    const { mm, start } = populate(world, { present: '0' });
    madviseCollapse(world.system, mm, start, RANGE);
    expect(world.daemon.counts).toEqual({ fullScans: 0, pagesCollapsed: 0 });
    expect(world.machine.counters.vmstat.thp_collapse_alloc).toBe(1);
    expect(world.machine.counters.mthp.collapse_alloc[4]).toBe(1);
    expect(world.system.timeline.now).toBeGreaterThan(0);
  });

  test('refuses an address that is not aligned, and does nothing for no length', () => {
    const world = new World();
    const { mm, start } = populate(world, { present: '0' });
    expect(madviseCollapse(world.system, mm, start + 1, RANGE)).toBe('EINVAL');
    expect(madviseCollapse(world.system, mm, start, 0)).toBeUndefined();
    expect(world.events).toEqual([]);
  });

  test('revalidates after its lock was dropped: an area that goes meanwhile ends the call', () => {
    const world = new World();
    const { machine, system } = world;
    const mm = machine.createMm('advised');
    mmap(machine, mm, { address: BASE, bytes: 3 * RANGE });
    quietly(world, () => touch(machine, mm, BASE, 3 * RANGE));
    let isCut = false;
    system.faults = ({ point }) => {
      if (point === 'copy' && !isCut) {
        isCut = true;
        const run = () => munmap(machine, mm, BASE + 2 * RANGE, RANGE);
        system.schedule(0, { name: 'munmap', needs: [{ kind: 'mmap', object: mm, write: true }], run });
      }
      return false;
    };
    expect(madviseCollapse(system, mm, BASE, 3 * RANGE)).toBeUndefined();
    expect(world.statuses()).toEqual(['SCAN_SUCCEED', 'SCAN_SUCCEED']);
    world.expectSound();
  });
});
