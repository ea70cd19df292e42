import { describe, expect, test } from 'vitest';
import { randomFrom } from '../../src/core/base/random.ts';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { read, touch } from '../../src/machine/fault/fault.ts';
import { ALLOC_FAILED, allocFolio, CHARGE_FAILED } from '../../src/machine/folios/folio-alloc.ts';
import { drainAllLru } from '../../src/machine/folios/lru.ts';
import { compact } from '../../src/machine/frames/compaction.ts';
import { fragment } from '../../src/machine/frames/fragment.ts';
import { Machine } from '../../src/machine/machine.ts';
import { mmap } from '../../src/machine/page-tables/address-space.ts';
import { clearReferences, madviseDontneed } from '../../src/machine/processes/madvise.ts';
import { pin } from '../../src/machine/processes/pin.ts';
import { reclaim } from '../../src/machine/reclaim/reclaim.ts';
import { churn, giveBack } from '../support/machine/churn.ts';
import { contents, expectSound, PAGE, RANGE, smallMachine } from './world.ts';

/** A process whose every second page is given back: half of its memory is free, in single pages. */
function halfFree(machine: Machine, ranges: number) {
  const mm = machine.createMm('process');
  const start = mmap(machine, mm, { bytes: ranges * RANGE });
  touch(machine, mm, start, ranges * RANGE, 1);
  for (let i = 0; i < ranges * 16; i += 2) madviseDontneed(machine, mm, start + i * PAGE, PAGE);
  drainAllLru(machine);
  return { mm, start };
}

describe('compaction', () => {
  test('makes a block by moving pages, which nobody notices', () => {
    const machine = smallMachine({}, { nodes: [128], swapPages: 0 });
    const { mm, start } = halfFree(machine, 7);
    const before = contents(machine, mm, start, 7 * 16);
    expect(machine.nodes[0].hasBlock(4)).toBe(false);
    expect(allocFolio(machine, 4, mm.memcg, [0], 'light')).toBe(ALLOC_FAILED);
    const report = compact(machine, 0, 4);
    expect(report.done).toBe(true);
    expect(report.moved).toBeGreaterThan(0);
    expect(machine.nodes[0].hasBlock(4)).toBe(true);
    expect(contents(machine, mm, start, 7 * 16)).toEqual(before);
    expect(allocFolio(machine, 4, mm.memcg, [0], 'light')).toBeGreaterThanOrEqual(0);
  });

  test('does not move what is pinned, and is not tried again at once', () => {
    const machine = smallMachine({}, { nodes: [128], swapPages: 0 });
    const { mm, start } = halfFree(machine, 7);
    for (let i = 1; i < 7 * 16; i += 2) pin(machine, mm, start + i * PAGE, PAGE);
    expect(compact(machine, 0, 4)).toMatchObject({ done: false, moved: 0, deferred: false });
    expect(compact(machine, 0, 4)).toMatchObject({ done: false, scanned: 0, deferred: true });
    expectSound(machine);
  });

  test('is what a direct allocation does and a light one does not; the work is counted', () => {
    const machine = smallMachine({}, { nodes: [128], swapPages: 0 });
    const { mm } = halfFree(machine, 7);
    const before = { ...machine.work };
    const head = allocFolio(machine, 4, mm.memcg, [0], 'direct');
    expect(head).toBeGreaterThanOrEqual(0);
    const moved = machine.work.compactMoved - before.compactMoved;
    expect(moved).toBeGreaterThan(0);
    expect(machine.work.copiedPages - before.copiedPages).toBe(moved);
    expectSound(machine, new Map([[head, 1]]));
  });
});

describe('reclaim', () => {
  test('drops page cache where there is no swap', () => {
    const machine = smallMachine({}, { swapPages: 0 });
    fragment(machine, 0, { cacheBlocks: 1, cacheFill: 1 }, randomFrom(1));
    expect(machine.freePages).toBe(0);
    expect(reclaim(machine, { pages: 40 }).freed).toBe(40);
    expect(machine.cachePages).toBe(1024 - 40);
    expectSound(machine);
  });

  test('swaps what is old before what is used', () => {
    const machine = smallMachine({}, { nodes: [256] });
    const mm = machine.createMm('process');
    const start = mmap(machine, mm, { bytes: 4 * RANGE });
    touch(machine, mm, start, 4 * RANGE, 1);
    clearReferences(machine, mm, start + RANGE, RANGE);
    expect(reclaim(machine, { pages: 16 }).freed).toBe(16);
    expect(machine.counters.vmstat.pswpout).toBe(16);
    read(machine, mm, start, RANGE);
    expect(machine.counters.vmstat.pswpin).toBe(0);
    read(machine, mm, start + RANGE, RANGE);
    expect(machine.counters.vmstat.pswpin).toBe(16);
    expect(contents(machine, mm, start, 64)).toEqual(Array(64).fill(1));
    expectSound(machine);
  });

  test('of a memcg takes from that group alone', () => {
    const machine = smallMachine();
    const memcg = machine.createMemcg('limited', 20);
    const inside = machine.createMm('inside', { memcg });
    const outside = machine.createMm('outside');
    const mine = mmap(machine, inside, { bytes: 3 * RANGE });
    const other = mmap(machine, outside, { bytes: 3 * RANGE });
    touch(machine, outside, other, 3 * RANGE, 2);
    clearReferences(machine, outside, other, 3 * RANGE);
    expect(touch(machine, inside, mine, 3 * RANGE, 1)).toEqual({ pages: 48, stop: undefined });
    expect(memcg.usage).toBeLessThanOrEqual(20);
    expect(inside.rssPages + inside.swapEntries).toBe(48);
    expect(outside.swapEntries).toBe(0);
    expect(allocFolio(machine, 4, machine.createMemcg('below', 5, memcg), [0], 'light')).toBe(CHARGE_FAILED);
    expectSound(machine);
  });
});

describe('fragmentation', () => {
  const node = 64 * 512;
  const machineOf = () => new Machine({ geometry: x86_64, nodes: [node] });

  test('takes whole PMD-sized blocks away, by the share that is asked for', () => {
    const machine = machineOf();
    fragment(machine, 0, { unmovableBlocks: 1 }, randomFrom(1));
    expect(machine.freePages).toBe(node - 64);
    expect(machine.nodes[0].hasBlock(9)).toBe(false);
    expect(compact(machine, 0, 9).done).toBe(false);
    expectSound(machine);
  });

  test('by page cache can be undone, that by kernel memory cannot', () => {
    const machine = machineOf();
    fragment(machine, 0, { cacheBlocks: 1, cacheFill: 0.3 }, randomFrom(1));
    expect(machine.nodes[0].hasBlock(9)).toBe(false);
    expect(compact(machine, 0, 9).done).toBe(true);
    expectSound(machine);
  });

  test('is the same for the same seed', () => {
    const blocksOf = (seed: number) => {
      const machine = machineOf();
      const kept = churn(machine, 0, { pages: 20_000, unmovable: 0.2, kept: 0.4 }, randomFrom(seed));
      expectSound(machine);
      return [kept, Array.from({ length: 11 }, (_, order) => machine.nodes[0].freeBlocks(order))];
    };
    expect(blocksOf(5)).toEqual(blocksOf(5));
    expect(blocksOf(5)).not.toEqual(blocksOf(6));
  });

  test('heals when all is given back', () => {
    const machine = machineOf();
    const kept = churn(machine, 0, { pages: 20_000, unmovable: 0.2, kept: 0.4 }, randomFrom(5));
    for (const frame of kept) giveBack(machine, frame);
    expect(machine.nodes[0].freeBlocks(10)).toBe(node / 1024);
  });
});

test('a node that is full hands the request to the next', () => {
  const machine = new Machine({ geometry: x86_64, nodes: [1024, 2048] });
  expect(allocFolio(machine, 9, machine.rootMemcg, [0], 'light')).toBe(0);
  expect(allocFolio(machine, 9, machine.rootMemcg, [0], 'light')).toBe(512);
  expect(allocFolio(machine, 9, machine.rootMemcg, [0], 'light')).toBe(ALLOC_FAILED);
  expect(machine.nodeOf(allocFolio(machine, 9, machine.rootMemcg, [0, 1], 'light')).node).toBe(1);
});
