import { describe, expect, test } from 'vitest';
import { touch } from '../../src/machine/fault/fault.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { mmap } from '../../src/machine/page-tables/address-space.ts';
import { pmdAt, pteAt } from '../../src/machine/page-tables/lookup.ts';
import { PMD_LEAF, PMD_TABLE } from '../../src/machine/page-tables/pmd.ts';
import { PTE_KIND, PTE_PRESENT, PTE_ZERO } from '../../src/machine/page-tables/pte.ts';
import { reclaim } from '../../src/machine/reclaim/reclaim.ts';
import type { MachineSettings } from '../../src/machine/settings.ts';
import { expectSound, PAGE, RANGE, smallMachine } from './world.ts';

/**
 * A machine without swap whose process has a folio of 16 pages for each number: so many of them are written.
 */
function machineWith(written: readonly number[], settings: Partial<MachineSettings>) {
  const machine = smallMachine({ 4: 'always' }, { swapPages: 0 });
  machine.settings = { ...machine.settings, ...settings };
  const mm = machine.createMm('process');
  const start = mmap(machine, mm, { bytes: 16 * RANGE });
  const write = (range: number, pages: number) => {
    // The first touch makes a folio of zeros; a page of zeros is what a write of zeros leaves.
    touch(machine, mm, start + range * RANGE, PAGE, 0);
    if (pages > 0) touch(machine, mm, start + range * RANGE, pages * PAGE, 7);
  };
  for (const [range, pages] of written.entries()) write(range, pages);
  const kinds = () => written.map((_, i) => pmdAt(machine, mm, start + i * RANGE)?.kind);
  return { machine, mm, start, write, kinds };
}

const squeeze = (machine: Machine) => reclaim(machine, { pages: 10_000 }).freed;
const limit = (machine: Machine, maxPtesNone: number) => {
  machine.settings = { ...machine.settings, maxPtesNone };
};

describe('underused huge pages under memory pressure', () => {
  test('are split when more than max_ptes_none pages hold only zeros, which become zero page entries', () => {
    const { machine, mm, start, kinds } = machineWith([6, 5, 4], { maxPtesNone: 10 });
    // 10, 11 and 12 pages of zeros.
    expect(squeeze(machine)).toBe(11 + 12);
    expect(kinds()).toEqual([PMD_LEAF, PMD_TABLE, PMD_TABLE]);
    const ptes = Array.from(
      { length: 16 },
      (_, i) => pteAt(machine, mm, start + RANGE + i * PAGE) & PTE_KIND,
    );
    expect(ptes).toEqual([...Array(5).fill(PTE_PRESENT), ...Array(11).fill(PTE_ZERO)]);
    expect(mm.rssPages).toBe(16 + 5 + 4);
    expect(machine.counters.vmstat.thp_underused_split_page).toBe(2);
    expectSound(machine);
  });

  test('are never split at the largest limit, not even one of zeros alone', () => {
    const { machine, kinds } = machineWith([0, 1], { maxPtesNone: 15 });
    expect(squeeze(machine)).toBe(0);
    expect(kinds()).toEqual([PMD_LEAF, PMD_LEAF]);
  });

  test('leave the queue for good once looked at; folios made later are split', () => {
    const { machine, kinds, write } = machineWith([0, 1, 1], { maxPtesNone: 15 });
    squeeze(machine);
    limit(machine, 4);
    expect(squeeze(machine)).toBe(0);
    expect(kinds()).toEqual([PMD_LEAF, PMD_LEAF, PMD_LEAF]);
    write(3, 1);
    expect(squeeze(machine)).toBe(15);
    expectSound(machine);
  });

  test('that hold too much for the limit of the day leave it, too', () => {
    const { machine } = machineWith([6], { maxPtesNone: 10 });
    squeeze(machine);
    limit(machine, 0);
    expect(squeeze(machine)).toBe(0);
  });

  test('are left alone while nobody looks: the limit that counts is that of the moment of pressure', () => {
    const { machine } = machineWith([1], { maxPtesNone: 15 });
    limit(machine, 4);
    expect(squeeze(machine)).toBe(15);
  });

  test('below the PMD order are never split', () => {
    const machine = smallMachine({ 3: 'always' }, { swapPages: 0 });
    machine.settings = { ...machine.settings, maxPtesNone: 0 };
    const mm = machine.createMm('process');
    const start = mmap(machine, mm, { bytes: 4 * RANGE });
    for (let at = 0; at < 4 * RANGE; at += RANGE / 2) touch(machine, mm, start + at, PAGE, 7);
    expect(machine.counters.mthp.nr_anon[3]).toBe(8);
    expect(squeeze(machine)).toBe(0);
    expect(machine.counters.mthp.nr_anon[3]).toBe(8);
  });

  test('with shrink_underused off are not split', () => {
    const { machine } = machineWith([0, 1], { maxPtesNone: 4, shrinkUnderused: false });
    expect(squeeze(machine)).toBe(0);
  });
});
