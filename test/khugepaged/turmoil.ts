import { below, type Random, randomFrom } from '../../src/core/base/random.ts';
import type { Order } from '../../src/core/memory/order.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { KernelModelName } from '../../src/core/rules/kernel-names.ts';
import { costsOf, DEFAULT_CALIBRATION } from '../../src/khugepaged/costs.ts';
import { Khugepaged } from '../../src/khugepaged/khugepaged.ts';
import type { Act, LockWish } from '../../src/khugepaged/locks.ts';
import {
  areaLocks,
  exitAct,
  faultLocks,
  processAct,
  reverseMappingLocks,
  zapLocks,
} from '../../src/khugepaged/process-acts.ts';
import { System } from '../../src/khugepaged/system.ts';
import { ThpSysfs } from '../../src/khugepaged/thp-sysfs.ts';
import { formatTraceEvent } from '../../src/khugepaged/trace-event.ts';
import { read, touch } from '../../src/machine/fault/fault.ts';
import { compact } from '../../src/machine/frames/compaction.ts';
import { fragment } from '../../src/machine/frames/fragment.ts';
import { Machine } from '../../src/machine/machine.ts';
import { mmap, munmap } from '../../src/machine/page-tables/address-space.ts';
import { frameAt } from '../../src/machine/page-tables/lookup.ts';
import type { Mm } from '../../src/machine/page-tables/mm.ts';
import { VM_READ, VM_UFFD_WP, VM_WRITE } from '../../src/machine/page-tables/vma-flags.ts';
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
import { Shadow } from '../machine/shadow.ts';
import { checkDaemon } from '../support/khugepaged/check-daemon.ts';
import { EventLog } from '../support/khugepaged/event-log.ts';
import { madviseCollapseAct } from '../support/khugepaged/madvise-collapse.ts';
import { randomFaults } from '../support/khugepaged/random-faults.ts';
import { installGuard, removeGuard } from '../support/machine/guard.ts';
import { beginMigration, endMigration } from '../support/machine/migration.ts';
import { mprotect, mremap } from '../support/machine/remap.ts';
import { userfaultProtect, userfaultRegister } from '../support/machine/userfault.ts';
import { valueOf } from '../support/ranges.ts';
import { PAGE, SMALL } from './world.ts';

const RANGE = 16 * PAGE;
const BASE = 64 * RANGE;
const SPAN = 8;
const MODELS: readonly KernelModelName[] = ['linux-7.2', 'linux-7.3', 'linux-6.18', 'v18'];
const MS = 1e6;

/** What a run has seen: result codes of ranges and attempts, and acts that had to wait for locks. */
export interface Sightings {
  readonly results: Set<string>;
  readonly waited: Set<string>;
}

/**
 * A small machine whose processes do anything at any time, with faults in all phases of the daemon, all drawn
 * from a seed. The checkers run after every act and at every trace event, which is in the middle of what the
 * daemon does.
 */
export class Turmoil {
  readonly machine: Machine;
  readonly system: System;
  readonly daemon: Khugepaged;
  readonly log = new EventLog();
  readonly problems: string[] = [];
  readonly shadow = new Shadow();
  readonly #sysfs: ThpSysfs;
  readonly #random: Random;
  readonly #pins: number[][] = [];
  readonly #checks: boolean;
  #migrating = 0;
  /** Called at each trace event before it is checked: a canary spoils something here. */
  onEvent: (name: string) => void = () => {};

  constructor(seed: number, sightings?: Sightings, checks = true) {
    this.#checks = checks;
    const random = randomFrom(seed);
    this.#random = random;
    const nodes = [176, 80];
    this.machine = new Machine({ geometry: SMALL, nodes, cpus: 2, swapPages: this.#chance(0.3) ? 0 : 96 });
    const sizes = [2, 3, 4].filter(() => this.#chance(0.6));
    this.machine.settings = {
      ...defaultMachineSettings(SMALL),
      sizes: new Map(sizes.map((order) => [order as Order, this.#chance(0.7) ? 'always' : 'inherit'])),
      maxPtesNone: this.#chance(0.5) ? 15 : below(16, random),
      maxPtesSwap: below(16, random),
      maxPtesShared: below(16, random),
    };
    if (this.#chance(0.3)) fragment(this.machine, 0, { unmovableBlocks: 0.4, cacheBlocks: 0.5 }, random);
    const costs = valueOf(costsOf(DEFAULT_CALIBRATION, SMALL));
    this.system = new System(this.machine, KERNEL_MODELS[MODELS[below(MODELS.length, random)]], costs);
    const { settings } = this.system;
    settings.scanSleepMs = 1;
    settings.allocSleepMs = 1;
    settings.pagesToScan = 16 << below(4, random);
    this.system.faults = randomFaults(random, {
      'scan-table': 0.01,
      allocate: 0.03,
      charge: 0.02,
      'deferred-list': 0.02,
      'swapin-retry': 0.03,
      'swapin-error': 0.03,
      'map-table': 0.02,
      'isolate-page': 0.003,
      'isolate-lru': 0.003,
      copy: 0.03,
    });
    this.system.trace = (event, at) => {
      const line = formatTraceEvent(event, this.system.daemonModel);
      this.log.add(at, line);
      if ('result' in event) sightings?.results.add(event.result);
      this.onEvent(event.event);
      this.#check(line);
    };
    this.daemon = new Khugepaged(this.system);
    this.#sysfs = new ThpSysfs(this.daemon);
    for (let i = 0; i < 2; i++) this.#newProcess();
    this.#waited = sightings?.waited;
  }

  readonly #waited: Set<string> | undefined;

  /** Lets processes act so often at random moments. */
  run(acts: number): void {
    // Half of the acts fall into the first wake-up, whose phases are microseconds.
    for (let i = 0; i < acts; i++) {
      const at = i % 2 === 0 ? this.#random() * 0.15 * MS : this.#random() * 6 * MS;
      this.system.timeline.at(at, () => {
        const { act, cpu } = this.#draw();
        this.system.schedule(at, act, cpu);
      });
    }
    this.daemon.runUntil(8 * MS);
    this.#check('the end');
    const { holds, waiting } = this.system.locks;
    if (holds.length === 0 && waiting.length > 0) this.problems.push(`${waiting} wait for nothing`);
    if (holds.some(({ owner }) => owner === 'khugepaged'))
      this.problems.push('khugepaged sleeps with a lock');
    if (this.system.held.size > 0) this.problems.push('a new folio is kept that no attempt needs');
    const use = this.system.locks.statistics.waits;
    for (const who of use.keys()) this.#waited?.add(who);
    this.log.add(this.system.timeline.now, JSON.stringify([this.machine.counters, this.daemon.counts]));
  }

  #check(after: string): void {
    if (!this.#checks || this.problems.length > 0) return;
    // A page under migration cannot be read; its contents are compared after it.
    const lost = this.#migrating > 0 ? [] : this.shadow.differences(this.machine);
    const wrong = [...checkDaemon(this.daemon), ...lost];
    if (wrong.length > 0) this.problems.push(`after ${after}`, ...wrong.slice(0, 5));
  }

  #chance(probability: number): boolean {
    return this.#random() < probability;
  }

  #newProcess(): void {
    const { machine, shadow } = this;
    const limit = this.#chance(0.3) ? 40 + below(80, this.#random) : Number.POSITIVE_INFINITY;
    const mm = machine.createMm('process', {
      memcg: machine.createMemcg('group', limit),
      node: below(2, this.#random),
    });
    mmap(machine, mm, { address: BASE, bytes: SPAN * RANGE });
    for (let i = 0; i < SPAN; i++) {
      const pages = 1 + below(16, this.#random);
      const start = BASE + i * RANGE;
      const fill = 1 + below(1e9, this.#random);
      const settings = machine.settings;
      if (this.#chance(0.6)) machine.settings = { ...settings, sizes: new Map() };
      const { pages: done } = touch(machine, mm, start, pages * PAGE, fill);
      machine.settings = settings;
      shadow.write(mm, start, done, fill, 0);
    }
    madviseHugepage(machine, mm, BASE, SPAN * RANGE);
  }

  /** One act of some process, and the CPU that it runs on. */
  #draw(): { act: Act; cpu: number } {
    const { machine, system, shadow } = this;
    const random = this.#random;
    const mms = [...machine.mms.values()];
    if (mms.length === 0) {
      this.#newProcess();
      mms.push(...machine.mms.values());
    }
    const mm = mms[below(mms.length, random)];
    const page = below(SPAN * 16, random);
    const start = BASE + (this.#chance(0.3) ? page & ~15 : page) * PAGE;
    const pages = 1 + below(this.#chance(0.3) ? 40 : 10, random);
    const bytes = pages * PAGE;
    const fill = this.#chance(0.2) ? 0 : 1 + below(1e9, random);
    const rights = this.#chance(0.3) ? VM_READ : VM_READ | VM_WRITE;
    const cpu = below(2, random);
    const flag = this.#chance(0.5);
    const isMapped = () => mm.areas.covers(start, start + bytes);
    const fault = faultLocks(system, mm, start, bytes);
    const zap = zapLocks(system, mm, start, bytes);
    const areas = areaLocks(mm);
    const act = (name: string, needs: readonly LockWish[], run: () => void): Act =>
      processAct(name, mm, needs, () => {
        run();
        this.log.add(system.timeline.now, name);
        this.#check(name);
      });
    const mapped = (name: string, needs: readonly LockWish[], run: () => void) =>
      act(name, needs, () => void (isMapped() && run()));
    const choices: (readonly [number, () => Act])[] = [
      [
        12,
        () =>
          act('touch', fault, () => {
            const { pages: done } = touch(machine, mm, start, bytes, fill);
            shadow.write(mm, start, done, fill, 0);
          }),
      ],
      [3, () => act('read', fault, () => void read(machine, mm, start, bytes))],
      [
        3,
        () =>
          act('dontneed', zap, () => {
            madviseDontneed(machine, mm, start, bytes);
            shadow.clear(mm, start, pages);
          }),
      ],
      [
        1,
        () =>
          mapped('free', zap, () => {
            madviseFree(machine, mm, start, bytes);
            shadow.mayLose(mm, start, pages);
          }),
      ],
      [4, () => mapped('pageout', zap, () => void madvisePageout(machine, mm, start, bytes))],
      [1, () => mapped('clear references', zap, () => clearReferences(machine, mm, start, bytes))],
      [
        2,
        () =>
          act('munmap', areas, () => {
            munmap(machine, mm, start, bytes);
            shadow.clear(mm, start, pages);
          }),
      ],
      [
        2,
        () =>
          act('mmap', areas, () => {
            mmap(machine, mm, { address: start, bytes });
            shadow.clear(mm, start, pages);
          }),
      ],
      [1, () => mapped('mprotect', areas, () => mprotect(machine, mm, start, bytes, rights))],
      [1, () => act('mremap', areas, () => this.#mremap(mm, start, pages))],
      [1, () => mapped('hugepage', areas, () => madviseHugepage(machine, mm, start, bytes))],
      [1, () => mapped('nohugepage', areas, () => madviseNohugepage(machine, mm, start, bytes))],
      [
        0.5,
        () =>
          mapped('guard', zap, () => {
            if (installGuard(machine, mm, start, bytes)) shadow.clear(mm, start, pages);
            else shadow.mayLose(mm, start, pages);
          }),
      ],
      [0.5, () => mapped('unguard', zap, () => removeGuard(machine, mm, start, bytes))],
      [
        0.5,
        () =>
          mapped('uffd', areas, () => {
            userfaultRegister(machine, mm, start, bytes, flag ? VM_UFFD_WP : 0);
            if (flag) userfaultProtect(machine, mm, start, bytes, { unpopulated: true });
          }),
      ],
      [2, () => act('fork', areas, () => this.#fork(mm))],
      [1.5, () => exitAct(system, mm)],
      [1, () => act('pin', fault, () => this.#pin(mm, start))],
      [1, () => act('unpin', [], () => this.#unpin())],
      [1, () => act('migrate', [...zap, ...reverseMappingLocks()], () => this.#migrate(mm, start))],
      [1, () => act('reclaim', reverseMappingLocks(), () => void reclaim(machine, { pages: 20 }))],
      [1, () => act('compact', reverseMappingLocks(), () => void compact(machine, 0, 3))],
      [3, () => act('sysfs', [], () => this.#writeSysfs())],
      [0.3, () => act('prctl', areas, () => void (mm.thpDisabled = flag ? 'all' : 'no'))],
      [2, () => ({ ...act('hold mmap', areas, () => {}), holdNs: this.#random() * 50_000 })],
      [
        1,
        () => ({ ...act('hold anon_vma', reverseMappingLocks(), () => {}), holdNs: this.#random() * 20_000 }),
      ],
      [2, () => madviseCollapseAct(system, mm, start & ~(RANGE - 1), pages * RANGE)],
    ];
    let left = random() * choices.reduce((sum, [weight]) => sum + weight, 0);
    for (const [weight, make] of choices) if ((left -= weight) < 0) return { act: make(), cpu };
    return { act: act('nothing', [], () => {}), cpu };
  }

  #mremap(mm: Mm, from: number, pages: number): void {
    const to = BASE + (SPAN + below(SPAN, this.#random)) * RANGE;
    if (!mm.areas.covers(from, from + pages * PAGE) || this.machine.freePages < 20) return;
    if (mremap(this.machine, mm, from, pages * PAGE, to)) this.shadow.move(mm, from, pages, to);
  }

  #fork(mm: Mm): void {
    if (this.machine.mms.size >= 5 || this.system.isExiting(mm)) return;
    const child = fork(this.machine, mm);
    if (child) this.shadow.fork(mm, child);
  }

  #pin(mm: Mm, start: number): void {
    const frames = pin(this.machine, mm, start, 2 * PAGE);
    if (frames) this.#pins.push(frames);
  }

  #unpin(): void {
    const frames = this.#pins.pop();
    if (frames) unpin(this.machine, frames);
  }

  /** A migration that lasts; what maps the page must wait for its end, or sees migration entries. */
  #migrate(mm: Mm, address: number): void {
    const { machine, system } = this;
    const frame = frameAt(machine, mm, address);
    if (frame === undefined || !beginMigration(machine, frame)) return;
    this.#migrating++;
    const run = () => {
      endMigration(machine, frame);
      this.#migrating--;
    };
    const end = { name: 'end of migration', needs: [], run };
    system.schedule(system.timeline.now + this.#random() * 30_000, end);
  }

  #writeSysfs(): void {
    const number = (limit: number) => String(below(limit, this.#random));
    const words = ['always', 'madvise', 'never', 'inherit'];
    const choices: [string, string][] = [
      ['enabled', words[below(3, this.#random)]],
      [`hugepages-${[16, 32, 64][below(3, this.#random)]}kB/enabled`, words[below(4, this.#random)]],
      ['khugepaged/max_ptes_none', this.#chance(0.5) ? '15' : number(16)],
      ['khugepaged/max_ptes_swap', number(16)],
      ['khugepaged/max_ptes_shared', number(16)],
      ['khugepaged/scan_sleep_millisecs', number(3)],
      ['khugepaged/alloc_sleep_millisecs', number(3)],
      ['khugepaged/pages_to_scan', number(100)],
      ['khugepaged/defrag', number(2)],
    ];
    const [path, text] = choices[below(choices.length, this.#random)];
    this.#sysfs.write(path, text);
  }
}
