import { type Result, succeed } from '../core/base/failure.ts';
import { randomFrom } from '../core/base/random.ts';
import { type KernelModel } from '../core/rules/kernel-model.ts';
import type { CachedFile } from '../core/rules/page-cache.ts';
import type { Calibration } from '../khugepaged/costs.ts';
import type { FilePages } from '../machine/cache/page-cache.ts';
import { fragment } from '../machine/frames/fragment.ts';
import { Machine } from '../machine/machine.ts';
import { mmap } from '../machine/page-tables/address-space.ts';
import { VM_HUGEPAGE, VM_NOHUGEPAGE, VM_READ, VM_WRITE } from '../machine/page-tables/vma-flags.ts';
import { checkScenario } from './check-scenario.ts';
import type { PageRun } from './page-choice.ts';
import type { FileSpec, MachineSpec, MadviseAdvice, ProcessSpec, Scenario } from './scenario.ts';
import { scheduleEvents } from './schedule-events.ts';
import { SimulatedHost, systemOf } from './simulated-host.ts';

/** khugepaged's CPU, and one for everybody else. */
const CPUS = 2;

/** Free pages that allocations leave alone, as a share of memory: about what min_free_kbytes makes of it. */
const MIN_FREE = 1 / 256;

/**
 * Sets a machine up as a scenario says and schedules its events. `seed` decides everything that the scenario
 * leaves to chance. Fails when the scenario names what there is not, or is too large to be simulated.
 */
export function loadScenario(
  scenario: Scenario,
  model: KernelModel,
  calibration: Calibration,
  seed: number,
): Result<SimulatedHost> {
  const checked = checkScenario(scenario);
  if (!checked.ok) return checked;
  const machine = machineOf(scenario.machine, seed);
  const kernel = systemOf(machine, model, calibration, scenario.costs);
  if (!kernel.ok) return kernel;
  const host = new SimulatedHost(scenario.title, kernel.value);
  for (const { file, value } of scenario.settings) host.sysfs.write(file, value);
  const files = new Map(scenario.files.map((file, i) => [file.name, openFile(host, file, i)]));
  for (const process of scenario.processes) startProcess(host, process, files);
  scheduleEvents(host, scenario.events, seed);
  return succeed(host);
}

function machineOf({ geometry, memoryBytes, swapBytes, fragmentation }: MachineSpec, seed: number): Machine {
  const pages = Math.floor(memoryBytes / 2 ** geometry.pageShift);
  const machine = new Machine({
    geometry,
    nodes: [pages],
    cpus: CPUS,
    swapPages: Math.floor(swapBytes / 2 ** geometry.pageShift),
    minFreePages: Math.floor(pages * MIN_FREE),
  });
  if (fragmentation) fragment(machine, 0, fragmentation, randomFrom(seed));
  return machine;
}

/** A file of a scenario, as mappings of it have it. */
interface OpenFile {
  readonly pages: FilePages;
  /** Shared memory of MAP_ANONYMOUS. */
  readonly isAnonymous: boolean;
}

function openFile({ system }: SimulatedHost, file: FileSpec, number: number): OpenFile {
  const pages = system.machine.cache.add(cachedFile(file, number));
  return { pages, isAnonymous: file.kind === 'shared-anonymous' && !file.isMemfd };
}

function cachedFile({ name, kind, bytes, hugeMount }: FileSpec, number: number): CachedFile {
  const id = `0:0:${number + 1}`;
  return {
    id,
    kind,
    name,
    bytes,
    ...(hugeMount && { hugeMount }),
    ...(kind === 'file' && { filesystem: 'ext4' }),
  };
}

function startProcess(
  host: SimulatedHost,
  { name, memoryMax, mappings }: ProcessSpec,
  files: ReadonlyMap<string, OpenFile>,
): void {
  const { machine } = host.system;
  const limit = Math.floor(memoryMax / machine.pageBytes);
  const memcg = Number.isFinite(memoryMax) ? machine.createMemcg(name, limit) : undefined;
  const mm = machine.createMm(name, { memcg });
  const places = new Map<string, PageRun>();
  for (const mapping of mappings) {
    const flags = VM_READ | VM_WRITE | adviceFlags(mapping.advice);
    const opened = mapping.file && files.get(mapping.file.name);
    const start = mmap(machine, mm, {
      bytes: mapping.bytes,
      flags,
      name: mapping.file ? mapping.file.name : `[anon:${mapping.name}]`,
      file: mapping.file && opened ? { ...opened, page: mapping.file.from / machine.pageBytes } : undefined,
    });
    const pages = Math.ceil(mapping.bytes / machine.pageBytes);
    places.set(mapping.name, { start, end: start + pages * machine.pageBytes });
  }
  host.addActor(name, mm, places);
}

function adviceFlags(advice: MadviseAdvice | undefined): number {
  if (advice === undefined) return 0;
  return advice === 'hugepage' ? VM_HUGEPAGE : VM_NOHUGEPAGE;
}
