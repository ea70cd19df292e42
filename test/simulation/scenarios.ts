import { expect } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { DEFAULT_CALIBRATION } from '../../src/khugepaged/costs.ts';
import { loadScenario } from '../../src/simulation/load-scenario.ts';
import type { Action, PageChoice, Scenario, ScenarioEvent } from '../../src/simulation/scenario.ts';
import type { SimulatedHost } from '../../src/simulation/simulated-host.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import type { SimulationReport } from '../../src/simulation/simulation-report.ts';
import { checkMachine } from '../support/machine/check.ts';

export const MIB = 2 ** 20;
export const S = 1e9;

/** A process `p` with 8 PMD ranges of `heap` that want huge pages, on a machine of 64 MiB. */
export function small(events: readonly ScenarioEvent[], change: Partial<Scenario> = {}): Scenario {
  return {
    title: 'a test',
    about: '',
    kernel: 'linux-7.2',
    costs: {},
    until: 'settled',
    machine: { geometry: x86_64, memoryBytes: 64 * MIB, swapBytes: 0, fragmentation: undefined },
    settings: [{ file: 'enabled', value: 'madvise' }],
    files: [],
    processes: [
      {
        name: 'p',
        memoryMax: Number.POSITIVE_INFINITY,
        mappings: [{ name: 'heap', bytes: 16 * MIB, advice: undefined, file: undefined }],
      },
    ],
    events,
    ...change,
  };
}

export function event(at: number, action: Action, process: string | undefined = 'p'): ScenarioEvent {
  return { at, action, process, times: 1, every: 0 };
}

export function onPages(
  kind: 'touch' | 'read' | 'dontneed' | 'free' | 'pageout' | 'age' | 'pin',
  choice: Partial<PageChoice> = {},
  over = 0,
): Action {
  const all = { mapping: 'heap', from: 0, bytes: Number.POSITIVE_INFINITY, density: 1, block: 4096 };
  return { do: kind, pages: { ...all, seed: undefined, ...choice }, over };
}

export const wantHuge: Action = { do: 'advise', mapping: 'heap', advice: 'hugepage' };

/** The scenario's machine; fails the test if there is something wrong with the scenario. */
export function stageOf(scenario: Scenario, seed = 1): SimulatedHost {
  const host = loadScenario(scenario, KERNEL_MODELS[scenario.kernel], DEFAULT_CALIBRATION, seed);
  if (!host.ok) throw new Error(host.failure.message);
  return host.value;
}

/** Runs a scenario to its end, and has all checkers look at the machine then. */
export function runScenario(scenario: Scenario, seed = 1): SimulationReport {
  const host = stageOf(scenario, seed);
  const { until } = scenario;
  const report = new Simulation(host, { seed, until, calibration: 'test' }).run();
  expect(checkMachine(host.system.machine)).toEqual([]);
  return report;
}

export function lastSample({ samples }: SimulationReport) {
  return samples[samples.length - 1];
}
