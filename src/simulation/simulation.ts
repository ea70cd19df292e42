import { type Durations, sumOfDurations } from '../khugepaged/lock-tally.ts';
import { NS_PER_MS, NS_PER_S } from '../khugepaged/timeline.ts';
import { formatTraceEvent, type TraceEvent } from '../khugepaged/trace-event.ts';
import { CreepWatch } from './creep-watch.ts';
import { PassLog } from './pass-log.ts';
import type { Sample } from './sample.ts';
import type { Until } from './scenario.ts';
import { Series } from './series.ts';
import type { SimulatedHost } from './simulated-host.ts';
import type { Ending, SimulationReport } from './simulation-report.ts';

/** Whole passes without any change after which khugepaged has settled. */
const QUIET_PASSES = 2;
/** Passes that share a wake-up do not show what passes take from now on; so many are not waited for. */
const MOST_QUIET_PASSES = 4;
/** A run to the end is given up after so long: 30 days of virtual time. */
const TOO_LONG = 30 * 86_400 * NS_PER_S;

export interface SimulationOptions {
  readonly seed: number;
  readonly until: Until;
  /** Name of the calibration, for the report. */
  readonly calibration: string;
  /** Hears of every trace event: `text` as the kernel prints it, `at` in ns. */
  readonly onTrace?: (at: number, text: string) => void;
  /** Hears of every trace event as it happens. */
  readonly onEvent?: (event: TraceEvent) => void;
  /** Hears of every sample when it is taken, at its time in ns: the host may be looked at then. */
  readonly onSample?: (at: number) => void;
}

/** Lets time pass on a simulated host, wake-up by wake-up, and keeps account. */
export class Simulation {
  readonly #host: SimulatedHost;
  readonly #options: SimulationOptions;
  readonly #series: Series;
  readonly #passes: PassLog;
  readonly #creep: CreepWatch;
  /** As they were when the run began. */
  readonly #settings: Pick<SimulationReport, 'settings' | 'pagesToScan' | 'scanSleepMs'>;
  /** When a window collapsed last, in ns. */
  #lastCollapse = 0;
  #ending: Ending | undefined;

  constructor(host: SimulatedHost, options: SimulationOptions) {
    const { system } = host;
    const { pagesToScan, scanSleepMs } = system.settings;
    this.#host = host;
    this.#settings = { settings: system.machine.settings, pagesToScan, scanSleepMs };
    this.#options = options;
    this.#series = new Series(host, options.onSample);
    this.#passes = new PassLog(host);
    this.#creep = new CreepWatch(system.machine.pageBytes, system.machine.rangeBytes);
    system.trace = (event, at) => this.#hear(event, at);
  }

  /** Virtual time in ns. */
  get now(): number {
    return this.#host.system.timeline.now;
  }

  get fullScans(): number {
    return this.#host.daemon.counts.fullScans;
  }

  /** Goes on to the end of khugepaged's next wake-up; false once the run is over. */
  step(): boolean {
    const { daemon, system } = this.#host;
    const { timeline } = system;
    const end = this.#end();
    if (this.#ending === undefined) {
      const isAsleep = daemon.state === 'stopped' || daemon.state === 'idle';
      if (this.#isSettled(isAsleep)) this.#ending = 'settled';
      else if (timeline.now >= end) this.#ending = this.#options.until === 'settled' ? 'unsettled' : 'time';
    }
    if (this.#ending !== undefined) return false;
    const wake = daemon.sleepsUntil ?? (daemon.state === 'ready' ? timeline.now : timeline.nextDue);
    daemon.runUntil(Math.min(end, Math.max(wake, timeline.now) + 1));
    this.#passes.look();
    return true;
  }

  /** Runs to the end. */
  run(): SimulationReport {
    while (this.step());
    return this.report();
  }

  /** Samples so far, and one of this moment. */
  samples(): Sample[] {
    return this.#series.samples();
  }

  report(): SimulationReport {
    const { system, daemon, processes, incidents, title } = this.#host;
    const { machine } = system;
    const { seed, calibration } = this.#options;
    return {
      title,
      seed,
      model: system.model,
      algorithm: system.algorithm.name,
      calibration,
      geometry: machine.geometry,
      memoryPages: machine.frames.count,
      swapSlots: machine.swap.slots,
      ...this.#settings,
      settingChanges: this.#host.settingChanges,
      start: this.#host.start,
      ending: this.#ending ?? 'time',
      ranNs: this.now,
      convergedNs: this.#lastCollapse,
      passes: daemon.counts.fullScans,
      scans: new Map(daemon.control.activity.ranges),
      samples: this.samples(),
      processes: processes.map(({ name, mm }) => ({
        name,
        id: mm.id,
        rssPages: mm.exited ? 0 : mm.rssPages + mm.fileRssPages,
        swapPages: mm.exited ? 0 : mm.swapEntries,
        exited: mm.exited,
      })),
      waits: this.#waits(),
      creep: this.#creep.report(),
      steadyPass: this.#ending === 'settled' && this.#passes.quietPasses > 0 ? this.#passes.last : undefined,
      incidents,
      log: system.log.lines.map(({ text }) => text),
    };
  }

  #end(): number {
    const { until } = this.#options;
    return until === 'settled' ? TOO_LONG : until;
  }

  #isSettled(isAsleep: boolean): boolean {
    const { system, pendingEvents } = this.#host;
    if (this.#options.until !== 'settled' || pendingEvents > 0) return false;
    const { quietPasses, last } = this.#passes;
    const hasSlept = last !== undefined && last.durationNs >= system.settings.scanSleepMs * NS_PER_MS;
    return isAsleep || quietPasses >= (hasSlept ? QUIET_PASSES : MOST_QUIET_PASSES);
  }

  #hear(event: TraceEvent, at: number): void {
    const { system, daemon } = this.#host;
    this.#passes.look();
    if (event.event === 'mm_collapse_huge_page' && event.result === 'SCAN_SUCCEED') {
      this.#lastCollapse = at;
      this.#creep.collapsed(event.mm, event.address, event.order, daemon.counts.fullScans);
    }
    if (event.event === 'mm_khugepaged_collapse_file' && event.result === 'SCAN_SUCCEED')
      this.#lastCollapse = at;
    this.#options.onEvent?.(event);
    this.#options.onTrace?.(at, formatTraceEvent(event, system.daemonModel));
  }

  #waits(): Map<string, Durations> {
    const waits = new Map<string, Durations>();
    for (const [who, locks] of this.#host.system.locks.statistics.waits) {
      if (who !== 'khugepaged') waits.set(who, sumOfDurations(locks.values()));
    }
    return waits;
  }
}
