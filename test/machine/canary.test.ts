import { describe, expect, test } from 'vitest';
import { touch } from '../../src/machine/fault/fault.ts';
import { drainAllLru } from '../../src/machine/folios/lru.ts';
import {
  PG_DEFERRED,
  PG_EXCLUSIVE,
  PG_HEAD,
  PG_LRU,
  PG_MAPPED_SHARED,
} from '../../src/machine/frames/frame-table.ts';
import type { Machine } from '../../src/machine/machine.ts';
import { mmap } from '../../src/machine/page-tables/address-space.ts';
import { frameAt, pmdAt } from '../../src/machine/page-tables/lookup.ts';
import type { Mm } from '../../src/machine/page-tables/mm.ts';
import { PTE_ACCESSED, PTE_NONE, PTE_WRITABLE } from '../../src/machine/page-tables/pte.ts';
import { fork } from '../../src/machine/processes/fork.ts';
import { madviseDontneed, madvisePageout } from '../../src/machine/processes/madvise.ts';
import { checkMachine } from '../support/machine/check.ts';
import { Shadow } from './shadow.ts';
import { PAGE, RANGE, smallMachine } from './world.ts';

/**
 * A machine with small pages, an order-2 folio, a PMD leaf, a shared page, swap: something for every check.
 */
function busyMachine(): {
  machine: Machine;
  mm: Mm;
  start: number;
  frame: number;
  large: number;
  leaf: number;
} {
  const machine = smallMachine();
  const mm = machine.createMm('busy');
  const start = mmap(machine, mm, { bytes: 4 * RANGE });
  touch(machine, mm, start, 8 * PAGE, 7);
  machine.settings = smallMachine({ 2: 'always', 4: 'always' }).settings;
  touch(machine, mm, start + 8 * PAGE, 4 * PAGE);
  touch(machine, mm, start + RANGE, RANGE);
  madvisePageout(machine, mm, start, PAGE);
  touch(machine, mm, start + 2 * RANGE, RANGE);
  madviseDontneed(machine, mm, start + 2 * RANGE, 3 * PAGE);
  drainAllLru(machine);
  const at = (address: number) => frameAt(machine, mm, address) as number;
  return {
    machine,
    mm,
    start,
    frame: at(start + 2 * PAGE),
    large: at(start + 8 * PAGE),
    leaf: at(start + RANGE),
  };
}

type Damage = (world: ReturnType<typeof busyMachine>) => void;

/** Each is what a mistake in some operation would leave behind. */
const DAMAGES: Record<string, Damage> = {
  'a reference is lost': ({ machine, frame }) => machine.frames.refcount[frame]--,
  'a reference is leaked': ({ machine, large }) => machine.frames.refcount[large]++,
  'a mapcount is wrong': ({ machine, frame }) => machine.frames.mapcount[frame]++,
  'a total mapcount is wrong': ({ machine, large }) => machine.frames.refcount[large + 1]--,
  'the count of PMD mappings is wrong': ({ machine, leaf }) => machine.frames.refcount[leaf + 2]++,
  'a folio is freed while it is mapped': ({ machine, frame }) => {
    machine.frames.flags[frame] = 0;
    machine.nodes[0].free(frame, 0);
  },
  'a freed block is not linked': ({ machine }) => {
    machine.frames.flags[machine.nodes[0].alloc(3, 0)] = PG_HEAD;
  },
  'a frame is owned by nobody': ({ machine }) => machine.nodes[0].alloc(0, 0),
  'buddies are not merged': ({ machine }) => {
    const node = machine.nodes[0];
    const block = node.alloc(1, 0);
    const { frames } = machine;
    const [list] = node.list(0, 0);
    frames.flags[block] = PG_HEAD;
    frames.flags[block + 1] = PG_HEAD;
    frames.order[block] = 0;
    frames.order[block + 1] = 0;
    if (list !== undefined) frames.content[list] = block;
  },
  'RSS drifts': ({ mm }) => mm.rssPages++,
  'swap entries drift': ({ mm }) => mm.swapEntries--,
  'a swap slot is leaked': ({ machine }) => machine.swap.store(machine.swap.take(0), 1, 1),
  'a charge is lost': ({ machine }) => machine.rootMemcg.uncharge(1),
  'a folio is on no LRU': ({ machine, frame }) => machine.frames.clear(frame, PG_LRU),
  'a PTE is dropped without its mapping': ({ machine, mm, start }) => {
    (pmdAt(machine, mm, start) as { ptes: Uint32Array }).ptes[2] = PTE_NONE;
  },
  'an empty PTE has a bit': ({ machine, mm, start }) => {
    (pmdAt(machine, mm, start) as { ptes: Uint32Array }).ptes[15] = PTE_ACCESSED;
  },
  'reverse mapping leads elsewhere': ({ machine, frame }) => machine.frames.rmap[frame]++,
  'a shared folio is not known to be': ({ machine, mm, large }) => {
    fork(machine, mm);
    machine.frames.clear(large, PG_MAPPED_SHARED);
  },
  'fork leaves pages writable': ({ machine, mm, start }) => {
    fork(machine, mm);
    (pmdAt(machine, mm, start) as { ptes: Uint32Array }).ptes[2] |= PTE_WRITABLE;
  },
  'a page is exclusive to two': ({ machine, mm, frame }) => {
    fork(machine, mm);
    machine.frames.set(frame, PG_EXCLUSIVE);
  },
  'a partially mapped folio is not queued': ({ machine, mm, start }) => {
    const head = machine.frames.headOf(frameAt(machine, mm, start + 2 * RANGE + 3 * PAGE) as number);
    machine.frames.clear(head, PG_DEFERRED);
  },
  'a gauge drifts': ({ machine }) => machine.counters.mthp.nr_anon[2]--,
  'a page table is leaked': ({ machine, mm }) => mm.pmds.delete([...mm.pmds.keys()][0]) && machine,
};

describe('the checkers', () => {
  test('find nothing in a machine that nobody damaged', () => {
    expect(checkMachine(busyMachine().machine)).toEqual([]);
  });

  test.each(Object.keys(DAMAGES))('notice when %s', (name) => {
    const world = busyMachine();
    DAMAGES[name](world);
    expect(checkMachine(world.machine)).not.toEqual([]);
  });

  test('notice contents that changed', () => {
    const { machine, mm, start, frame } = busyMachine();
    const shadow = new Shadow();
    shadow.write(mm, start, 8, 7, 0);
    const before = shadow.differences(machine).length;
    machine.frames.content[frame] = 8;
    expect(shadow.differences(machine)).toHaveLength(before + 1);
  });
});
