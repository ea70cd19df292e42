import { describe, expect, test } from 'vitest';
import { geometryOfPmdOrder, x86_64 } from '../../src/core/memory/geometry.ts';
import { read, touch } from '../../src/machine/fault/fault.ts';
import { drainAllLru } from '../../src/machine/folios/lru.ts';
import { Machine } from '../../src/machine/machine.ts';
import { mmap, munmap } from '../../src/machine/page-tables/address-space.ts';
import { contentAt, frameAt, pmdAt, pteAt } from '../../src/machine/page-tables/lookup.ts';
import { PMD_LEAF, PMD_TABLE } from '../../src/machine/page-tables/pmd.ts';
import { PTE_KIND, PTE_WRITABLE, PTE_ZERO } from '../../src/machine/page-tables/pte.ts';
import { VM_READ, VM_UFFD_MISSING, VM_UFFD_WP, VM_WRITE } from '../../src/machine/page-tables/vma-flags.ts';
import { exit } from '../../src/machine/processes/exit.ts';
import { fork } from '../../src/machine/processes/fork.ts';
import { madviseDontneed } from '../../src/machine/processes/madvise.ts';
import { pin, unpin } from '../../src/machine/processes/pin.ts';
import { installGuard, removeGuard } from '../support/machine/guard.ts';
import { mprotect } from '../support/machine/remap.ts';
import { userfaultCopy, userfaultProtect, userfaultRegister } from '../support/machine/userfault.ts';
import { contents, expectSound, PAGE, RANGE, smallMachine } from './world.ts';

const MiB = 2 ** 20;

describe('a process', () => {
  test('leaves the machine as it was when it exits', () => {
    const machine = new Machine({ geometry: x86_64, nodes: [16 * 1024] });
    const free = machine.freePages;
    const mm = machine.createMm('process');
    const start = mmap(machine, mm, { bytes: 5 * MiB });
    expect(touch(machine, mm, start, 5 * MiB)).toEqual({ pages: 1280, stop: undefined });
    expect(mm.rssPages).toBe(1280);
    expect(machine.counters.mthp.nr_anon[9]).toBe(2);
    expectSound(machine);
    exit(machine, mm);
    drainAllLru(machine);
    expect(machine.freePages).toBe(free);
    expect(machine.nodes[0].freeBlocks(10)).toBe(16);
  });

  test.each([3, 9, 11, 13])('runs with PMD order %i', (pmdOrder) => {
    const geometry = geometryOfPmdOrder(pmdOrder);
    const machine = new Machine({ geometry, nodes: [1 << (pmdOrder + 3)] });
    const mm = machine.createMm('process');
    const bytes = 2 * machine.rangeBytes + machine.pageBytes;
    const start = mmap(machine, mm, { address: 64 * machine.rangeBytes, bytes });
    expect(touch(machine, mm, start, bytes).pages).toBe(2 * machine.rangePages + 1);
    expect(pmdAt(machine, mm, start)?.kind).toBe(PMD_LEAF);
    expect(pmdAt(machine, mm, start + 2 * machine.rangeBytes)?.kind).toBe(PMD_TABLE);
    expectSound(machine);
  });

  test('reads zeros from the shared zero page, which is nobody’s memory', () => {
    const machine = smallMachine();
    const mm = machine.createMm('reader');
    const start = mmap(machine, mm, { bytes: RANGE });
    read(machine, mm, start, RANGE);
    expect(pteAt(machine, mm, start) & PTE_KIND).toBe(PTE_ZERO);
    expect(mm.rssPages).toBe(0);
    expect(mm.areas.all()[0].hasAnonVma).toBe(false);
    touch(machine, mm, start + PAGE, PAGE, 5);
    expect(mm.rssPages).toBe(1);
    expect(mm.areas.all()[0].hasAnonVma).toBe(true);
    expect(contents(machine, mm, start, 3)).toEqual([0, 5, 0]);
    expectSound(machine);
  });

  test('is stopped where it may not touch', () => {
    const machine = smallMachine();
    const mm = machine.createMm('process');
    const start = mmap(machine, mm, { bytes: 4 * PAGE });
    expect(touch(machine, mm, start + 2 * PAGE, 4 * PAGE)).toEqual({ pages: 2, stop: 'segv' });
    mprotect(machine, mm, start, 4 * PAGE, VM_READ);
    expect(touch(machine, mm, start, PAGE).stop).toBe('segv');
    expect(read(machine, mm, start + 2 * PAGE, PAGE).stop).toBeUndefined();
    mprotect(machine, mm, start, 4 * PAGE, VM_READ | VM_WRITE);
    expect(touch(machine, mm, start, 4 * PAGE).stop).toBeUndefined();
    expect(installGuard(machine, mm, start + PAGE, PAGE)).toBe(true);
    expect(touch(machine, mm, start, 4 * PAGE)).toEqual({ pages: 1, stop: 'segv' });
    madviseDontneed(machine, mm, start, 4 * PAGE);
    expect(touch(machine, mm, start + PAGE, PAGE).stop).toBe('segv');
    removeGuard(machine, mm, start, 4 * PAGE);
    expect(touch(machine, mm, start, 4 * PAGE).stop).toBeUndefined();
    expectSound(machine);
  });

  test('runs out of memory without losing count', () => {
    const machine = smallMachine({}, { nodes: [64], swapPages: 0 });
    const mm = machine.createMm('greedy');
    const start = mmap(machine, mm, { bytes: 8 * RANGE });
    const report = touch(machine, mm, start, 8 * RANGE, 3);
    expect(report.stop).toBe('oom');
    // Four page tables for what is mapped and begun.
    expect(report.pages).toBe(64 - 4);
    expectSound(machine);
  });

  test('keeps its VMAs merged where they are equal and split where they are not', () => {
    const machine = smallMachine();
    const mm = machine.createMm('process');
    const start = mmap(machine, mm, { bytes: 8 * PAGE });
    mmap(machine, mm, { address: start + 8 * PAGE, bytes: 8 * PAGE });
    const bounds = () =>
      mm.areas.all().map((area) => [(area.start - start) / PAGE, (area.end - start) / PAGE]);
    expect(bounds()).toEqual([[0, 16]]);
    mprotect(machine, mm, start + 4 * PAGE, 4 * PAGE, VM_READ);
    expect(bounds()).toEqual([
      [0, 4],
      [4, 8],
      [8, 16],
    ]);
    mprotect(machine, mm, start + 4 * PAGE, 4 * PAGE, VM_READ | VM_WRITE);
    expect(bounds()).toEqual([[0, 16]]);
    munmap(machine, mm, start + 6 * PAGE, PAGE);
    expect(bounds()).toEqual([
      [0, 6],
      [7, 16],
    ]);
    expect(mm.areas.covers(start, start + 16 * PAGE)).toBe(false);
    expect(mm.areas.above(start + 6 * PAGE)?.start).toBe(start + 7 * PAGE);
  });
});

describe('fork', () => {
  test('shares pages until one of the two writes', () => {
    const machine = smallMachine();
    const parent = machine.createMm('parent');
    const start = mmap(machine, parent, { bytes: 4 * PAGE });
    touch(machine, parent, start, 4 * PAGE, 1);
    const child = fork(machine, parent);
    if (!child) throw new Error('no memory');
    expect(frameAt(machine, child, start)).toBe(frameAt(machine, parent, start));
    expect(pteAt(machine, parent, start) & PTE_WRITABLE).toBe(0);
    touch(machine, child, start, PAGE, 2);
    expect(contents(machine, parent, start, 2)).toEqual([1, 1]);
    expect(contents(machine, child, start, 2)).toEqual([2, 1]);
    expectSound(machine);
    exit(machine, child);
    drainAllLru(machine);
    const frame = frameAt(machine, parent, start + PAGE);
    touch(machine, parent, start + PAGE, PAGE, 3);
    // The last owner takes the page over instead of copying it.
    expect(frameAt(machine, parent, start + PAGE)).toBe(frame);
    expectSound(machine);
  });

  test('splits a shared THP at the PMD when it is written, for the writer only', () => {
    const machine = smallMachine({ 4: 'always' });
    const parent = machine.createMm('parent');
    const start = mmap(machine, parent, { bytes: RANGE });
    touch(machine, parent, start, RANGE, 1);
    const child = fork(machine, parent);
    if (!child) throw new Error('no memory');
    expect(child.rssPages).toBe(16);
    touch(machine, child, start + 3 * PAGE, PAGE, 2);
    expect(pmdAt(machine, child, start)?.kind).toBe(PMD_TABLE);
    expect(pmdAt(machine, parent, start)?.kind).toBe(PMD_LEAF);
    expect(contentAt(machine, parent, start + 3 * PAGE)).toBe(1);
    expect(machine.counters.vmstat.thp_split_pmd).toBe(1);
    expect(machine.counters.mthp.nr_anon[4]).toBe(1);
    expectSound(machine);
    exit(machine, child);
    touch(machine, parent, start, PAGE, 4);
    expect(pmdAt(machine, parent, start)?.kind).toBe(PMD_LEAF);
    expectSound(machine);
  });

  test('copies pinned pages at once, so that the device still writes to the parent', () => {
    const machine = smallMachine();
    const parent = machine.createMm('parent');
    const start = mmap(machine, parent, { bytes: 2 * PAGE });
    touch(machine, parent, start, 2 * PAGE, 1);
    const frames = pin(machine, parent, start, PAGE);
    const child = fork(machine, parent);
    if (!child || !frames) throw new Error('no memory');
    expect(frameAt(machine, child, start)).not.toBe(frames[0]);
    expect(frameAt(machine, child, start + PAGE)).toBe(frameAt(machine, parent, start + PAGE));
    touch(machine, parent, start, PAGE, 9);
    expect(frameAt(machine, parent, start)).toBe(frames[0]);
    expectSound(machine);
    exit(machine, parent);
    expectSound(machine);
    unpin(machine, frames);
    expectSound(machine);
  });
});

describe('userfaultfd', () => {
  test('stops writes to protected pages and faults in missing ones', () => {
    const machine = smallMachine({ 2: 'always', 4: 'always' });
    const mm = machine.createMm('process');
    const start = mmap(machine, mm, { bytes: RANGE });
    touch(machine, mm, start, RANGE, 1);
    userfaultRegister(machine, mm, start, RANGE, VM_UFFD_WP);
    userfaultProtect(machine, mm, start, 2 * PAGE);
    expect(touch(machine, mm, start, PAGE).stop).toBe('uffd');
    expect(touch(machine, mm, start + 2 * PAGE, PAGE).stop).toBeUndefined();
    userfaultRegister(machine, mm, start, RANGE, 0);
    expect(touch(machine, mm, start, PAGE).stop).toBeUndefined();

    const other = mmap(machine, mm, { bytes: RANGE });
    userfaultRegister(machine, mm, other, RANGE, VM_UFFD_MISSING);
    expect(touch(machine, mm, other, PAGE).stop).toBe('uffd');
    expect(userfaultCopy(machine, mm, other, 77)).toBe(true);
    expect(userfaultCopy(machine, mm, other, 78)).toBe(false);
    expect(contentAt(machine, mm, other)).toBe(77);
    expectSound(machine);
  });
});
