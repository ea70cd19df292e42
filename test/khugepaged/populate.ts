import type { Order } from '../../src/core/memory/order.ts';
import { read, touch } from '../../src/machine/fault/fault.ts';
import { drainAllLru } from '../../src/machine/folios/lru.ts';
import { mmap } from '../../src/machine/page-tables/address-space.ts';
import type { Mm } from '../../src/machine/page-tables/mm.ts';
import { VM_READ, VM_UFFD_WP, VM_WRITE } from '../../src/machine/page-tables/vma-flags.ts';
import { fork } from '../../src/machine/processes/fork.ts';
import { clearReferences, madviseFree, madvisePageout } from '../../src/machine/processes/madvise.ts';
import { pin } from '../../src/machine/processes/pin.ts';
import { installGuard } from '../support/machine/guard.ts';
import { userfaultProtect, userfaultRegister } from '../support/machine/userfault.ts';
import { listPages, pages } from '../support/ranges.ts';
import { PAGE, type World } from './world.ts';

/** What a range is to hold, as page lists; pages that are not named are empty. */
export interface Contents {
  /** Small pages. */
  readonly present?: string;
  readonly zero?: string;
  readonly swap?: string;
  readonly guard?: string;
  /** Of those present: */
  readonly shared?: string;
  readonly pinned?: string;
  readonly lazyfree?: string;
  readonly unreferenced?: string;
  readonly protected?: string;
  /** Folios as "order@first page". */
  readonly folios?: readonly string[];
  readonly uffdArmed?: boolean;
}

export interface Place {
  readonly name?: string;
  readonly mm?: Mm;
  /** In bytes. */
  readonly address?: number;
  readonly bytes?: number;
  readonly flags?: number;
}

/** Runs without any THP size on, so that page faults give small pages and nothing registers. */
export function quietly(world: World, run: () => void): void {
  const { machine } = world;
  const { settings } = machine;
  const { hooks } = machine;
  machine.hooks = {};
  machine.settings = { ...settings, enabled: 'never', sizes: new Map() };
  run();
  machine.settings = settings;
  machine.hooks = hooks;
}

/**
 * A new area in a new process, or the one given, whose first PMD range holds this; the process is registered.
 */
export function populate(world: World, contents: Contents, place: Place = {}): { mm: Mm; start: number } {
  const { machine } = world;
  const mm = place.mm ?? machine.createMm(place.name ?? 'process');
  let start = 0;
  quietly(world, () => {
    start = mmap(machine, mm, {
      bytes: place.bytes ?? world.range,
      address: place.address,
      flags: place.flags ?? VM_READ | VM_WRITE,
    });
    fill(world, mm, start, contents);
    drainAllLru(machine);
  });
  const area = mm.areas.at(start);
  if (area) machine.hooks.enterVma?.(mm, area);
  return { mm, start };
}

/** The same for a part of an area that is there already. */
function fill(world: World, mm: Mm, start: number, contents: Contents): void {
  const { machine } = world;
  const each = (list: string | undefined, act: (address: number) => void) => {
    for (const page of listPages(pages(list ?? '', machine.geometry))) act(start + page * PAGE);
  };
  each(contents.shared, (at) => touch(machine, mm, at, PAGE));
  if (contents.shared) fork(machine, mm, 'sharer');
  for (const folio of contents.folios ?? []) touchFolio(world, mm, start, folio);
  each(contents.swap, (at) => touch(machine, mm, at, PAGE));
  each(contents.swap, (at) => madvisePageout(machine, mm, at, PAGE));
  const shared = pages(contents.shared ?? '', machine.geometry);
  each(contents.present, (at) => {
    const page = (at - start) / PAGE;
    if (((shared[page >>> 5] >>> (page & 31)) & 1) === 0) touch(machine, mm, at, PAGE);
  });
  each(contents.zero, (at) => read(machine, mm, at, PAGE));
  drainAllLru(machine);
  each(contents.guard, (at) => installGuard(machine, mm, at, PAGE));
  each(contents.lazyfree, (at) => madviseFree(machine, mm, at, PAGE));
  each(contents.lazyfree, (at) => read(machine, mm, at, PAGE));
  each(contents.pinned, (at) => pin(machine, mm, at, PAGE));
  each(contents.unreferenced, (at) => clearReferences(machine, mm, at, PAGE));
  if (contents.uffdArmed || contents.protected) {
    userfaultRegister(machine, mm, start, world.range, VM_UFFD_WP);
  }
  each(contents.protected, (at) => userfaultProtect(machine, mm, at, PAGE));
}

function touchFolio(world: World, mm: Mm, start: number, folio: string): void {
  const { machine } = world;
  const [order, first] = folio.split('@').map(Number);
  const { settings } = machine;
  machine.settings = { ...settings, sizes: new Map([[order as Order, 'always']]) };
  touch(machine, mm, start + first * PAGE, PAGE << order);
  machine.settings = settings;
}
