import { describe, expect, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { read, touch } from '../../src/machine/fault/fault.ts';
import { Machine } from '../../src/machine/machine.ts';
import { mmap } from '../../src/machine/page-tables/address-space.ts';
import { frameAt } from '../../src/machine/page-tables/lookup.ts';
import { fork } from '../../src/machine/processes/fork.ts';
import { madviseDontneed, madvisePageout } from '../../src/machine/processes/madvise.ts';
import { defaultMachineSettings } from '../../src/machine/settings.ts';
import { contents, expectSound, PAGE, RANGE, smallMachine } from './world.ts';

/** A range of which each page is small, in swap, and has the slot of its place. */
function swappedOut(sizes: Parameters<typeof smallMachine>[0], slots = 256) {
  const machine = smallMachine({}, { swapPages: slots });
  const mm = machine.createMm('process');
  const start = mmap(machine, mm, { bytes: 4 * RANGE });
  for (let i = 0; i < 16; i++) touch(machine, mm, start + i * PAGE, PAGE, i + 1);
  madvisePageout(machine, mm, start, RANGE);
  machine.settings = { ...machine.settings, sizes: smallMachine(sizes).settings.sizes };
  const orders = () =>
    Array.from({ length: 16 }, (_, i) => {
      const frame = frameAt(machine, mm, start + i * PAGE);
      return frame === undefined ? '-' : String(machine.frames.order[frame]);
    }).join('');
  return { machine, mm, start, orders };
}

describe('swap-in', () => {
  test('brings the largest enabled window below the PMD order back at once', () => {
    const { machine, mm, start, orders } = swappedOut({ 2: 'always', 3: 'always', 4: 'always' });
    read(machine, mm, start + 9 * PAGE, PAGE);
    expect(orders()).toBe('--------33333333');
    expect([mm.rssPages, mm.swapEntries]).toEqual([8, 8]);
    expect(machine.counters.vmstat).toMatchObject({ pswpin: 8, pgmajfault: 1 });
    expect(machine.counters.mthp.swpin[3]).toBe(1);
    expect(contents(machine, mm, start, 16)).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
    expectSound(machine);
  });

  test('is of single pages where no size or only the PMD order is on', () => {
    for (const sizes of [{}, { 4: 'always' }] as Record<number, 'always'>[]) {
      const { machine, mm, start, orders } = swappedOut(sizes);
      touch(machine, mm, start + 9 * PAGE, PAGE);
      expect(orders()).toBe('---------0------');
    }
  });

  test('takes a smaller window, or a page, where an entry is missing', () => {
    const { machine, mm, start, orders } = swappedOut({ 2: 'always', 3: 'always' });
    madviseDontneed(machine, mm, start + 14 * PAGE, PAGE);
    touch(machine, mm, start + 9 * PAGE, PAGE);
    touch(machine, mm, start + 12 * PAGE, PAGE);
    expect(orders()).toBe('--------22220---');
    expectSound(machine);
  });

  test('takes single pages where slots are not aligned as their window is', () => {
    const machine = smallMachine();
    const mm = machine.createMm('process');
    const start = mmap(machine, mm, { bytes: 4 * RANGE });
    for (let i = 0; i < 17; i++) touch(machine, mm, start + i * PAGE, PAGE, i + 1);
    // One slot before those of the window.
    madvisePageout(machine, mm, start + 16 * PAGE, PAGE);
    madvisePageout(machine, mm, start, RANGE);
    machine.settings = { ...machine.settings, sizes: smallMachine({ 2: 'always' }).settings.sizes };
    read(machine, mm, start, PAGE);
    expect(machine.counters.vmstat.pswpin).toBe(1);
  });

  test('takes single pages of entries that another process has too', () => {
    const { machine, mm, start, orders } = swappedOut({ 2: 'always', 3: 'always' });
    fork(machine, mm);
    read(machine, mm, start, PAGE);
    expect(orders()).toBe('0---------------');
    expectSound(machine);
  });

  test('brings a folio of the PMD order back as two of half its size', () => {
    const machine = new Machine({ geometry: x86_64, nodes: [4096], swapPages: 1024 });
    const sizes = new Map([2, 3, 4, 5, 6, 7, 8, 9].map((order) => [order as never, 'always' as const]));
    machine.settings = { ...defaultMachineSettings(x86_64), sizes };
    const mm = machine.createMm('process');
    const start = mmap(machine, mm, { bytes: 2 << 20 });
    touch(machine, mm, start, 2 << 20, 5);
    expect(machine.counters.mthp.nr_anon[9]).toBe(1);
    madvisePageout(machine, mm, start, 2 << 20);
    read(machine, mm, start, 2 << 20);
    expect(machine.counters.mthp.nr_anon.slice(2)).toEqual([0, 0, 0, 0, 0, 0, 2, 0]);
    expectSound(machine);
  });
});
