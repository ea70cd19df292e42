import { expect, test } from 'vitest';
import { x86_64 } from '../../src/core/geometry.ts';
import { mmap } from '../../src/memory/address-space.ts';
import { exit } from '../../src/memory/exit.ts';
import { touch } from '../../src/memory/fault.ts';
import { drainAllLru } from '../../src/memory/lru.ts';
import { Machine } from '../../src/memory/machine.ts';

const MiB = 2 ** 20;

test('a process that maps, touches and exits leaves the machine as it was', () => {
  const machine = new Machine({ geometry: x86_64, nodes: [16 * 1024] });
  const free = machine.freePages;
  const mm = machine.createMm('process');
  const start = mmap(machine, mm, { bytes: 5 * MiB });
  expect(touch(machine, mm, start, 5 * MiB)).toEqual({ pages: 1280, stop: undefined });
  expect(mm.rssPages).toBe(1280);
  expect(machine.counters.mthp.nr_anon[9]).toBe(2);
  exit(machine, mm);
  drainAllLru(machine);
  expect(machine.freePages).toBe(free);
  expect(machine.nodes[0].freeBlocks(10)).toBe(16);
});
