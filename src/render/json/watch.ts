import {
  type ForetoldReport,
  inInterval,
  type TraceReport,
  type WatchReport,
  type WatchStart,
} from '../../analysis/watch/report.ts';
import type { TraceSums } from '../../analysis/watch/trace-tally.ts';
import type { ThpCounters } from '../../core/rules/thp-counters.ts';
import { plainSettingsJson } from './advise.ts';
import { foretoldJson } from './diff.ts';

const SCHEMA = 'thpscope/watch@1';

/** The first line: what is watched, and what is predicted of it. */
export function watchStartJson({ host, everyMs, traced, policy }: WatchStart): object {
  return {
    schema: SCHEMA,
    kind: 'start',
    time: host.time,
    everyMs,
    pageBytes: 2 ** host.geometry.pageShift,
    pmdOrder: host.geometry.pmdOrder,
    traced: traced ?? null,
    predicted: policy ? { model: policy.model.name, settings: plainSettingsJson(policy.settings) } : null,
  };
}

/** What happened in an interval, or at the end, with the sums since the start. */
export function watchReportJson(kind: 'interval' | 'end', report: WatchReport): object {
  const { round, pace, foretold, timed } = report;
  return {
    schema: SCHEMA,
    kind,
    time: report.time,
    elapsedMs: Math.round(report.elapsedMs),
    intervalMs: Math.round(report.intervalMs),
    settings: report.settings ? plainSettingsJson(report.settings) : null,
    changedSettings: inInterval(report, report.changedSettings).map(({ file, before, after }) => ({
      file,
      before,
      after,
    })),
    counters: {
      interval: moved(report.inInterval),
      sinceStart: moved(report.sinceStart),
    },
    khugepaged: {
      state: report.khugepaged,
      pagesToScan: pace?.pagesToScan ?? null,
      scanSleepMs: pace?.scanSleepMs ?? null,
      rounds: round.rounds,
      roundMs: rounded(round.measuredMs),
      nextRoundMs: rounded(round.leftMs),
      watchedRoundMs: rounded(report.roundByPaceMs),
    },
    trace: report.trace ? traceJson(report.trace) : null,
    timed: timed ? { scans: timed.scans, scanNs: timed.scanNs ?? null, collapses: timed.sizes } : null,
    ended: inInterval(report, report.ended).map(({ pid, command }) => ({ pid, command })),
    foretold: foretold ? reportedForetoldJson(foretold) : null,
  };
}

function reportedForetoldJson({ ageMs, difference, model }: ForetoldReport): object {
  const { foretold } = difference.memory;
  return { ageMs: Math.round(ageMs), ...(foretold ? foretoldJson(foretold, model) : {}) };
}

function traceJson({ total, interval, lost, place, processes }: TraceReport): object {
  return {
    interval: sumsJson(interval),
    sinceStart: sumsJson(total),
    lost,
    place: place ?? null,
    processes: processes.map(({ pid, command, hasEnded, scanned, collapsed, failed }) => ({
      pid: pid ?? null,
      command: command ?? null,
      hasEnded,
      scanned,
      collapsed,
      failed,
    })),
  };
}

function sumsJson({ events, scanned, scannedByOthers, refused, attempts, swappedIn }: TraceSums): object {
  return {
    events,
    scanned,
    scannedByOthers,
    refused: Object.fromEntries(refused),
    attempts: [...attempts]
      .sort(([a], [b]) => a - b)
      .map(([order, { succeeded, failed }]) => ({
        order,
        succeeded,
        failed: Object.fromEntries(failed),
      })),
    swappedInPages: swappedIn,
  };
}

/** Counters that grew. */
function moved(growth: ThpCounters): object {
  return Object.fromEntries(Object.entries(growth).filter(([, grew]) => grew !== 0));
}

function rounded(ms: number | undefined): number | null {
  return ms === undefined ? null : Math.round(ms);
}
