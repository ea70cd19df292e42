import { describe, expect, test } from 'vitest';
import { read, touch } from '../../src/machine/fault/fault.ts';
import { putFolio } from '../../src/machine/folios/folio.ts';
import { allocFolio } from '../../src/machine/folios/folio-alloc.ts';
import { drainAllLru } from '../../src/machine/folios/lru.ts';
import { NO_FRAME, PG_LOCKED } from '../../src/machine/frames/frame-table.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { mmap } from '../../src/machine/page-tables/address-space.ts';
import {
  detachPmd,
  isolateFolio,
  reattachPmd,
  releaseFolio,
} from '../../src/machine/page-tables/collapse-steps.ts';
import { frameAt, pmdAt, pteAt } from '../../src/machine/page-tables/lookup.ts';
import type { Mm } from '../../src/machine/page-tables/mm.ts';
import { PMD_LEAF, PMD_TABLE, type Pmd } from '../../src/machine/page-tables/pmd.ts';
import { PTE_DIRTY, PTE_WRITABLE } from '../../src/machine/page-tables/pte.ts';
import { fork } from '../../src/machine/processes/fork.ts';
import { madviseDontneed, madvisePageout } from '../../src/machine/processes/madvise.ts';
import { pin } from '../../src/machine/processes/pin.ts';
import { poisonFrame } from '../support/machine/memory-error.ts';
import { beginMigration, endMigration } from '../support/machine/migration.ts';
import { miniCollapse } from './mini-collapse.ts';
import { contents, expectSound, PAGE, RANGE, smallMachine } from './world.ts';

/** A process with pages 0 to `pages` - 1 of one range written, page i with content i + 1, all on the LRU. */
function written(pages: number): { machine: Machine; mm: Mm; start: number; pmd: Pmd } {
  const machine = smallMachine();
  const mm = machine.createMm('process');
  const start = mmap(machine, mm, { bytes: RANGE });
  for (let i = 0; i < pages; i++) touch(machine, mm, start + i * PAGE, PAGE, i + 1);
  drainAllLru(machine);
  return { machine, mm, start, pmd: pmdAt(machine, mm, start) as Pmd };
}

const upTo = (pages: number) => Array.from({ length: 16 }, (_, i) => (i < pages ? i + 1 : 0));

describe('a collapse', () => {
  test('to the PMD order maps one leaf, fills the holes and keeps the page table for a split', () => {
    const { machine, mm, start, pmd } = written(10);
    read(machine, mm, start + 12 * PAGE, PAGE);
    expect(miniCollapse(machine, mm, start, 4)).toBe('SCAN_SUCCEED');
    expect(pmd.kind).toBe(PMD_LEAF);
    expect(pmd.tableFrame).not.toBe(NO_FRAME);
    expect(mm.rssPages).toBe(16);
    expect(contents(machine, mm, start, 16)).toEqual(upTo(10));
    expect(machine.deferred.size).toBe(1);
    drainAllLru(machine);
    // 16 pages of the folio and the page table.
    expect(machine.freePages).toBe(1024 - 17);
    expectSound(machine);
    madviseDontneed(machine, mm, start, PAGE);
    expect(contents(machine, mm, start, 3)).toEqual([0, 2, 3]);
    expectSound(machine);
  });

  test('to a smaller order leaves the rest of the range as it was', () => {
    const { machine, mm, start, pmd } = written(10);
    const outside = frameAt(machine, mm, start + 3 * PAGE);
    expect(miniCollapse(machine, mm, start + 8 * PAGE, 3)).toBe('SCAN_SUCCEED');
    expect(pmd.kind).toBe(PMD_TABLE);
    expect(frameAt(machine, mm, start + 3 * PAGE)).toBe(outside);
    expect(machine.frames.order[frameAt(machine, mm, start + 15 * PAGE) as number]).toBe(3);
    expect(pteAt(machine, mm, start + 15 * PAGE) & (PTE_DIRTY | PTE_WRITABLE)).toBe(PTE_DIRTY | PTE_WRITABLE);
    expect(mm.rssPages).toBe(16);
    expect(machine.deferred.size).toBe(0);
    expect(machine.counters.mthp.nr_anon).toEqual([0, 0, 0, 1, 0]);
    expect(contents(machine, mm, start, 16)).toEqual(upTo(10));
    expectSound(machine);
  });

  test('absorbs smaller folios, the PMD order also a PTE-mapped folio of its own size', () => {
    const { machine, mm, start } = written(16);
    expect(miniCollapse(machine, mm, start, 2)).toBe('SCAN_SUCCEED');
    expect(miniCollapse(machine, mm, start, 3)).toBe('SCAN_SUCCEED');
    expect(miniCollapse(machine, mm, start, 3)).toBe('SCAN_PTE_MAPPED_HUGEPAGE');
    expect(miniCollapse(machine, mm, start, 4)).toBe('SCAN_SUCCEED');
    madviseDontneed(machine, mm, start + 5 * PAGE, PAGE);
    expect(miniCollapse(machine, mm, start, 4)).toBe('SCAN_SUCCEED');
    expect(machine.counters.mthp.nr_anon).toEqual([0, 0, 0, 0, 1]);
    expect(machine.counters.mthp.split_deferred[4]).toBe(1);
    expect(contents(machine, mm, start, 7)).toEqual([1, 2, 3, 4, 5, 0, 7]);
    expectSound(machine);
  });

  test('swaps pages in for the PMD order alone', () => {
    const { machine, mm, start } = written(16);
    madvisePageout(machine, mm, start + 4 * PAGE, 3 * PAGE);
    expect(miniCollapse(machine, mm, start + 4 * PAGE, 2)).toBe('SCAN_PTE_NON_PRESENT');
    expectSound(machine);
    expect(miniCollapse(machine, mm, start, 4)).toBe('SCAN_SUCCEED');
    expect(machine.counters.vmstat.pswpin).toBe(3);
    expect(mm.swapEntries).toBe(0);
    expect(contents(machine, mm, start, 16)).toEqual(upTo(16));
    expectSound(machine);
  });

  test('takes shared pages out of the sharing and leaves the other process its own', () => {
    const machine = smallMachine({ 4: 'always' });
    const mm = machine.createMm('parent');
    const start = mmap(machine, mm, { bytes: RANGE });
    touch(machine, mm, start, RANGE, 1);
    const child = fork(machine, mm) as Mm;
    touch(machine, child, start, PAGE, 2);
    expect(miniCollapse(machine, child, start, 4)).toBe('SCAN_SUCCEED');
    expect(pmdAt(machine, mm, start)?.kind).toBe(PMD_LEAF);
    expect(pmdAt(machine, child, start)?.kind).toBe(PMD_LEAF);
    expect(contents(machine, mm, start, 2)).toEqual([1, 1]);
    expect(contents(machine, child, start, 2)).toEqual([2, 1]);
    expectSound(machine);
  });
});

describe('a collapse that fails', () => {
  test.each([
    ['a memory error', 'SCAN_COPY_MC', (machine: Machine, frame: number) => poisonFrame(machine, frame)],
    ['a lock', 'SCAN_PAGE_LOCK', (machine: Machine, frame: number) => machine.frames.set(frame, PG_LOCKED)],
    [
      'a migration',
      'SCAN_PAGE_LOCK',
      (machine: Machine, frame: number): void => {
        beginMigration(machine, frame);
      },
    ],
  ] as const)('by %s changes nothing', (_name, result, disturb) => {
    const { machine, mm, start, pmd } = written(16);
    const frame = frameAt(machine, mm, start + 9 * PAGE) as number;
    disturb(machine, frame);
    const [free, ptes] = [machine.freePages, pmd.ptes.slice()];
    expect(miniCollapse(machine, mm, start, 4)).toBe(result);
    expect(machine.freePages).toBe(free);
    expect(pmd.ptes).toEqual(ptes);
    expectSound(machine);
    if (result === 'SCAN_PAGE_LOCK' && machine.frames.mapcount[frame] === 0) endMigration(machine, frame);
    expect(contents(machine, mm, start, 16)).toEqual(upTo(16));
  });

  test('by a pin leaves the pages before it in the LRU batch, where an extra reference hides them', () => {
    const { machine, mm, start } = written(16);
    pin(machine, mm, start + 5 * PAGE, PAGE);
    expect(miniCollapse(machine, mm, start, 4)).toBe('SCAN_PAGE_COUNT');
    expect(machine.batches.waiting(0)).toHaveLength(5);
    expect(machine.batches.waiting(0)[0]).toBe(frameAt(machine, mm, start + 4 * PAGE));
    const frame = frameAt(machine, mm, start) as number;
    expect(isolateFolio(machine, frame)).toBe('SCAN_PAGE_COUNT');
    drainAllLru(machine);
    expect(isolateFolio(machine, frame)).toBeUndefined();
    expect(isolateFolio(machine, frame)).toBe('SCAN_PAGE_LOCK');
    expectSound(machine);
    releaseFolio(machine, frame);
    expectSound(machine);
  });
});

test('a range whose PMD entry is detached still counts, and refuses everybody else', () => {
  const { machine, mm, start, pmd } = written(4);
  detachPmd(pmd);
  expectSound(machine);
  expect(() => touch(machine, mm, start, PAGE)).toThrow(/khugepaged holds it/);
  expect(() => madviseDontneed(machine, mm, start, PAGE)).toThrow(/khugepaged holds it/);
  reattachPmd(pmd);
  expect(touch(machine, mm, start, PAGE).stop).toBeUndefined();
});

test('a folio that was allocated and is not needed goes back, with its charge', () => {
  const { machine, mm } = written(1);
  const before = [machine.freePages, mm.memcg.usage];
  const head = allocFolio(machine, 4, mm.memcg, [0], 'light');
  expectSound(machine, new Map([[head, 1]]));
  putFolio(machine, head, 1);
  expect([machine.freePages, mm.memcg.usage]).toEqual(before);
  expectSound(machine);
});
