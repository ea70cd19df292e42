import { describe, expect, test } from 'vitest';
import { touch } from '../../src/machine/fault/fault.ts';
import { drainAllLru } from '../../src/machine/folios/lru.ts';
import { maybeMappedShared } from '../../src/machine/folios/mapped-shared.ts';
import { PG_LAZYFREE } from '../../src/machine/frames/frame-table.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { mmap, munmap } from '../../src/machine/page-tables/address-space.ts';
import { contentAt, frameAt, pmdAt, pteAt } from '../../src/machine/page-tables/lookup.ts';
import type { Mm } from '../../src/machine/page-tables/mm.ts';
import { PMD_LEAF, PMD_TABLE } from '../../src/machine/page-tables/pmd.ts';
import { PTE_HWPOISON, PTE_KIND, PTE_SWAP } from '../../src/machine/page-tables/pte.ts';
import { exit } from '../../src/machine/processes/exit.ts';
import { fork } from '../../src/machine/processes/fork.ts';
import {
  madviseDontneed,
  madviseFree,
  madviseHugepage,
  madvisePageout,
} from '../../src/machine/processes/madvise.ts';
import { reclaim } from '../../src/machine/reclaim/reclaim.ts';
import { loseFrame } from '../support/machine/memory-error.ts';
import { mremap } from '../support/machine/remap.ts';
import { contents, expectSound, PAGE, RANGE, smallMachine } from './world.ts';

function process(machine: Machine, ranges = 1): { mm: Mm; start: number } {
  const mm = machine.createMm('process');
  return { mm, start: mmap(machine, mm, { bytes: ranges * RANGE }) };
}

function headAt(machine: Machine, mm: Mm, address: number): number {
  return machine.frames.headOf(frameAt(machine, mm, address) as number);
}

function forked(machine: Machine, parent: Mm): Mm {
  const child = fork(machine, parent);
  if (!child) throw new Error('no memory');
  return child;
}

describe('THP at fault', () => {
  test('takes the PMD size if the range fits in the VMA, else the largest size that does', () => {
    const machine = smallMachine({ 2: 'always', 3: 'always', 4: 'always' });
    const mm = machine.createMm('process');
    const start = mmap(machine, mm, { address: 64 * RANGE + 4 * PAGE, bytes: 12 * PAGE + RANGE });
    touch(machine, mm, start, 12 * PAGE + RANGE, 1);
    const orders = Array.from(
      { length: 28 },
      (_, i) => machine.frames.order[headAt(machine, mm, start + i * PAGE)],
    );
    expect(orders).toEqual([...Array(4).fill(2), ...Array(8).fill(3), ...Array(16).fill(4)]);
    expect(machine.counters.mthp.anon_fault_alloc).toEqual([0, 0, 1, 1, 1]);
    expect(machine.counters.vmstat.thp_fault_alloc).toBe(1);
    expectSound(machine);
  });

  test('does not put a folio over pages that are there', () => {
    const machine = smallMachine();
    const { mm, start } = process(machine);
    touch(machine, mm, start + 5 * PAGE, PAGE, 1);
    machine.settings = smallMachine({ 2: 'always', 3: 'always' }).settings;
    touch(machine, mm, start, RANGE, 2);
    const orders = Array.from(
      { length: 16 },
      (_, i) => machine.frames.order[headAt(machine, mm, start + i * PAGE)],
    );
    expect(orders).toEqual([2, 2, 2, 2, 0, 0, 0, 0, 3, 3, 3, 3, 3, 3, 3, 3]);
    expectSound(machine);
  });

  test('falls back by size when memory is fragmented, and counts each size that it tried', () => {
    const machine = smallMachine({ 2: 'always', 3: 'always', 4: 'always' }, { nodes: [256], swapPages: 0 });
    for (let frame = 6; frame < 256; frame += 8) {
      machine.nodes[0].takeFrame(frame);
      machine.frames.flags[frame] = (4 << 0) | (1 << 3);
    }
    const { mm, start } = process(machine);
    touch(machine, mm, start, PAGE, 1);
    expect(machine.counters.mthp.anon_fault_fallback).toEqual([0, 0, 0, 1, 1]);
    expect(machine.frames.order[headAt(machine, mm, start)]).toBe(2);
    expectSound(machine);
  });

  test('obeys madvise and tells khugepaged of it', () => {
    const machine = smallMachine({ 4: 'madvise' });
    const entered: boolean[] = [];
    machine.hooks = { enterVma: (_mm, area) => entered.push(area.hasAnonVma) };
    const { mm, start } = process(machine, 2);
    touch(machine, mm, start, RANGE, 1);
    expect(pmdAt(machine, mm, start)?.kind).toBe(PMD_TABLE);
    madviseHugepage(machine, mm, start, 2 * RANGE);
    touch(machine, mm, start + RANGE, PAGE, 1);
    expect(pmdAt(machine, mm, start + RANGE)?.kind).toBe(PMD_LEAF);
    // mmap, MADV_HUGEPAGE, the fault.
    expect(entered).toEqual([false, true, true]);
  });

  test('is charged: a group that has no room gets a smaller folio', () => {
    const machine = smallMachine({ 2: 'always', 4: 'always' }, { swapPages: 0 });
    const memcg = machine.createMemcg('small', 8);
    const mm = machine.createMm('process', { memcg });
    const start = mmap(machine, mm, { bytes: RANGE });
    expect(touch(machine, mm, start, RANGE, 1)).toEqual({ pages: 8, stop: 'oom' });
    expect(machine.counters.mthp.anon_fault_fallback_charge[4]).toBe(1);
    expect(machine.counters.mthp.anon_fault_alloc[2]).toBe(2);
    expect(memcg.usage).toBe(8);
    expectSound(machine);
  });
});

describe('a partially mapped folio', () => {
  test('keeps its memory until reclaim splits it', () => {
    const machine = smallMachine({ 4: 'always' }, { swapPages: 0 });
    const { mm, start } = process(machine);
    touch(machine, mm, start, RANGE, 1);
    const free = machine.freePages;
    madviseDontneed(machine, mm, start, 10 * PAGE);
    expect(mm.rssPages).toBe(6);
    expect(machine.freePages).toBe(free);
    expect(machine.counters.mthp.nr_anon_partially_mapped[4]).toBe(1);
    expect(machine.counters.vmstat.thp_deferred_split_page).toBe(1);
    expectSound(machine);
    expect(reclaim(machine, { pages: 10 }).freed).toBe(10);
    expect(machine.counters.mthp.split[4]).toBe(1);
    expect(machine.counters.mthp.nr_anon_partially_mapped[4]).toBe(0);
    expect(contents(machine, mm, start, 16)).toEqual([...Array(10).fill(0), ...Array(6).fill(1)]);
    expectSound(machine);
  });

  test('is freed with its last page', () => {
    const machine = smallMachine({ 3: 'always' });
    const { mm, start } = process(machine);
    touch(machine, mm, start, 8 * PAGE, 1);
    const free = machine.freePages;
    for (let i = 0; i < 7; i++) munmap(machine, mm, start + i * PAGE, PAGE);
    expect(machine.freePages).toBe(free);
    munmap(machine, mm, start + 7 * PAGE, PAGE);
    expect(machine.freePages).toBe(free + 8);
    expect(machine.deferred.size).toBe(0);
    expectSound(machine);
  });
});

describe('the hint that a folio is shared', () => {
  test('comes with the second process and goes with it', () => {
    const machine = smallMachine({ 3: 'always' });
    const { mm, start } = process(machine);
    touch(machine, mm, start, 8 * PAGE, 1);
    const head = headAt(machine, mm, start);
    expect(maybeMappedShared(machine.frames, head)).toBe(false);
    const child = forked(machine, mm);
    expect(maybeMappedShared(machine.frames, head)).toBe(true);
    exit(machine, child);
    expect(maybeMappedShared(machine.frames, head)).toBe(false);
  });

  test('stays, though wrong, when a third process outlives the first two', () => {
    const machine = smallMachine({ 3: 'always' });
    const { mm, start } = process(machine);
    touch(machine, mm, start, 8 * PAGE, 1);
    const head = headAt(machine, mm, start);
    const [second, third] = [forked(machine, mm), forked(machine, mm)];
    exit(machine, mm);
    exit(machine, second);
    expect(machine.mms.get(third.id)).toBe(third);
    expect(maybeMappedShared(machine.frames, head)).toBe(true);
    madviseDontneed(machine, third, start, 7 * PAGE);
    // One mapping is never shared.
    expect(maybeMappedShared(machine.frames, head)).toBe(false);
    expectSound(machine);
  });

  test('holds for all PTEs of a shared THP, also for those that only one process still maps', () => {
    const machine = smallMachine({ 4: 'always' });
    const { mm, start } = process(machine);
    touch(machine, mm, start, RANGE, 1);
    const child = forked(machine, mm);
    touch(machine, child, start, 8 * PAGE, 2);
    expect(maybeMappedShared(machine.frames, headAt(machine, child, start + 8 * PAGE))).toBe(true);
    expect(maybeMappedShared(machine.frames, headAt(machine, child, start))).toBe(false);
  });
});

describe('swap', () => {
  test('keeps contents, shares slots over fork and gives them back', () => {
    const machine = smallMachine();
    const { mm, start } = process(machine);
    for (let i = 0; i < 4; i++) touch(machine, mm, start + i * PAGE, PAGE, i + 1);
    expect(madvisePageout(machine, mm, start, 4 * PAGE)).toBe(4);
    expect(mm.swapEntries).toBe(4);
    expect(mm.rssPages).toBe(0);
    const child = forked(machine, mm);
    touch(machine, child, start, PAGE, 50);
    expect(contents(machine, mm, start, 4)).toEqual([1, 2, 3, 4]);
    expect(contents(machine, child, start, 4)).toEqual([50, 2, 3, 4]);
    expectSound(machine);
    exit(machine, mm);
    exit(machine, child);
    expect(machine.swap.free).toBe(256);
  });

  test('takes a large folio whole, and split when no run of slots is free', () => {
    const machine = smallMachine({ 3: 'always' }, { swapPages: 16 });
    const { mm, start } = process(machine);
    touch(machine, mm, start, RANGE, 6);
    expect(madvisePageout(machine, mm, start, 8 * PAGE)).toBe(8);
    expect(machine.counters.mthp.swpout[3]).toBe(1);
    machine.swap.store(machine.swap.take(0), 0, 1);
    madvisePageout(machine, mm, start + 8 * PAGE, 8 * PAGE);
    expect(machine.counters.mthp.swpout_fallback[3]).toBe(1);
    expect(mm.swapEntries).toBe(15);
    expect(contents(machine, mm, start, 16)).toEqual(Array(16).fill(6));
  });
});

describe('MADV_FREE', () => {
  test('lets reclaim drop pages unless they were written again', () => {
    const machine = smallMachine({}, { swapPages: 0 });
    const { mm, start } = process(machine);
    touch(machine, mm, start, 4 * PAGE, 1);
    madviseFree(machine, mm, start, 4 * PAGE);
    expect(machine.lazyfreePages).toBe(4);
    expect(contentAt(machine, mm, start)).toBe(1);
    touch(machine, mm, start + PAGE, PAGE, 2);
    drainAllLru(machine);
    reclaim(machine, { pages: 16 });
    expect(contents(machine, mm, start, 4)).toEqual([0, 2, 0, 0]);
    expect(machine.counters.vmstat.pglazyfreed).toBe(3);
    expect(machine.frames.has(headAt(machine, mm, start + PAGE), PG_LAZYFREE)).toBe(false);
    expectSound(machine);
  });

  test('marks a THP that it covers whole and splits one that it covers in part', () => {
    const machine = smallMachine({ 4: 'always' });
    const { mm, start } = process(machine, 2);
    touch(machine, mm, start, 2 * RANGE, 1);
    madviseFree(machine, mm, start, RANGE + 4 * PAGE);
    expect(pmdAt(machine, mm, start)?.kind).toBe(PMD_LEAF);
    expect(pmdAt(machine, mm, start + RANGE)?.kind).toBe(PMD_TABLE);
    expect(machine.counters.mthp.split[4]).toBe(1);
    expect(machine.lazyfreePages).toBe(20);
    expectSound(machine);
  });

  test('leaves shared pages alone', () => {
    const machine = smallMachine();
    const { mm, start } = process(machine);
    touch(machine, mm, start, 2 * PAGE, 1);
    forked(machine, mm);
    madviseFree(machine, mm, start, 2 * PAGE);
    expect(machine.lazyfreePages).toBe(0);
  });
});

test('mremap brings pages of many THPs into one range, and reverse mapping still finds them', () => {
  const machine = smallMachine({ 4: 'always' });
  const { mm, start } = process(machine, 17);
  touch(machine, mm, start, 16 * RANGE, 1);
  const to = start + 32 * RANGE;
  for (let i = 0; i < 16; i++) {
    touch(machine, mm, start + i * RANGE + i * PAGE, PAGE, 100 + i);
    expect(mremap(machine, mm, start + i * RANGE + i * PAGE, PAGE, to + i * PAGE)).toBe(true);
  }
  expect(contents(machine, mm, to, 16)).toEqual(Array.from({ length: 16 }, (_, i) => 100 + i));
  expectSound(machine);
  expect(madvisePageout(machine, mm, to, RANGE)).toBe(16);
  expect(contents(machine, mm, to, 16)).toEqual(Array.from({ length: 16 }, (_, i) => 100 + i));
  expectSound(machine);
});

test('a memory error leaves a hwpoison entry and takes the frame out of use', () => {
  const machine = smallMachine({ 2: 'always' });
  const { mm, start } = process(machine);
  touch(machine, mm, start, 4 * PAGE, 1);
  expect(loseFrame(machine, headAt(machine, mm, start) + 1)).toBe(true);
  expect(pteAt(machine, mm, start + PAGE) & PTE_KIND).toBe(PTE_HWPOISON);
  expect(touch(machine, mm, start, 4 * PAGE)).toEqual({ pages: 1, stop: 'hwpoison' });
  expect(pteAt(machine, mm, start) & PTE_KIND).not.toBe(PTE_SWAP);
  expectSound(machine);
});
