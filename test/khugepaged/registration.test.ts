import { describe, expect, test } from 'vitest';
import { exitAct } from '../../src/khugepaged/process-acts.ts';
import { touch } from '../../src/machine/fault/fault.ts';
import { mmap } from '../../src/machine/page-tables/address-space.ts';
import { exit } from '../../src/machine/processes/exit.ts';
import { fork } from '../../src/machine/processes/fork.ts';
import { madviseHugepage, madviseNohugepage } from '../../src/machine/processes/madvise.ts';
import { populate, quietly } from './populate.ts';
import { PAGE, SECOND, World } from './world.ts';

describe('an address space is registered (khugepaged_enter_vma)', () => {
  test('by a fault of the PMD size, even if a small page is used in the end', () => {
    const world = new World({ sizes: { 4: 'always' }, nodes: [16] });
    const { machine, daemon } = world;
    const mm = machine.createMm('process');
    const start = mmap(machine, mm, { bytes: 2 * world.range });
    expect(daemon.list.length).toBe(0);
    touch(machine, mm, start, PAGE);
    expect(mm.rssPages).toBe(1);
    expect(daemon.list.slots).toEqual([mm]);
  });

  test('not by faults of smaller sizes, but by MADV_HUGEPAGE afterwards, whatever size is on', () => {
    const world = new World({ sizes: { 2: 'madvise' } });
    const { machine, daemon } = world;
    const mm = machine.createMm('process');
    const start = mmap(machine, mm, { bytes: world.range });
    touch(machine, mm, start, 4 * PAGE);
    expect(daemon.list.length).toBe(0);
    madviseHugepage(machine, mm, start, world.range);
    expect(daemon.list.slots).toEqual([mm]);
  });

  test('not while nothing is on, or by an area that does not qualify', () => {
    const world = new World({ sizes: { 4: 'madvise' } });
    const { machine, daemon } = world;
    const { mm, start } = populate(world, { present: 'all' });
    expect(daemon.list.length).toBe(0);
    quietly(world, () => madviseHugepage(machine, mm, start, world.range));
    expect(daemon.list.length).toBe(0);
    machine.settings = { ...machine.settings, sizes: new Map() };
    madviseHugepage(machine, mm, start, world.range);
    expect(daemon.list.length).toBe(0);
  });

  test('by fork, at the end of the list, if the parent is', () => {
    const world = new World();
    const parent = populate(world, { present: '0' }).mm;
    const other = populate(world, { present: '0' }).mm;
    const child = fork(world.machine, parent);
    expect(world.daemon.list.slots).toEqual([parent, other, child]);
    const stranger = quietFork(world);
    expect(world.daemon.list.has(stranger)).toBe(false);
  });

  function quietFork(world: World) {
    const { machine } = world;
    const mm = machine.createMm('unknown');
    return fork(machine, mm) ?? mm;
  }
});

describe('it stays registered', () => {
  test('with MADV_NOHUGEPAGE and with THPs switched off', () => {
    const world = new World();
    const { mm, start } = populate(world, { present: '0' });
    madviseNohugepage(world.machine, mm, start, world.range);
    world.run(30 * SECOND);
    expect(world.daemon.list.slots).toEqual([mm]);
    expect(world.statuses()).toEqual([]);
    expect(world.daemon.counts.fullScans).toBe(3);
  });

  test('until it exits: the slot of the cursor is freed by the daemon, any other at once', () => {
    const world = new World();
    const first = populate(world, { present: '0' }, { bytes: 20 * world.range }).mm;
    const second = populate(world, { present: '0' }).mm;
    world.system.settings.pagesToScan = 1;
    world.run(SECOND);
    expect(world.daemon.list.cursor.mm).toBe(first);
    exit(world.machine, second);
    expect(world.daemon.list.slots).toEqual([first]);
    world.system.schedule(2 * SECOND, exitAct(world.system, first));
    world.run(2 * SECOND);
    expect(first.exited).toBe(true);
    expect(world.daemon.list.slots).toEqual([first]);
    world.run(10 * SECOND);
    expect(world.daemon.list.length).toBe(0);
    expect(world.daemon.state).toBe('idle');
    world.expectSound();
  });
});

describe('nodes', () => {
  const far = {
    between: [
      [10, 40],
      [40, 10],
    ],
    reclaim: 30,
  };

  test('too far from each other abort the scan, if node_reclaim_mode is on', () => {
    const world = new World({ nodes: [512, 512], limits: { maxPtesNone: 0 } });
    const { machine } = world;
    const { mm, start } = populate(world, { present: '0-7' }, { mm: machine.createMm('a', { node: 1 }) });
    // The second half of the range comes from the other node.
    while (machine.nodes[1].freePages > 0) machine.nodes[1].alloc(0, 0);
    quietly(world, () => touch(machine, mm, start + 8 * PAGE, 7 * PAGE));
    world.system.nodeDistances = far;
    world.run(SECOND);
    expect(world.statuses()).toEqual(['SCAN_SCAN_ABORT']);
    world.system.nodeDistances = undefined;
    world.run(10 * SECOND);
    expect(world.statuses()).toEqual(['SCAN_SCAN_ABORT', 'SCAN_EXCEED_NONE_PTE']);
  });

  test('of the same highest load take each other’s place; those with less load do not', () => {
    for (const [pages, succeeds] of [
      [8, true],
      [9, false],
    ] as const) {
      const world = new World({ nodes: [512, 512] });
      const { machine, system } = world;
      system.settings.defrag = false;
      const mm = machine.createMm('process', { node: 0 });
      const { start } = populate(world, { present: `0-${pages - 1}` }, { mm });
      const owned: number[] = [];
      for (let frame = 0; frame >= 0; ) {
        frame = machine.nodes[0].alloc(0, 0);
        if (frame >= 0) owned.push(frame);
      }
      quietly(world, () => touch(machine, mm, start + pages * PAGE, (16 - pages) * PAGE));
      world.run(SECOND / 100);
      expect(world.attempts()[0]).toBe(succeeds ? '0:4' : '0:4 SCAN_ALLOC_HUGE_PAGE_FAIL');
    }
  });
});
