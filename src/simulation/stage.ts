import { type Result, succeed } from '../core/base/failure.ts';
import type { KernelModel } from '../core/rules/kernel-model.ts';
import type { ThpSettings } from '../core/rules/thp-settings.ts';
import { type Calibration, costsOf } from '../khugepaged/costs.ts';
import { Kernel } from '../khugepaged/kernel.ts';
import { Khugepaged } from '../khugepaged/khugepaged.ts';
import { ThpSysfs } from '../khugepaged/thp-sysfs.ts';
import type { Machine } from '../machine/machine.ts';
import type { Mm } from '../machine/page-tables/mm.ts';
import type { Run } from './page-choice.ts';

/** A process that has a name and named mappings. */
export interface Actor {
  readonly name: string;
  readonly mm: Mm;
  readonly mappings: ReadonlyMap<string, Run>;
}

/** Something that a process could not do. */
export interface Incident {
  /** When it happened first, in ns. */
  readonly at: number;
  readonly process: string;
  /** What it did: "touch heap". */
  readonly what: string;
  /** Why it could not go on: `oom`, `segv`, ... */
  readonly stop: string;
  times: number;
}

/** A machine with khugepaged, the processes on it by name, and what is still to happen to them. */
export class Stage {
  readonly title: string;
  readonly kernel: Kernel;
  readonly daemon: Khugepaged;
  readonly sysfs: ThpSysfs;
  readonly incidents: Incident[] = [];
  /** All that there were, in the order of their birth. */
  readonly actors: Actor[] = [];
  /** Events that are scheduled and have not happened yet. */
  pendingEvents = 0;
  /** Events that have happened; it only grows. */
  pastEvents = 0;

  constructor(title: string, kernel: Kernel) {
    this.title = title;
    this.kernel = kernel;
    this.daemon = new Khugepaged(kernel);
    this.sysfs = new ThpSysfs(this.daemon);
  }

  /** Puts settings in force as they stand, as if they had been written before anything began. */
  applySettings(settings: ThpSettings): void {
    const { machine } = this.kernel;
    machine.settings = { ...machine.settings, ...settings };
    this.daemon.startOrStop();
  }

  addActor(name: string, mm: Mm, mappings: ReadonlyMap<string, Run>): Actor {
    const actor = { name, mm, mappings };
    this.actors.push(actor);
    return actor;
  }

  /** The living processes of a name. */
  living(name: string): Actor[] {
    return this.actors.filter((actor) => actor.name === name && !this.kernel.isExiting(actor.mm));
  }

  /** Schedules an event; `at` in ns. */
  schedule(at: number, run: () => void): void {
    this.pendingEvents++;
    this.kernel.timeline.at(at, () => {
      this.pendingEvents--;
      this.pastEvents++;
      run();
    });
  }

  report(process: string, what: string, stop: string): void {
    const known = this.incidents.find(
      (each) => each.process === process && each.what === what && each.stop === stop,
    );
    if (known) known.times++;
    else this.incidents.push({ at: this.kernel.timeline.now, process, what, stop, times: 1 });
  }
}

/** A machine in time, with the costs of a calibration and others in their place; fails if a cost cannot be meant. */
export function kernelOf(
  machine: Machine,
  model: KernelModel,
  calibration: Calibration,
  otherCosts: Readonly<Record<string, number>> = {},
): Result<Kernel> {
  const costs = { ...calibration.costs };
  for (const [name, ns] of Object.entries(otherCosts)) costs[name] = { ns, source: 'the scenario' };
  const checked = costsOf({ ...calibration, costs }, machine.geometry);
  return checked.ok ? succeed(new Kernel(machine, model, checked.value)) : checked;
}
