import { expect, test } from 'vitest';
import { formatOrders } from '../../src/core/memory/order.ts';
import { formatPages } from '../../src/core/memory/page-list.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { scanRange } from '../../src/core/rules/scan.ts';
import { read, touch } from '../../src/machine/fault/fault.ts';
import { drainAllLru, isolateFromLru } from '../../src/machine/folios/lru.ts';
import { NO_FRAME, PG_LOCKED } from '../../src/machine/frames/frame-table.ts';
import { Machine } from '../../src/machine/machine.ts';
import { mmap } from '../../src/machine/page-tables/address-space.ts';
import { frameAt, pmdAt } from '../../src/machine/page-tables/lookup.ts';
import type { Pmd } from '../../src/machine/page-tables/pmd.ts';
import { type RangeView, viewRange } from '../../src/machine/page-tables/range-view.ts';
import type { VmArea } from '../../src/machine/page-tables/vm-area.ts';
import { khugepagedOrders } from '../../src/machine/page-tables/vma-orders.ts';
import { fork } from '../../src/machine/processes/fork.ts';
import {
  clearReferences,
  madviseDontneed,
  madviseFree,
  madvisePageout,
} from '../../src/machine/processes/madvise.ts';
import { pin } from '../../src/machine/processes/pin.ts';
import { installGuard } from '../support/machine/guard.ts';
import { beginMigration } from '../support/machine/migration.ts';
import { userfaultProtect } from '../support/machine/userfault.ts';
import { policyOf } from '../support/ranges.ts';
import { PAGE, RANGE, SMALL, smallMachine } from './world.ts';

/** Present, ordinary pages of the range on each node. */
function nodeLoad(machine: Machine, view: RangeView): number[] {
  const load = machine.nodes.map(() => 0);
  for (const frame of view.frames) if (frame !== NO_FRAME) load[machine.nodeOf(frame).node]++;
  return load;
}

test('a range shows every fact that the scan asks for', () => {
  const machine = smallMachine();
  const mm = machine.createMm('process');
  const start = mmap(machine, mm, { bytes: RANGE });
  const at = (page: number) => start + page * PAGE;
  const frame = (page: number) => frameAt(machine, mm, at(page)) as number;
  touch(machine, mm, at(0), 2 * PAGE, 1);
  fork(machine, mm);
  touch(machine, mm, at(2), 9 * PAGE, 1);
  machine.settings = smallMachine({ 2: 'always' }).settings;
  touch(machine, mm, at(12), PAGE, 1);
  read(machine, mm, at(11), PAGE);
  drainAllLru(machine);
  clearReferences(machine, mm, at(3), PAGE);
  madviseFree(machine, mm, at(4), PAGE);
  madvisePageout(machine, mm, at(5), PAGE);
  installGuard(machine, mm, at(6), PAGE);
  pin(machine, mm, at(7), PAGE);
  machine.frames.set(frame(8), PG_LOCKED);
  isolateFromLru(machine, frame(9));
  beginMigration(machine, frame(10));
  userfaultProtect(machine, mm, at(2), PAGE);

  const view = viewRange(machine, mm.areas.all()[0], pmdAt(machine, mm, start) as Pmd);
  const { offLru, migrating } = view;
  const lists = Object.entries({ ...view.state.facts, offLru, migrating }).map(([name, bits]) => [
    name,
    bits && formatPages(bits),
  ]);
  expect(Object.fromEntries(lists)).toEqual({
    present: '0-4,7-9,11-15',
    swap: '5-6,10',
    guard: '6',
    zero: '11',
    shared: '0-1',
    unreferenced: '3-4',
    pinned: '7,9',
    lazyfree: '4',
    locked: '8',
    uffd: '2',
    offLru: '9',
    migrating: '10',
  });
  expect([...(view.state.folioOrders as Uint8Array)]).toEqual([...Array(12).fill(0), 2, 2, 2, 2]);
  expect(view.frames[7]).toBe(frame(7));
  expect(view.frames[5]).toBe(-1);
  expect(view.state.pmdMapped).toBe(false);
});

test('core scans the view of a range', () => {
  const machine = smallMachine({ 2: 'always' });
  const mm = machine.createMm('process');
  const start = mmap(machine, mm, { bytes: RANGE });
  touch(machine, mm, start, 8 * PAGE, 1);
  madviseDontneed(machine, mm, start, PAGE);
  const { state } = viewRange(machine, mm.areas.all()[0], pmdAt(machine, mm, start) as Pmd);
  const report = scanRange({ ...state, geometry: SMALL }, { ...policyOf(), maxPtesNone: 15 });
  expect(report).toMatchObject({ result: 'SCAN_SUCCEED', looked: 16, noneOrZero: 9, referenced: 7 });
});

test('a PMD leaf shows as mapped, and a view ends with the VMA', () => {
  const machine = smallMachine({ 4: 'always' });
  const mm = machine.createMm('process');
  const start = mmap(machine, mm, { address: 64 * RANGE, bytes: RANGE + 4 * PAGE });
  touch(machine, mm, start, RANGE + 4 * PAGE, 1);
  const area = mm.areas.all()[0];
  expect(viewRange(machine, area, pmdAt(machine, mm, start) as Pmd).state.pmdMapped).toBe(true);
  const cut: VmArea = { ...area, end: start + RANGE + 2 * PAGE };
  const edge = viewRange(machine, cut, pmdAt(machine, mm, start + RANGE) as Pmd);
  expect(formatPages(edge.state.facts.present)).toBe('0-1');
});

test('the load of a range is counted by node', () => {
  const machine = new Machine({ geometry: SMALL, nodes: [12, 1024] });
  machine.settings = smallMachine().settings;
  const mm = machine.createMm('process');
  const start = mmap(machine, mm, { bytes: RANGE });
  touch(machine, mm, start, RANGE, 1);
  const view = viewRange(machine, mm.areas.all()[0], pmdAt(machine, mm, start) as Pmd);
  // The page table took one frame of the first node.
  expect(nodeLoad(machine, view)).toEqual([11, 5]);
});

test('khugepaged has no orders for memory that was never written', () => {
  const machine = smallMachine({ 2: 'always', 4: 'madvise' });
  const mm = machine.createMm('process');
  const start = mmap(machine, mm, { bytes: RANGE });
  const orders = () =>
    formatOrders(khugepagedOrders(machine, mm, mm.areas.all()[0], KERNEL_MODELS['linux-7.3']));
  read(machine, mm, start, RANGE);
  expect(orders()).toBe('none');
  touch(machine, mm, start, PAGE);
  expect(orders()).toBe('2');
  mm.thpDisabled = 'all';
  expect(orders()).toBe('none');
});
