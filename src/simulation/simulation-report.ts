import type { Geometry } from '../core/memory/geometry.ts';
import type { KernelModel } from '../core/rules/kernel-model.ts';
import type { ScanResult } from '../core/rules/scan-result.ts';
import type { ThpSettings } from '../core/rules/thp-settings.ts';
import type { Durations } from '../khugepaged/lock-tally.ts';
import type { CreepReport } from './creep-watch.ts';
import type { MemoryStart } from './memory-start.ts';
import type { PassCost } from './pass-log.ts';
import type { Sample } from './sample.ts';
import type { Incident, SettingChange } from './simulated-host.ts';

/** How a run ended: nothing changes any more, its time was up, or it would have gone on for too long. */
export type Ending = 'settled' | 'time' | 'unsettled';

/** What came of a simulation. Times in ns of virtual time, pages are base pages. */
export interface SimulationReport {
  readonly title: string;
  readonly seed: number;
  readonly model: KernelModel;
  /** Name of the algorithm that khugepaged searched by. */
  readonly algorithm: string;
  readonly calibration: string;
  readonly geometry: Geometry;
  readonly memoryPages: number;
  readonly swapSlots: number;
  /** The settings at the start. */
  readonly settings: ThpSettings;
  readonly pagesToScan: number;
  readonly scanSleepMs: number;
  /** What was written to sysfs while time passed. */
  readonly settingChanges: readonly SettingChange[];
  /** How the memory of a source was taken; undefined for scenarios. */
  readonly start: MemoryStart | undefined;
  readonly ending: Ending;
  readonly ranNs: number;
  /** When a window collapsed last; what came after was only seen to change nothing. */
  readonly convergedNs: number;
  readonly passes: number;
  /** Scans of PMD ranges by result: that of the walk if it ran. */
  readonly scans: ReadonlyMap<ScanResult, number>;
  readonly samples: readonly Sample[];
  readonly processes: readonly ProcessReport[];
  /** How long others waited, by who and what they did. */
  readonly waits: ReadonlyMap<string, Durations>;
  readonly creep: CreepReport;
  /** What every later pass takes; undefined if the run has not settled, or khugepaged has nothing to scan. */
  readonly steadyPass: PassCost | undefined;
  readonly incidents: readonly Incident[];
  /** Lines of the kernel log. */
  readonly log: readonly string[];
}

interface ProcessReport {
  readonly name: string;
  /** Id of its address space. */
  readonly id: number;
  readonly rssPages: number;
  readonly swapPages: number;
  readonly exited: boolean;
}
