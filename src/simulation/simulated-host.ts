import { type Result, succeed } from '../core/base/failure.ts';
import type { KernelModel } from '../core/rules/kernel-model.ts';
import type { ThpSettings } from '../core/rules/thp-settings.ts';
import { type Calibration, costsOf } from '../khugepaged/costs.ts';
import { Khugepaged } from '../khugepaged/khugepaged.ts';
import { System } from '../khugepaged/system.ts';
import { ThpSysfs } from '../khugepaged/thp-sysfs.ts';
import type { Machine } from '../machine/machine.ts';
import type { Mm } from '../machine/page-tables/mm.ts';
import type { MemoryStart } from './memory-start.ts';
import type { PageRun } from './page-choice.ts';

/** A process that has a name and named mappings. */
export interface SimulatedProcess {
  readonly name: string;
  readonly mm: Mm;
  readonly mappings: ReadonlyMap<string, PageRun>;
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

/** A write to sysfs while time passes; `at` in ns. */
export interface SettingChange {
  readonly at: number;
  readonly file: string;
  readonly value: string;
}

/** A machine with khugepaged, the processes on it by name, and what is still to happen to them. */
export class SimulatedHost {
  readonly title: string;
  readonly system: System;
  readonly daemon: Khugepaged;
  readonly sysfs: ThpSysfs;
  readonly incidents: Incident[] = [];
  readonly settingChanges: SettingChange[] = [];
  /** How the memory of a source was taken; undefined for scenarios. */
  start: MemoryStart | undefined;
  /** All that there were, in the order of their birth. */
  readonly processes: SimulatedProcess[] = [];
  /** Events that are scheduled and have not happened yet. */
  pendingEvents = 0;
  /** Events that have happened; it only grows. */
  pastEvents = 0;

  constructor(title: string, system: System) {
    this.title = title;
    this.system = system;
    this.daemon = new Khugepaged(system);
    this.sysfs = new ThpSysfs(this.daemon);
  }

  /** Puts settings in force as they stand, as if they had been written before anything began. */
  applySettings(settings: ThpSettings): void {
    const { machine } = this.system;
    machine.settings = { ...machine.settings, ...settings };
    this.daemon.startOrStop();
  }

  /** Writes to a file of sysfs in the course of the run. */
  changeSetting(file: string, value: string): void {
    if (this.sysfs.write(file, value) === undefined)
      this.settingChanges.push({ at: this.system.timeline.now, file, value });
  }

  addActor(name: string, mm: Mm, mappings: ReadonlyMap<string, PageRun>): SimulatedProcess {
    const process = { name, mm, mappings };
    this.processes.push(process);
    return process;
  }

  /** The living processes of a name. */
  living(name: string): SimulatedProcess[] {
    return this.processes.filter((process) => process.name === name && !this.system.isExiting(process.mm));
  }

  /** Schedules an event; `at` in ns. */
  schedule(at: number, run: () => void): void {
    this.pendingEvents++;
    this.system.timeline.at(at, () => {
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
    else this.incidents.push({ at: this.system.timeline.now, process, what, stop, times: 1 });
  }
}

/**
 * A machine in time, with the costs of a calibration and others in their place; fails if a cost cannot be
 * meant.
 */
export function systemOf(
  machine: Machine,
  model: KernelModel,
  calibration: Calibration,
  otherCosts: Readonly<Record<string, number>> = {},
): Result<System> {
  const costs = { ...calibration.costs };
  for (const [name, ns] of Object.entries(otherCosts)) costs[name] = { ns, source: 'the scenario' };
  const checked = costsOf({ ...calibration, costs }, machine.geometry);
  return checked.ok ? succeed(new System(machine, model, checked.value)) : checked;
}
