import type { ProcessAssumption } from '../../analysis/ranges/assumptions.ts';
import type { ObservableFact } from '../../core/memory/range-state.ts';
import { resultName } from '../../core/rules/kernel-model.ts';
import type { ScanResult } from '../../core/rules/scan-result.ts';
import type { MemoryStart } from '../../simulation/memory-start.ts';
import type { PassCost } from '../../simulation/pass-log.ts';
import type { Sample } from '../../simulation/sample.ts';
import type { SimulationReport } from '../../simulation/simulation-report.ts';

const SIMULATE_SCHEMA = 'thpscope/simulate@1';

/** A simulation as JSON. Times in ns, memory in base pages. `assumed` is what its source could not see. */
export function simulateJson(
  report: SimulationReport,
  assumed: readonly (ObservableFact | ProcessAssumption)[],
): object {
  const { settings, model, creep, samples } = report;
  const name = (result: ScanResult) => resultName(result, model);
  const last = samples[samples.length - 1];
  return {
    schema: SIMULATE_SCHEMA,
    title: report.title,
    seed: report.seed,
    model: model.name,
    algorithm: report.algorithm,
    calibration: report.calibration,
    geometry: report.geometry,
    memoryPages: report.memoryPages,
    swapPages: report.swapSlots,
    settings: {
      enabled: settings.enabled,
      sizes: Object.fromEntries(settings.sizes),
      maxPtesNone: settings.maxPtesNone,
      maxPtesSwap: settings.maxPtesSwap,
      maxPtesShared: settings.maxPtesShared,
      pagesToScan: report.pagesToScan,
      scanSleepMillisecs: report.scanSleepMs,
    },
    settingChanges: report.settingChanges,
    start: startJson(report.start),
    summary: {
      ending: report.ending,
      ranNs: report.ranNs,
      convergedNs: report.convergedNs,
      fullScans: report.passes,
      scans: Object.fromEntries([...report.scans].map(([result, count]) => [name(result), count])),
      ...workJson(last, name),
    },
    steadyPass: report.steadyPass ? passJson(report.steadyPass, name) : null,
    creep: {
      ranges: creep.ranges,
      byClimbs: creep.byClimbs,
      recopiedPages: creep.recopiedPages,
      worst: creep.worst ? { ...creep.worst, address: `0x${creep.worst.address.toString(16)}` } : null,
    },
    waits: [...report.waits].map(([who, durations]) => ({ who, ...durations })),
    processes: report.processes,
    incidents: report.incidents,
    log: report.log,
    assumed,
    samples: samples.map((sample) => sampleJson(sample, name)),
  };
}

function startJson(start: MemoryStart | undefined): object | null {
  if (!start) return null;
  const { pace, registered, settingsKnown, unvisited, otherBytes, groups, shared } = start;
  return {
    pace: pace
      ? {
          pagesToScan: pace.pagesToScan,
          scanSleepMillisecs: pace.scanSleepMs,
          allocSleepMillisecs: pace.allocSleepMs,
        }
      : null,
    registered,
    settingsKnown,
    unvisited,
    otherBytes: otherBytes ?? null,
    groups: groups.map(({ path, limitBytes, usedBytes }) => ({ path, limitBytes, usedBytes })),
    sharedPages: shared.unnamed,
    sharedInsidePages: shared.inside,
    sharedOutsidePages: shared.outside,
  };
}

function workJson(sample: Sample, name: (result: ScanResult) => string): object {
  const failures = Object.entries(sample.failures) as [ScanResult, number][];
  return {
    rssPages: sample.rssPages,
    fileRssPages: sample.fileRssPages,
    cachePages: sample.cachePages,
    cacheHugePages: sample.cacheHugePages,
    cacheFilledPages: sample.cacheFilledPages,
    filledPages: sample.filledPages,
    copiedPages: sample.copiedPages,
    swappedInPages: sample.swappedInPages,
    attempts: sample.attempts,
    collapses: sample.collapses,
    failures: Object.fromEntries(failures.map(([result, count]) => [name(result), count])),
    cpuNs: sample.cpuNs,
    writeLock: sample.writeLock,
    waits: sample.waits,
  };
}

function sampleJson(sample: Sample, name: (result: ScanResult) => string): object {
  const { at, pagesByOrder, partlyMappedPages, freePages, swapPages, fullScans } = sample;
  return { at, pagesByOrder, partlyMappedPages, freePages, swapPages, fullScans, ...workJson(sample, name) };
}

function passJson(pass: PassCost, name: (result: ScanResult) => string): object {
  const { attempts, allocations, ...rest } = pass;
  return {
    ...rest,
    allocations: Object.fromEntries([...allocations.entries()].filter(([, count]) => count > 0)),
    attempts: [...attempts].flatMap(([order, results]) =>
      [...results].map(([result, count]) => ({ order, result: name(result), count })),
    ),
  };
}
