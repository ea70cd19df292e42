import { FULL_SCANS } from '../../analysis/difference/counted-since.ts';
import { type ChangedSetting, changedPace, changedSettings } from '../../analysis/sweep/changed-settings.ts';
import { counterGrowth } from '../../analysis/watch/counters.ts';
import type { HappenedAt, TraceReport, WatchReport } from '../../analysis/watch/report.ts';
import { RoundClock, roundByPace } from '../../analysis/watch/round-time.ts';
import { timedSizes, WorkTiming } from '../../analysis/watch/timing.ts';
import { TraceTally } from '../../analysis/watch/trace-tally.ts';
import { median } from '../../core/base/median.ts';
import { sum } from '../../core/base/sum.ts';
import type { Host } from '../../core/rules/memory-source.ts';
import type { KernelTree } from '../../linux/kernel/kernel-tree.ts';
import { readHost } from '../../linux/machine/host.ts';
import { findKhugepaged, type KhugepagedTask } from '../../linux/machine/khugepaged-task.ts';
import type { CollapseTrace } from '../../linux/trace/collapse-trace.ts';
import type { Foretelling } from './foretelling.ts';
import type { TracedProcesses } from './traced-processes.ts';
import type { WatchedProcesses } from './watched-processes.ts';

/** What is watched, and by what. */
interface Watched {
  readonly tree: KernelTree;
  readonly host: Host;
  readonly processes: WatchedProcesses;
  readonly foretelling: Foretelling | undefined;
  readonly trace: { readonly events: CollapseTrace; readonly processes: TracedProcesses } | undefined;
  /** Whether khugepaged's work is timed. */
  readonly isTimed: boolean;
}

/** Reads counters and trace events again and again, and tells what happened since the start. */
export class Observer {
  readonly timing: WorkTiming;
  readonly #watched: Watched;
  readonly #tally: TraceTally;
  readonly #rounds = new RoundClock();
  readonly #startMs = performance.now();
  #before: Host;
  #beforeMs = this.#startMs;
  #khugepaged: KhugepagedTask;
  #timedTask: number | undefined;
  #lost = 0;
  readonly #changed: (ChangedSetting & HappenedAt)[] = [];
  readonly #ended: WatchReport['ended'][number][] = [];

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#before = watched.host;
    const { pmdOrder } = watched.host.geometry;
    this.#tally = new TraceTally(pmdOrder);
    this.timing = new WorkTiming(pmdOrder);
    this.#khugepaged = findKhugepaged(watched.tree);
    this.#rounds.add(watched.host.counters?.[FULL_SCANS] ?? 0, this.#startMs);
    this.#timeKhugepaged();
    watched.trace?.processes.search(this.#tally, this.#timedTask);
  }

  /** Takes what was traced meanwhile: to be called more often than buffers fill. */
  takeEvents(): void {
    const { trace } = this.#watched;
    if (!trace) return;
    const task = typeof this.#khugepaged === 'number' ? this.#khugepaged : undefined;
    for (const event of trace.events.events()) {
      this.#tally.add(event, task);
      if (event.task === this.#timedTask) this.timing.add(event);
    }
    const lost = sum(trace.events.lost().map(({ events }) => events));
    if (lost > this.#lost) this.timing.skip();
    this.#lost = lost;
  }

  /** What happened since the last report, and since the start. */
  report(): WatchReport {
    const { tree, foretelling, host: first, processes } = this.#watched;
    this.takeEvents();
    const nowMs = performance.now();
    const read = readHost(tree, new Date());
    const now = read.ok ? read.value : this.#before;
    const before = this.#before;
    this.#rounds.add(now.counters?.[FULL_SCANS] ?? 0, nowMs);
    this.#khugepaged = findKhugepaged(tree, this.#khugepaged);
    this.#timeKhugepaged();
    const atMs = nowMs - this.#startMs;
    const changes = [
      ...changedSettings(before.settings, now.settings, first.geometry),
      ...changedPace(before, now),
    ];
    this.#changed.push(...changes.map((change) => ({ ...change, atMs })));
    this.#ended.push(...processes.takeEnded().map((each) => ({ ...each, atMs })));
    const report: WatchReport = {
      time: now.time,
      elapsedMs: atMs,
      intervalMs: nowMs - this.#beforeMs,
      geometry: first.geometry,
      settings: now.settings,
      changedSettings: this.#changed,
      sinceStart: counterGrowth(first.counters ?? {}, now.counters ?? {}),
      inInterval: counterGrowth(before.counters ?? {}, now.counters ?? {}),
      pace: now.khugepaged,
      khugepaged: typeof this.#khugepaged === 'number' ? 'runs' : this.#khugepaged,
      round: this.#rounds.at(nowMs),
      roundByPaceMs: foretelling && now.khugepaged && roundByPace(foretelling.ptes, now.khugepaged),
      trace: this.#traceReport(),
      ended: this.#ended,
      foretold: foretelling?.report(),
      timed: this.#watched.isTimed ? this.#timed() : undefined,
    };
    this.#before = now;
    this.#beforeMs = nowMs;
    return report;
  }

  #traceReport(): TraceReport | undefined {
    const { trace } = this.#watched;
    if (!trace) return undefined;
    trace.processes.search(this.#tally, this.#timedTask);
    return {
      total: this.#tally.total,
      interval: this.#tally.takeInterval(),
      lost: trace.events.lost(),
      place: trace.processes.place(this.#tally),
      processes: trace.processes.list(this.#tally),
    };
  }

  #timed(): WatchReport['timed'] {
    const { scansNs, collapses } = this.timing;
    return {
      scans: scansNs.length,
      scanNs: scansNs.length > 0 ? median(scansNs) : undefined,
      sizes: timedSizes(collapses),
    };
  }

  /** Each start of khugepaged is a new task. */
  #timeKhugepaged(): void {
    const { trace, isTimed } = this.#watched;
    const task = this.#khugepaged;
    if (!trace || !isTimed || typeof task !== 'number' || task === this.#timedTask) return;
    if (trace.events.traceLocksOf(task)) this.#timedTask = task;
    this.timing.skip();
  }
}
