import { expect } from 'vitest';
import { below, type Random, randomFrom } from '../../src/core/base/random.ts';
import type { Order } from '../../src/core/memory/order.ts';
import { read, touch } from '../../src/machine/fault/fault.ts';
import { drainAllLru } from '../../src/machine/folios/lru.ts';
import { compact } from '../../src/machine/frames/compaction.ts';
import { fragment } from '../../src/machine/frames/fragment.ts';
import { Machine } from '../../src/machine/machine.ts';
import { mmap, munmap } from '../../src/machine/page-tables/address-space.ts';
import { frameAt } from '../../src/machine/page-tables/lookup.ts';
import type { Mm } from '../../src/machine/page-tables/mm.ts';
import { VM_READ, VM_UFFD_WP, VM_WRITE } from '../../src/machine/page-tables/vma-flags.ts';
import { exit } from '../../src/machine/processes/exit.ts';
import { fork } from '../../src/machine/processes/fork.ts';
import {
  clearReferences,
  madviseDontneed,
  madviseFree,
  madviseHugepage,
  madviseNohugepage,
  madvisePageout,
} from '../../src/machine/processes/madvise.ts';
import { pin, unpin } from '../../src/machine/processes/pin.ts';
import { reclaim } from '../../src/machine/reclaim/reclaim.ts';
import { defaultMachineSettings } from '../../src/machine/settings.ts';
import { checkMachine } from '../support/machine/check.ts';
import { churn } from '../support/machine/churn.ts';
import { installGuard, removeGuard } from '../support/machine/guard.ts';
import { beginMigration, endMigration } from '../support/machine/migration.ts';
import { mprotect, mremap } from '../support/machine/remap.ts';
import { userfaultProtect, userfaultRegister } from '../support/machine/userfault.ts';
import { miniCollapse } from './mini-collapse.ts';
import { Shadow } from './shadow.ts';
import { PAGE, RANGE, SMALL } from './world.ts';

const BASE = 64 * RANGE;
const SPAN = 24;

/** A machine, what its processes must read, and steps drawn by a seed. */
export class Walk {
  readonly machine: Machine;
  readonly shadow = new Shadow();
  readonly #random: Random;
  readonly #mms: Mm[] = [];
  readonly #pins: number[][] = [];

  constructor(seed: number) {
    this.#random = randomFrom(seed);
    this.machine = new Machine({
      geometry: SMALL,
      nodes: [512, 300],
      cpus: 2,
      swapPages: this.#chance(0.3) ? 0 : 400,
    });
    this.#changeSettings();
    if (this.#chance(0.5)) {
      const how = { unmovableBlocks: 0.3 * this.#random(), cacheBlocks: this.#random() };
      fragment(this.machine, below(2, this.#random), how, this.#random);
    }
    if (this.#chance(0.5)) churn(this.machine, 0, { pages: 300, unmovable: 0.3, kept: 0.3 }, this.#random);
    this.#newProcess();
  }

  /** Takes steps and checks everything after each; throws with what is wrong. */
  run(steps: number): void {
    const taken: string[] = [];
    for (let i = 0; i < steps; i++) {
      taken.push(this.step());
      const wrong = [...checkMachine(this.machine), ...this.shadow.differences(this.machine)];
      if (wrong.length === 0) continue;
      throw new Error(`after ${taken.slice(-3).join(', ')}:\n${wrong.slice(0, 5).join('\n')}`);
    }
  }

  step(): string {
    const steps = this.#steps();
    const total = steps.reduce((sum, [weight]) => sum + weight, 0);
    let draw = this.#random() * total;
    for (const [weight, name, run] of steps) {
      draw -= weight;
      if (draw >= 0) continue;
      this.machine.cpu = below(2, this.#random);
      run();
      return name;
    }
    return 'nothing';
  }

  #steps(): [number, string, () => void][] {
    const { machine, shadow } = this;
    const mm = this.#mms[below(this.#mms.length, this.#random)];
    const start = BASE + below(SPAN * 16, this.#random) * PAGE;
    const pages = 1 + below(this.#chance(0.3) ? 80 : 12, this.#random);
    const aligned = this.#chance(0.3) ? Math.floor(start / RANGE) * RANGE : start;
    const bytes = pages * PAGE;
    const isMapped = mm.areas.covers(aligned, aligned + bytes);
    const guarded = (run: () => void) => () => isMapped && run();
    return [
      [3, 'mmap', () => this.#mmap(mm, aligned, pages)],
      [
        1,
        'munmap',
        () => {
          munmap(machine, mm, aligned, bytes);
          shadow.clear(mm, aligned, pages);
        },
      ],
      [
        1,
        'mprotect',
        guarded(() =>
          mprotect(machine, mm, aligned, bytes, this.#chance(0.3) ? VM_READ : VM_READ | VM_WRITE),
        ),
      ],
      [1, 'mremap', () => this.#mremap(mm, aligned, pages)],
      [14, 'touch', () => this.#touch(mm, aligned, pages)],
      [
        3,
        'read',
        () => {
          read(machine, mm, aligned, bytes);
        },
      ],
      [1, 'fork', () => this.#fork(mm)],
      [0.7, 'exit', () => this.#exit(mm)],
      [2, 'dontneed', () => this.#dontneed(mm, aligned, pages)],
      [
        1,
        'free',
        guarded(() => {
          madviseFree(machine, mm, aligned, bytes);
          shadow.mayLose(mm, aligned, pages);
        }),
      ],
      [
        2,
        'pageout',
        guarded(() => {
          madvisePageout(machine, mm, aligned, bytes);
        }),
      ],
      [0.5, 'hugepage', guarded(() => madviseHugepage(machine, mm, aligned, bytes))],
      [0.5, 'nohugepage', guarded(() => madviseNohugepage(machine, mm, aligned, bytes))],
      [1, 'clear references', guarded(() => clearReferences(machine, mm, aligned, bytes))],
      [
        0.5,
        'guard',
        guarded(() => {
          if (installGuard(machine, mm, aligned, bytes)) shadow.clear(mm, aligned, pages);
          else shadow.mayLose(mm, aligned, pages);
        }),
      ],
      [0.5, 'unguard', guarded(() => removeGuard(machine, mm, aligned, bytes))],
      [0.5, 'uffd', guarded(() => this.#userfault(mm, aligned, bytes))],
      [1, 'pin', () => this.#pin(mm, aligned, Math.min(pages, 6))],
      [1.5, 'unpin', () => this.#unpin()],
      [
        1,
        'compact',
        () => {
          compact(machine, below(2, this.#random), 2 + below(3, this.#random));
        },
      ],
      [
        1.5,
        'reclaim',
        () => {
          reclaim(machine, { pages: 1 + below(40, this.#random) });
        },
      ],
      [0.5, 'migration', () => this.#migrate(mm, aligned)],
      [1, 'settings', () => this.#changeSettings()],
      [4, 'collapse', () => this.#collapse(mm, aligned)],
      [0.5, 'drain', () => drainAllLru(machine)],
      [0.3, 'process', () => this.#newProcess()],
    ];
  }

  #chance(probability: number): boolean {
    return this.#random() < probability;
  }

  #newProcess(): void {
    if (this.#mms.length >= 6) return;
    const limit = this.#chance(0.4) ? 40 + below(200, this.#random) : Number.POSITIVE_INFINITY;
    const memcg = this.machine.createMemcg('group', limit);
    const mm = this.machine.createMm('process', { memcg, node: below(2, this.#random) });
    this.#mms.push(mm);
    this.#mmap(mm, BASE, SPAN * 16);
  }

  #mmap(mm: Mm, address: number, pages: number): void {
    mmap(this.machine, mm, { address, bytes: pages * PAGE });
    this.shadow.clear(mm, address, pages);
  }

  #mremap(mm: Mm, from: number, pages: number): void {
    const to = BASE + below(SPAN * 32, this.#random) * PAGE;
    if (
      mm.areas.overlapping(from, from + pages * PAGE).length !== 1 ||
      !mm.areas.covers(from, from + pages * PAGE)
    )
      return;
    const free = this.machine.freePages > 20;
    if (free && mremap(this.machine, mm, from, pages * PAGE, to)) this.shadow.move(mm, from, pages, to);
  }

  #touch(mm: Mm, start: number, pages: number): void {
    const fill = this.#chance(0.2) ? 0 : 1 + below(1e9, this.#random);
    const { pages: done } = touch(this.machine, mm, start, pages * PAGE, fill);
    this.shadow.write(mm, start, done, fill, 0);
  }

  #fork(mm: Mm): void {
    if (this.#mms.length >= 6) return;
    const child = fork(this.machine, mm);
    if (!child) return;
    this.#mms.push(child);
    this.shadow.fork(mm, child);
  }

  #exit(mm: Mm): void {
    exit(this.machine, mm);
    this.shadow.exit(mm);
    this.#mms.splice(this.#mms.indexOf(mm), 1);
    if (this.#mms.length === 0) this.#newProcess();
  }

  #dontneed(mm: Mm, start: number, pages: number): void {
    madviseDontneed(this.machine, mm, start, pages * PAGE);
    this.shadow.clear(mm, start, pages);
  }

  #userfault(mm: Mm, start: number, bytes: number): void {
    const on = this.#chance(0.5);
    userfaultRegister(this.machine, mm, start, bytes, on ? VM_UFFD_WP : 0);
    if (on) userfaultProtect(this.machine, mm, start, bytes, { unpopulated: this.#chance(0.5) });
  }

  #pin(mm: Mm, start: number, pages: number): void {
    const frames = pin(this.machine, mm, start, pages * PAGE);
    if (frames) this.#pins.push(frames);
  }

  #unpin(): void {
    const [frames] = this.#pins.splice(below(Math.max(1, this.#pins.length), this.#random), 1);
    if (frames) unpin(this.machine, frames);
  }

  #migrate(mm: Mm, address: number): void {
    const frame = frameAt(this.machine, mm, address);
    if (frame === undefined || !beginMigration(this.machine, frame)) return;
    expect(checkMachine(this.machine)).toEqual([]);
    if (this.#chance(0.3)) fork(this.machine, mm);
    if (this.#chance(0.3)) this.#dontneed(mm, address, 1);
    endMigration(this.machine, frame);
    for (const child of this.machine.mms.values()) if (!this.#mms.includes(child)) exit(this.machine, child);
  }

  #collapse(mm: Mm, address: number): void {
    const order = 2 + below(3, this.#random);
    const size = PAGE << order;
    const from = Math.floor(address / size) * size;
    miniCollapse(this.machine, mm, from, order);
  }

  #changeSettings(): void {
    const sizes = [2, 3, 4].filter(() => this.#chance(0.5));
    const word = this.#chance(0.7) ? 'always' : 'madvise';
    this.machine.settings = {
      ...defaultMachineSettings(SMALL),
      defrag: this.#chance(0.5) ? 'always' : 'madvise',
      maxPtesNone: this.#chance(0.5) ? 15 : 4,
      sizes: new Map(sizes.map((order) => [order as Order, word])),
    };
  }
}
